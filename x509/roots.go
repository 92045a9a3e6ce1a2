package x509

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
)

// LoadRoots is [ParseRoots] of a file.
func LoadRoots(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("x509: roots: %w", err)
	}
	roots, err := parseRoots(data)
	if err != nil {
		return nil, fmt.Errorf("x509: roots: %s: %w", path, err)
	}
	return roots, nil
}

// ParseRoots returns the certificates of a PEM bundle (RFC 7468) as those to
// trust. One that is not a CA's is trusted as itself alone. Text between the
// certificates is passed over. The bundle is taken as a whole or
// refused: unlike [x509.CertPool.AppendCertsFromPEM], ParseRoots refuses one
// that is cut off in the middle of a certificate, holds anything but
// certificates, or no certificate at all.
func ParseRoots(bundle []byte) (*x509.CertPool, error) {
	roots, err := parseRoots(bundle)
	if err != nil {
		return nil, fmt.Errorf("x509: roots: %w", err)
	}
	return roots, nil
}

func parseRoots(bundle []byte) (*x509.CertPool, error) {
	roots := x509.NewCertPool()
	n := 0
	for {
		block, rest := pem.Decode(bundle)
		passed := bundle[:len(bundle)-len(rest)]
		if block == nil {
			passed = bundle
		}
		begun, ended := bytes.Count(passed, []byte("-----BEGIN")), bytes.Count(passed, []byte("-----END"))
		if block == nil {
			if begun+ended > 0 {
				return nil, fmt.Errorf("block %d: cut off or broken", n+1)
			}
			break
		}
		n++
		if begun != 1 || ended != 1 {
			return nil, fmt.Errorf("block %d: cut off or broken", n)
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("block %d: want a CERTIFICATE, got another type of block", n)
		}
		if len(block.Headers) > 0 { // RFC 7468, section 2
			return nil, fmt.Errorf("block %d: a CERTIFICATE has no headers", n)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("block %d: %s", n, trimPackage(err.Error()))
		}
		roots.AddCert(cert)
		bundle = rest
	}
	if n == 0 {
		return nil, errors.New("no PEM certificate in it")
	}
	return roots, nil
}

// trimPackage takes crypto/x509's name off an error's text, which has ours.
func trimPackage(text string) string { return strings.TrimPrefix(text, "x509: ") }
