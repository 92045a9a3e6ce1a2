package authn_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

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
