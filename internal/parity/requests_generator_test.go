package parity

import (
	"crypto/tls"
	"crypto/x509"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/authnchain/authnchain/authn/authntest"
)

// material is what requests are made of.
type material struct {
	chains       []*chains
	certificates []*certificate
	good, bad    []requestToken
}

func newMaterial(t *testing.T) *material {
	t.Helper()
	ring := newKeyRing(t)
	m := &material{good: goodTokens(t, ring), bad: badTokens(t, ring)}
	all, roots := certificates(t, ring)
	for _, c := range all {
		for range c.weight {
			m.certificates = append(m.certificates, c)
		}
	}
	p := newParts(t, ring, roots)
	for _, s := range settings() {
		m.chains = append(m.chains, p.chains(t, s))
	}
	return m
}

// targets are paths, open ones and others, in several spellings.
var targets = []string{
	"/healthz", "/healthz", "/healthz?verbose", "/%68ealthz", "/healthz/", "//healthz", "/livez/", "/livez", "/livez%2F", "/a/b", "/a%2Fb", "/a/./b", "/a/../healthz",
	"/", "/api/v1/pods", "/apis/apps/v1/namespaces/default/deployments/web", "/api/v1/pods/a%2Fb", "/HEALTHZ", "/healthz%00",
}

// identityHeaders are what nobody may believe a client, by the names that
// net/http gives to handlers.
var identityHeaders = []string{
	"X-Remote-User", "X-Remote-Uid", "X-Remote-Group", "X-Remote-Extra-Scopes", "X-Remote-Extra-",
	"X_remote_user", "X.remote.group", "X-Remote_user", "X_remote-Extra-A", "X-Remote.extra.b", "Proxy-Authorization", "Proxy_authorization",
	"X-Remote-Users", "X-Remote-Extra", "X-Forwarded-User", "Impersonate-User", "Cookie", "Authentication",
}

// accepts are what clients accept; empty: they do not say.
var accepts = []string{
	"", "*/*", "text/html", "application/json", "application/json", "application/json, */*", "text/html, application/json;q=0.5",
	"application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
}

// newExchange makes the request with that index of a run.
func (m *material) newExchange(r *rand.Rand, index int) *exchange {
	x := &exchange{index: index, chains: pick(r, m.chains), certificate: pick(r, m.certificates), target: pick(r, targets), header: http.Header{}}
	x.certs = x.certificate.certs
	x.proto = pick(r, []int{1, 2})
	if r.IntN(4) > 0 {
		x.header["Authorization"] = newAuthorization(r, m.good, m.bad)
	}
	if accept := pick(r, accepts); accept != "" {
		x.header.Set("Accept", accept)
	}
	for range pick(r, []int{0, 0, 0, 1, 2, 4}) {
		x.header[pick(r, identityHeaders)] = pick(r, [][]string{{"admin"}, {"system:masters", "x"}, {""}})
	}
	return x
}

// serveTLS serves on a loopback address and returns how to reach it.
func serveTLS(t *testing.T, ca *authntest.CA, h http.Handler) (string, *http.Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{*ca.IssueServer([]string{"127.0.0.1"})}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Roots()}}}
}

// badCertificate is one that everybody refuses.
func (m *material) badCertificate() []*x509.Certificate {
	for _, c := range m.certificates {
		if c.name == "of another CA" {
			return c.certs
		}
	}
	return nil
}
