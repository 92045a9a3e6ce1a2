package serviceaccount

import (
	"bytes"
	"crypto/tls"
	stdx509 "crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/x509"
)

// podFolder is where a pod has the authorities and its own token.
const podFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

// podClient returns a client of the API server on a host, for a pod with these files.
func podClient(folder, host string, now func() time.Time) (*podTransport, error) {
	roots, err := x509.File(filepath.Join(folder, "ca.crt"), &x509.FileOptions{Now: now})
	if err != nil {
		return nil, err
	}
	token := filepath.Join(folder, "token")
	if _, err := readToken(token); err != nil {
		return nil, err
	}
	return &podTransport{token: token, host: host, roots: roots}, nil
}

// podTransport sends requests to one host with the token in a file, as it is then: it is
// replaced before it expires. The authorities may be others too, one day.
type podTransport struct {
	token string // the file
	host  string
	roots *x509.FileRoots
	next  atomic.Pointer[trusting] // nil before the first request
}

// trusting is a transport for as long as the authorities are the same.
type trusting struct {
	*http.Transport
	roots *stdx509.CertPool
}

// RoundTrip implements [http.RoundTripper].
func (p *podTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" || r.URL.Host != p.host {
		return nil, errors.New("the pod's token is not for this host")
	}
	token, err := readToken(p.token)
	if err != nil {
		return nil, err
	}
	next, err := p.transport()
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return next.RoundTrip(r)
}

// transport returns one that trusts the authorities as they are now.
func (p *podTransport) transport() (*trusting, error) {
	roots, err := p.roots.Roots()
	if err != nil {
		return nil, err
	}
	old := p.next.Load()
	if old != nil && old.roots == roots {
		return old, nil
	}
	next := &trusting{newTransport(roots), roots}
	if old = p.next.Swap(next); old != nil {
		old.CloseIdleConnections()
	}
	return next, nil
}

func newTransport(roots *stdx509.CertPool) *http.Transport {
	return &http.Transport{
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: objectTimeout}).DialContext, // which goes on when the request has ended
		TLSHandshakeTimeout:    objectTimeout,
		IdleConnTimeout:        90 * time.Second,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second}, // one connection is for all requests, and may be to a machine that is gone
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// CloseIdleConnections is for [http.Client].
func (p *podTransport) CloseIdleConnections() {
	if next := p.next.Load(); next != nil {
		next.CloseIdleConnections()
	}
}

// readToken reads a file with nothing but a token in it.
func readToken(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, jwt.MaxToken+2))
	if err != nil {
		return "", err
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 || len(text) > jwt.MaxToken || bytes.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%s: holds no token", path)
	}
	return string(text), nil
}
