package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"

	"github.com/authnchain/authnchain/authn/authntest"
)

// serverCertificate returns the certificate of the flags, or a new one, and the
// file that clients must trust, which for a new one is in dir.
func (s *settings) serverCertificate(p *process, dir string) (*tls.Certificate, string, error) {
	if s.tlsCert != "" {
		cert, err := tls.LoadX509KeyPair(s.tlsCert, s.tlsKey)
		if err != nil {
			return nil, "", fmt.Errorf("-tls-cert %s, -tls-key %s: %w", s.tlsCert, s.tlsKey, err)
		}
		caFile, err := filepath.Abs(s.tlsCert)
		return &cert, caFile, err
	}
	ca := authntest.NewCA(p)
	caFile := filepath.Join(dir, "server-ca.crt")
	if err := os.WriteFile(caFile, ca.PEM(), 0o600); err != nil {
		return nil, "", err
	}
	return ca.IssueServer([]string{"127.0.0.1", "::1", "localhost"}), caFile, nil
}

// folder makes a folder for this run, which goes when the run ends.
func folder(p *process) (string, error) {
	dir, err := os.MkdirTemp("", "authnchain-tour-")
	if err == nil {
		p.Cleanup(func() { _ = os.RemoveAll(dir) })
	}
	return dir, err
}
