package union_test

import (
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
