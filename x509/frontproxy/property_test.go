package frontproxy_test

import (
	"crypto/tls"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
	"github.com/authnchain/authnchain/x509/frontproxy"
)

var (
	headerNames = []string{
		"X-Remote-User", "X-Remote-Uid", "X-Remote-Group", "X-Remote-Extra-Team", "X-Remote-Extra-Authentication.kubernetes.io%2fcredential-Id", "X-Remote-Extra-",
		"X-Remote-Extra-%", "X_Remote_User", "X.Remote.Group", "x-remote-user", "X-Remote_Extra-Team", "X-Forwarded-User", "X-Forwarded-Group", "X-Forwarded-Extra-A",
		"Connection", "Trailer", "Te", "Forwarded", "X-Forwarded-Client-Cert", "Impersonate-User", "Cookie",
	}
	headerValues = []string{"root", "system:masters", "system:anonymous", "system:unauthenticated", "front-proxy", "jane", "", " ", "a\x00b", "\xff", "X-Remote-User", "close, x-remote-group", "ann"}
)

func randomHeader(r *rand.Rand) http.Header {
	h := http.Header{}
	for range r.IntN(7) {
		name := headerNames[r.IntN(len(headerNames))]
		for range 1 + r.IntN(2) {
			h[name] = append(h[name], headerValues[r.IntN(len(headerValues))])
		}
	}
	return h
}

// Without a certificate of a proxy no header says who somebody is, and nobody gets
// another answer for one. No handler sees a header that names users, whoever asks.
func TestHeadersSayNothingWithoutAProxy(t *testing.T) {
	w := newWorld(t)
	certs := map[string]*tls.Certificate{
		"none": nil, "jane": w.jane, "a stranger": issue(authntest.NewCA(t), "front-proxy", nil),
		"no proxy": issue(w.proxyCA, "other", nil), "no name": issue(w.clientCA, "", nil), "a proxy": w.proxy,
	}
	changed, asked := 0, 0
	for _, edit := range []func(*frontproxy.Config){two, func(*frontproxy.Config) {}} {
		a := w.authenticator(t, edit)
		clients := x509.New(w.clientCA.Roots())
		for _, chain := range []authenticator.Request{inOrder(t, a, clients), inOrder(t, a, a.Except(clients))} {
			m := authn.Middleware{Authenticator: chain, CredentialHeaders: a.Headers()}
			for name, cert := range certs {
				without, _ := decide(t, m, cert, http.Header{})
				for seed := range uint64(200) {
					header := randomHeader(rand.New(rand.NewPCG(seed, 7)))
					got, left := decide(t, m, cert, header)
					require.Empty(t, left, "seed %d", seed)
					asked++
					if name != "a proxy" {
						require.Equal(t, without, got, "seed %d, certificate of %s: %v", seed, name, header)
					} else if got != without {
						changed++
					}
				}
			}
		}
	}
	require.Greater(t, changed, asked/6/10, "with a proxy's certificate the headers must say something")
}

// decide returns who a middleware says that it is, or the error's text, and the
// names of the headers that identify users and are left.
func decide(t *testing.T, m authn.Middleware, cert *tls.Certificate, header http.Header) (who string, left []string) {
	t.Helper()
	r := authntest.Request("/", cert)
	r.Header = header
	before := header.Clone()
	authenticated, err := m.Authenticate(r)
	require.Equal(t, before, header)
	if err != nil {
		return err.Error(), nil
	}
	for name := range authenticated.Header {
		plain := strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(name))
		for _, header := range m.CredentialHeaders {
			if plain == strings.ToLower(header) || strings.HasSuffix(header, "-") && strings.HasPrefix(plain, strings.ToLower(header)) {
				left = append(left, name)
			}
		}
	}
	u, ok := authn.UserFrom(authenticated.Context())
	require.True(t, ok)
	return words(u), left
}
