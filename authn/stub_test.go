package authn_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// stub is an authenticator of requests and tokens that has one answer.
type stub struct {
	name string
	note string
	resp *authenticator.Response
	ok   bool
	err  error
}

func (s stub) String() string { return s.name }

func (s stub) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	return s.AuthenticateToken(r.Context(), "")
}

func (s stub) AuthenticateToken(ctx context.Context, _ string) (*authenticator.Response, bool, error) {
	if s.note != "" {
		authn.Note(ctx, s.note)
	}
	return s.resp, s.ok, s.err
}

func accepts(name string, u user.Info) stub {
	return stub{name: name, ok: true, resp: &authenticator.Response{User: u}}
}

func refuses(name string, err error) stub { return stub{name: name, err: err} }

func passes(name, note string) stub { return stub{name: name, note: note} }

// panics is an authenticator that panics with v.
func panics(v any) authenticator.Request {
	return authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) { panic(v) })
}

// serve answers r with m in front of a handler that says who is there.
func serve(m authn.Middleware, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	m.Wrap(http.HandlerFunc(hello)).ServeHTTP(w, r)
	return w
}

func hello(w http.ResponseWriter, r *http.Request) {
	u, _ := authn.UserFrom(r.Context())
	w.Write([]byte("hello " + u.GetName()))
}

func request(header ...string) *http.Request {
	r := authntest.Request("/pods")
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// userOf has m authenticate a plain request and returns who that is.
func userOf(t *testing.T, m authn.Middleware) user.Info {
	t.Helper()
	r, err := m.Authenticate(request())
	require.NoError(t, err)
	u, ok := authn.UserFrom(r.Context())
	require.True(t, ok)
	return u
}
