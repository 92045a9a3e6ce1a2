package frontproxy_test

import (
	"context"
	"crypto/tls"
	stdx509 "crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/x509"
	"github.com/authnchain/authnchain/x509/frontproxy"
)

// inOrder is kube-apiserver's order: proxies, certificates, tokens, nobody.
func inOrder(t testing.TB, proxies *frontproxy.Authenticator, certificates authenticator.Request) authenticator.Request {
	t.Helper()
	tokens, err := bearer.ParseTokens(strings.NewReader("sesame,bob,7\n"))
	require.NoError(t, err)
	return anonymous.New(union.Requests(proxies, certificates, bearer.New(tokens)))
}

func TestChain(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator(t)
	clients := x509.New(w.clientCA.Roots())
	both := w.clientCA.Roots()
	both.AddCert(rootOf(t, w.proxyCA))
	shared := x509.New(both)
	plain, careful := inOrder(t, a, clients), inOrder(t, a, a.Except(clients))
	open, closed := inOrder(t, a, shared), inOrder(t, a, a.Except(shared))
	const user, odd, good, bad = "X-Remote-User: ann", "X_Remote_User: root", "Authorization: Bearer sesame", "Authorization: Bearer mellon"
	const nobody = `system:anonymous groups=["system:unauthenticated"]`
	const self = `front-proxy groups=["system:masters"]`
	other := issue(w.proxyCA, "other", nil)
	tests := []struct {
		name    string
		chain   authenticator.Request
		cert    *tls.Certificate
		headers []string
		want    string // or the reason
	}{
		{"a proxy's user", plain, w.proxy, []string{user}, "ann"},
		{"before a token", plain, w.proxy, []string{user, good}, "ann"},
		{"beside a bad token", plain, w.proxy, []string{user, bad}, "ann"},
		{"nobody's headers", plain, nil, []string{user}, nobody},
		{"nobody's headers and a token", plain, nil, []string{user, good}, "bob uid=7"},
		{"nobody's headers and a bad token", plain, nil, []string{user, bad}, "UnknownToken"},
		{"jane's headers", plain, w.jane, []string{user}, `jane groups=["engineering"]`},
		{"jane's misspelt headers", plain, w.jane, []string{odd}, `jane groups=["engineering"]`},
		{"jane", plain, w.jane, nil, `jane groups=["engineering"]`},
		{"another certificate of the proxies'", plain, other, []string{user}, "UntrustedCertificate"},
		{"and a token", plain, other, []string{user, good}, "bob uid=7"},
		{"a stranger's", plain, issue(authntest.NewCA(t), "front-proxy", nil), []string{user}, "UntrustedCertificate"},
		{"a proxy that names nobody", plain, w.proxy, nil, "UntrustedCertificate"},
		{"with a token", plain, w.proxy, []string{good}, "bob uid=7"},
		{"a misspelt header", plain, w.proxy, []string{user, odd}, "Malformed"},
		{"and a token", plain, w.proxy, []string{user, odd, good}, "bob uid=7"},
		{"a proxy's anonymous user, where its authority is no client's", plain, w.proxy, []string{"X-Remote-User: system:anonymous"}, "UntrustedCertificate"},

		{"except: a proxy's user", careful, w.proxy, []string{user}, "ann"},
		{"except: jane", careful, w.jane, []string{user}, `jane groups=["engineering"]`},
		{"except: a proxy's anonymous user", careful, w.proxy, []string{"X-Remote-User: system:anonymous", "X-Remote-Group: system:unauthenticated"}, nobody},
		{"except: a proxy that names nobody", careful, w.proxy, nil, nobody},
		{"except: a misspelt header", careful, w.proxy, []string{user, odd}, "Malformed"},
		{"except: another certificate of the proxies'", careful, other, []string{user}, "UntrustedCertificate"},
		{"except: nobody", careful, nil, []string{user}, nobody},

		{"shared: a proxy's user", open, w.proxy, []string{user}, "ann"},
		{"shared: a proxy for itself", open, w.proxy, nil, self},
		{"shared: a client could make it so", open, w.proxy, []string{user, odd}, self},
		{"shared: another certificate", open, other, []string{user}, "other"},

		{"shared, except: a proxy's user", closed, w.proxy, []string{user}, "ann"},
		{"shared, except: no proxy is itself", closed, w.proxy, nil, nobody},
		{"shared, except: nor because of a client", closed, w.proxy, []string{user, odd}, "Malformed"},
		{"shared, except: another certificate", closed, other, []string{user}, "other"},
		{"shared, except: jane", closed, w.jane, []string{user}, `jane groups=["engineering"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, ok, err := tt.chain.AuthenticateRequest(request(tt.cert, tt.headers...))
			if err != nil {
				require.Equal(t, tt.want, string(authn.ReasonOf(err)), err.Error())
				return
			}
			require.True(t, ok)
			require.Equal(t, tt.want, words(resp.User))
		})
	}
}

func rootOf(t testing.TB, ca *authntest.CA) *stdx509.Certificate {
	t.Helper()
	chains, err := ca.Certificate().Verify(stdx509.VerifyOptions{Roots: ca.Roots(), KeyUsages: []stdx509.ExtKeyUsage{stdx509.ExtKeyUsageAny}})
	require.NoError(t, err)
	return chains[0][1]
}

// As long as nobody knows whether a certificate is a proxy's, it is nobody's.
func TestExceptWithoutRoots(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator(t, func(c *frontproxy.Config) {
		c.Proxies = &x509.Authenticator{Roots: func() (*stdx509.CertPool, error) { return nil, errors.New("down") }}
	})
	rest := a.Except(x509.New(w.proxyCA.Roots()))
	require.Equal(t, "x509: roots: down", ask(rest, request(w.proxy)))
	require.Equal(t, "not mine", ask(rest, request(nil)))
	require.PanicsWithValue(t, "frontproxy: Authenticator.Except: the authenticator to wrap is nil", func() { a.Except(nil) })
}

func TestExceptInTrace(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator(t)
	chain := union.Requests(a, a.Except(x509.New(w.clientCA.Roots())))
	links := authn.Explain(chain, request(w.proxy, "X_Remote_User: root")).Result().Links
	require.Len(t, links, 2)
	require.Equal(t, authn.Link{Name: "x509", Verdict: authn.VerdictNotTried, Detail: "the certificate is a proxy's"}, links[1])

	links = authn.Explain(chain, request(w.jane, "X-Remote-User: root")).Result().Links
	require.Len(t, links, 2)
	require.Equal(t, authn.UntrustedCertificate, links[0].Reason)
	require.Equal(t, "jane", links[1].User)
}

// revokedAll takes back every certificate.
type revokedAll struct{}

func (revokedAll) Check(context.Context, []*stdx509.Certificate) error {
	return authn.Errorf(authn.Revoked, "stolen")
}

// The certificate of a proxy that was taken back is not that of a client like others
// where nobody else asks whether it was.
func TestExceptRevoked(t *testing.T) {
	w := newWorld(t)
	proxies := x509.New(w.proxyCA.Roots())
	proxies.Revocation = revokedAll{}
	front := w.authenticator(t, func(c *frontproxy.Config) { c.Proxies = proxies })
	others := front.Except(x509.New(w.proxyCA.Roots()))
	for _, auth := range []authenticator.Request{front, others} {
		_, ok, err := auth.AuthenticateRequest(request(w.proxy, "X-Remote-User: jane"))
		require.Equal(t, authn.Revoked, authn.ReasonOf(err))
		require.False(t, ok)
	}
	require.Equal(t, `joe groups=["ops"]`, ask(others, request(issue(w.proxyCA, "joe", []string{"ops"}))))
}
