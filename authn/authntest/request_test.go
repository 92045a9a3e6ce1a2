package authntest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn/authntest"
)

func TestRequest(t *testing.T) {
	ca := authntest.NewCA(t)
	under := ca.Intermediate("one")
	cert := under.Issue("ann", nil)

	r := authntest.Request("", cert)
	require.Equal(t, http.MethodGet, r.Method)
	require.Equal(t, "/", r.RequestURI)
	require.True(t, r.TLS.HandshakeComplete)
	require.Len(t, r.TLS.PeerCertificates, 2)
	require.True(t, r.TLS.PeerCertificates[0].Equal(cert.Leaf))
	require.True(t, r.TLS.PeerCertificates[1].Equal(under.Certificate()))
	require.Empty(t, r.TLS.VerifiedChains)

	r = authntest.Request("https://server.test/path?q=1")
	require.Equal(t, "server.test", r.Host)
	require.Equal(t, "/path", r.URL.Path)
	require.Empty(t, r.TLS.PeerCertificates)
	require.Empty(t, authntest.Request("/", nil).TLS.PeerCertificates)
}

func TestBearer(t *testing.T) {
	r := authntest.Request("/", authntest.NewCA(t).Issue("ann", nil))
	with := authntest.Bearer(r, "abc")
	require.Equal(t, "Bearer abc", with.Header.Get("Authorization"))
	require.Empty(t, r.Header)
	require.Len(t, with.TLS.PeerCertificates, 1)
}

func TestAs(t *testing.T) {
	ann := authntest.User("ann", "ops", "dev")
	require.Equal(t, &user.DefaultInfo{Name: "ann", Groups: []string{"ops", "dev"}}, ann)

	got, ok, err := authntest.As(ann).AuthenticateRequest(authntest.Request(""))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, &authenticator.Response{User: ann}, got)

	got, ok, err = authntest.As(nil).AuthenticateRequest(authntest.Request(""))
	require.NoError(t, err)
	require.False(t, ok)
	require.Nil(t, got)
}

func TestProgram(t *testing.T) {
	p := &program{}
	issuer, reviewer := authntest.NewIssuer(p), authntest.NewReviewer(p)
	get(t, issuer.Client(), issuer.URL()+"/keys")

	require.PanicsWithValue(t, `authntest: no key for the algorithm "HS256"`, func() { issuer.Sign("HS256", nil, nil) })
	require.Panics(t, func() { issuer.Token(map[string]any{"sub": func() {}}) })
	require.Panics(t, func() { issuer.Publish(func() {}) })

	p.end()
	_, err := issuer.Client().Get(issuer.URL() + "/keys")
	require.Error(t, err)
	_, err = post(t.Context(), reviewer, `{}`)
	require.Error(t, err)
}
