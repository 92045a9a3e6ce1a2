package serviceaccount

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/x509"
)

// ClusterOptions are the settings of [ClusterKeys] that are rarely needed.
type ClusterOptions struct {
	// Folder is where the pod's files ca.crt and token are. Empty means
	// /var/run/secrets/kubernetes.io/serviceaccount.
	Folder string

	// URL is where the keys are. Empty means https://kubernetes.default.svc/openid/v1/jwks.
	URL string

	// MaxStale and Now are as in jwt.URLOptions.
	MaxStale time.Duration
	Now      func() time.Time
}

// ClusterKeys returns the keys of the cluster that the process is a pod of, for
// [Config].Keys. They are fetched from its API server, whose authorities are in the pod's
// ca.crt, with the pod's own token, which is read anew for each fetch since it is
// replaced before it expires. The token goes to the host of the URL alone. ca.crt is read
// once: a pod outlives few authorities, and must be started anew then. Every account may
// read the keys unless the cluster has no ClusterRoleBinding of
// system:service-account-issuer-discovery. o may be nil.
func ClusterKeys(o *ClusterOptions) (*jwt.URLKeys, error) {
	if o == nil {
		o = &ClusterOptions{}
	}
	folder := cmp.Or(o.Folder, "/var/run/secrets/kubernetes.io/serviceaccount")
	address := cmp.Or(o.URL, "https://kubernetes.default.svc/openid/v1/jwks")
	roots, err := x509.LoadRoots(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("serviceaccount: %w", err)
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "https" {
		return nil, errors.New("serviceaccount: cluster: URL: must be https")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	transport.MaxResponseHeaderBytes = 64 << 10
	client := &http.Client{Transport: &podTransport{token: filepath.Join(folder, "token"), host: parsed.Host, next: transport}}
	keys, err := jwt.URL(address, &jwt.URLOptions{Client: client, MaxStale: o.MaxStale, Now: o.Now})
	if err != nil {
		return nil, fmt.Errorf("serviceaccount: cluster: %w", err)
	}
	return keys, nil
}

// podTransport sends requests to one host with the token in a file.
type podTransport struct {
	token string // the file
	host  string
	next  http.RoundTripper
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
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return p.next.RoundTrip(r)
}

// readToken reads a file with nothing but a token in it.
func readToken(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, jwt.MaxToken+1))
	if err != nil {
		return "", err
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 || len(text) > jwt.MaxToken || bytes.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("the pod's token file holds no token")
	}
	return string(text), nil
}
