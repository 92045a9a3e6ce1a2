package authn_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// TestAuthenticatorSetsHeader has an authenticator put an identity header into a
// request that came without.
func TestAuthenticatorSetsHeader(t *testing.T) {
	setter := authenticator.RequestFunc(func(r *http.Request) (*authenticator.Response, bool, error) {
		r.Header.Set("X-Remote-User", "admin")
		return &authenticator.Response{User: authntest.User("jane")}, true, nil
	})
	r, err := authn.Middleware{Authenticator: setter}.Authenticate(httptest.NewRequest(http.MethodGet, "/", nil))
	require.NoError(t, err)
	require.NotContains(t, r.Header, "X-Remote-User")
}

// TestNilErrors has an authenticator return errors that are hardly any.
func TestNilErrors(t *testing.T) {
	for name, bad := range map[string]error{"nil": (*authn.Error)(nil), "empty": &authn.Error{}} {
		t.Run(name, func(t *testing.T) {
			auth := authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) {
				return nil, false, bad
			})
			var seen authn.Outcome
			m := authn.Middleware{Authenticator: auth, Observe: func(_ context.Context, o authn.Outcome) { seen = o }}
			w := httptest.NewRecorder()
			m.Wrap(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
			require.Equal(t, http.StatusUnauthorized, w.Code)
			require.Equal(t, authn.Refused, seen.Reason)
			require.EqualError(t, seen.Err, "authn: refused for no reason that was told")
		})
	}
}

// TestHeaderIsItsOwn has a handler add to a header that the caller keeps.
func TestHeaderIsItsOwn(t *testing.T) {
	caller := authntest.Bearer(httptest.NewRequest(http.MethodGet, "/", nil), "token")
	values := make([]string, 1, 4)
	values[0] = "a"
	caller.Header["X-Trail"] = values
	r, err := authn.Middleware{Authenticator: authntest.As(authntest.User("jane"))}.Authenticate(caller)
	require.NoError(t, err)
	r.Header.Add("X-Trail", "b")
	r.Header.Set("X-New", "c")
	require.Equal(t, []string{"a", ""}, values[:2])
	require.NotContains(t, caller.Header, "X-New")
	require.Equal(t, "Bearer token", caller.Header.Get("Authorization"))
}

// TestExplainChangesNothing explains a request to an authenticator that takes a
// header of its own away.
func TestExplainChangesNothing(t *testing.T) {
	taker := authenticator.RequestFunc(func(r *http.Request) (*authenticator.Response, bool, error) {
		name := r.Header.Get("X-Forwarded-User")
		r.Header.Del("X-Forwarded-User")
		return &authenticator.Response{User: authntest.User(name)}, name != "", nil
	})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("X-Forwarded-User", "jane")
	for range 2 {
		require.Equal(t, "jane", authn.Explain(taker, r).Result().User)
	}
}

// TestAbort has an authenticator end the connection as net/http allows.
func TestAbort(t *testing.T) {
	abort := authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) {
		panic(http.ErrAbortHandler)
	})
	m := authn.Middleware{Authenticator: abort}
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		_, _ = m.Authenticate(httptest.NewRequest(http.MethodGet, "/", nil))
	})
}

// TestUserJSON logs a user as encoding/json has it of Kubernetes' own.
func TestUserJSON(t *testing.T) {
	for _, u := range []*user.DefaultInfo{
		{},
		{Name: "jane", UID: "7", Groups: []string{"a", "b\n\"c"}},
		{Name: "<jänë>", Groups: []string{}, Extra: map[string][]string{"z": {"1"}, "a": nil, "m": {}}},
		{Extra: map[string][]string{}},
	} {
		got, err := json.Marshal(authn.ReadOnly(u))
		require.NoError(t, err)
		want, err := json.Marshal(u)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got))
	}
}

// TestOwnCredentialHeaders takes the headers of authenticators of one's own away.
func TestOwnCredentialHeaders(t *testing.T) {
	m := authn.Middleware{Authenticator: authntest.As(authntest.User("jane")), CredentialHeaders: []string{"X-API-Key", "x_client-"}}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, name := range []string{"X-Api-Key", "x.api_key", "X-CLIENT-CERT", "X_Client.", "X-Client-", "Proxy-Authorization", "Authorization"} {
		r.Header[name] = []string{"secret"}
	}
	kept := http.Header{"X-Api-Keys": {"a"}, "X-Api": {"b"}, "X-Client": {"c"}, "X-Clientele": {"d"}, "Cookie": {"e"}}
	for name, values := range kept {
		r.Header[name] = values
	}
	got, err := m.Authenticate(r)
	require.NoError(t, err)
	require.Equal(t, http.Header{"X-Api-Keys": {"a"}, "X-Api": {"b"}, "X-Client": {"c"}, "X-Clientele": {"d"}, "Cookie": {"e"}}, got.Header)
	require.Len(t, r.Header, 12, "the caller's")
}

// TestOutcomeTellsRequest has all that an access log needs.
func TestOutcomeTellsRequest(t *testing.T) {
	var seen authn.Outcome
	m := authn.Middleware{Authenticator: authntest.As(nil), Observe: func(_ context.Context, o authn.Outcome) { seen = o }}
	r := httptest.NewRequest(http.MethodPut, "/a%20b?access_token=s3cret", nil)
	_, err := m.Authenticate(r)
	require.ErrorIs(t, err, authn.ErrNoCredential)
	require.Equal(t, "PUT", seen.Method)
	require.Equal(t, "/a b", seen.Path)
	require.Equal(t, "192.0.2.1:1234", seen.RemoteAddr)
}

// TestTraceFrom finds the trace that records in a context.
func TestTraceFrom(t *testing.T) {
	_, ok := authn.TraceFrom(t.Context())
	require.False(t, ok)
	ctx, trace := authn.WithTrace(t.Context())
	got, ok := authn.TraceFrom(ctx)
	require.True(t, ok)
	require.Same(t, trace, got)
}

// TestNobody asks of a user that is not there.
func TestNobody(t *testing.T) {
	require.True(t, authn.IsAnonymous(nil))
	require.False(t, authn.IsAnonymous(authntest.User("jane")))
}
