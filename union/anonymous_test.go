package union_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/union"
)

// TestAnonymousMember puts anonymous where it does not belong, into the union:
// it must not become the way out of a refusal.
func TestAnonymousMember(t *testing.T) {
	bad := authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) {
		return nil, false, errors.New("expired")
	})
	anybody := anonymous.New(authntest.As(nil))
	jane := authntest.As(authntest.User("jane"))
	for _, tt := range []struct {
		name  string
		auth  authenticator.Request
		user  string
		error string
	}{
		{"after a refusal", union.Requests(bad, anybody), "", "expired"},
		{"after a nested refusal", union.Requests(union.Requests(bad), anybody), "", "expired"},
		{"nested, after a refusal", union.Requests(bad, union.Requests(anybody)), "", "expired"},
		{"between a refusal and a user", union.Requests(bad, anybody, jane), "jane", ""},
		{"before a refusal", union.Requests(anybody, bad), "", "expired"},
		{"before a user", union.Requests(anybody, jane), "jane", ""},
		{"twice", union.Requests(anybody, anybody), "system:anonymous", ""},
		{"nothing refused", union.Requests(authntest.As(nil), anybody), "system:anonymous", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, ok, err := tt.auth.AuthenticateRequest(authntest.Request("/"))
			if tt.error != "" {
				require.EqualError(t, err, tt.error)
				require.False(t, ok)
				require.Nil(t, resp)
				return
			}
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, tt.user, resp.User.GetName())
		})
	}
}

// TestAnonymousToken is the same for tokens.
func TestAnonymousToken(t *testing.T) {
	says := func(resp *authenticator.Response, err error) authenticator.Token {
		return authenticator.TokenFunc(func(context.Context, string) (*authenticator.Response, bool, error) {
			return resp, resp != nil, err
		})
	}
	bad := says(nil, errors.New("expired"))
	anybody := says(&authenticator.Response{User: authntest.User("system:anonymous")}, nil)
	for name, auth := range map[string]authenticator.Token{
		"after a refusal":  union.Tokens(bad, anybody),
		"before a refusal": union.Tokens(anybody, bad),
	} {
		resp, ok, err := auth.AuthenticateToken(t.Context(), "token")
		require.EqualError(t, err, "expired", name)
		require.False(t, ok, name)
		require.Nil(t, resp, name)
	}
}
