//go:build !windows

package e2e_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/x509"
	"github.com/authnchain/authnchain/x509/revocation"
)

// caConfig is what "openssl ca" needs to keep book of its certificates.
const caConfig = `[ca]
default_ca = own
[own]
dir = .
database = index.txt
new_certs_dir = .
serial = serial
crlnumber = crlnumber
certificate = ca.crt
private_key = ca.key
default_md = sha256
default_days = 30
default_crl_days = 1
policy = any
x509_extensions = client
crl_extensions = crl
[any]
organizationName = optional
commonName = supplied
[client]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
[crl]
authorityKeyIdentifier = keyid
`

// newBookkeeper makes a CA in a directory of its own.
func newBookkeeper(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"ca.cnf": caConfig, "index.txt": "", "serial": "1000\n", "crlnumber": "01\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	run(t, dir, "openssl", "genrsa", "-out", "ca.key", "2048")
	run(t, dir, "openssl", "req", "-x509", "-new", "-key", "ca.key", "-sha256", "-days", "30", "-subj", "/CN=cluster-ca", "-out", "ca.crt")
	return dir
}

// enroll has the CA in dir issue a certificate, and returns what a client needs of it.
func enroll(t *testing.T, dir, name string) tls.Certificate {
	t.Helper()
	run(t, dir, "openssl", "genrsa", "-out", name+".key", "2048")
	run(t, dir, "openssl", "req", "-new", "-key", name+".key", "-subj", "/O=engineering/CN="+name, "-out", name+".csr")
	run(t, dir, "openssl", "ca", "-batch", "-notext", "-config", "ca.cnf", "-in", name+".csr", "-out", name+".crt")
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key"))
	require.NoError(t, err)
	return cert
}

// publish writes the CA's list, as a cron job would.
func publish(t *testing.T, dir string) string {
	t.Helper()
	run(t, dir, "openssl", "ca", "-config", "ca.cnf", "-gencrl", "-out", "new.pem")
	path := filepath.Join(dir, "crl.pem")
	require.NoError(t, os.Rename(filepath.Join(dir, "new.pem"), path))
	return path
}

// A certificate that openssl revokes is refused on the connection that it has opened.
func TestRevokedByOpenSSL(t *testing.T) {
	need(t, "openssl")
	dir := newBookkeeper(t)
	jane, bob := enroll(t, dir, "jane"), enroll(t, dir, "bob")
	roots, err := x509.LoadRoots(filepath.Join(dir, "ca.crt"))
	require.NoError(t, err)
	lists, err := revocation.CRLFile(publish(t, dir), nil)
	require.NoError(t, err)
	auth := x509.New(roots)
	check, err := revocation.New(revocation.Config{Sources: []revocation.Source{lists}})
	require.NoError(t, err)
	auth.Revocation = check
	server := httptest.NewUnstartedServer(authn.Middleware{Authenticator: auth}.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := authn.UserFrom(r.Context())
		_, _ = io.WriteString(w, u.GetName())
	})))
	server.TLS = x509.TLSConfig()
	server.StartTLS()
	t.Cleanup(server.Close)

	ofJane, ofBob := clientWith(t, server, jane), clientWith(t, server, bob)
	status, body, _ := get(t, ofJane, server.URL)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "jane", body)

	run(t, dir, "openssl", "ca", "-config", "ca.cnf", "-revoke", "jane.crt", "-crl_reason", "keyCompromise")
	publish(t, dir)
	require.Eventually(t, func() bool {
		status, _, reused := get(t, ofJane, server.URL)
		return reused && status == http.StatusUnauthorized
	}, 30*time.Second, 100*time.Millisecond)
	status, body, _ = get(t, ofBob, server.URL)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "bob", body)
	require.NoError(t, check.HealthCheck())
}

func clientWith(t *testing.T, server *httptest.Server, cert tls.Certificate) *http.Client {
	t.Helper()
	transport := server.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.Certificates = []tls.Certificate{cert}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// get returns the answer, and whether its connection had been there before.
func get(t *testing.T, client *http.Client, url string) (status int, body string, reused bool) {
	t.Helper()
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text), reused
}
