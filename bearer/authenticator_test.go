package bearer_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
)

// unreachable is asked about no token.
type unreachable struct{}

func (unreachable) AuthenticateToken(context.Context, string) (*authenticator.Response, bool, error) {
	panic("a token got through")
}

// echo accepts every token as the user of that name, but for a few.
var echo = authenticator.TokenFunc(func(_ context.Context, token string) (*authenticator.Response, bool, error) {
	switch token {
	case "pass":
		return nil, false, nil
	case "refuse":
		return nil, false, errRefused
	case "nobody":
		return nil, true, nil
	}
	return &authenticator.Response{User: authntest.User(token)}, true, nil
})

var errRefused = authn.Errorf(authn.Expired, "late")

func TestAuthenticator(t *testing.T) {
	tests := []struct {
		name    string
		auth    *bearer.Authenticator
		headers []string
		user    string
		err     string
		reason  authn.Reason
	}{
		{"accepted", bearer.New(echo), []string{"Bearer ann"}, "ann", "", ""},
		{"refused", bearer.New(echo), []string{"Bearer refuse"}, "", "late", authn.Expired},
		{"nobody recognizes it", bearer.New(echo), []string{"Bearer pass"}, "", "bearer: nobody recognizes the token", authn.UnknownToken},
		{"accepted nobody", bearer.New(echo), []string{"Bearer nobody"}, "", "authn: func accepted a request without naming a user", authn.InvalidUser},
		{"no header", bearer.New(unreachable{}), nil, "", "", ""},
		{"other scheme", bearer.New(unreachable{}), []string{"Basic YTpi"}, "", "", ""},
		{"malformed", bearer.New(unreachable{}), []string{"Bearer"}, "", noToken, authn.Malformed},
		{"two headers", bearer.New(unreachable{}), []string{"Bearer a", "Bearer a"}, "", twoLines, authn.Malformed},
		{"no tokens", &bearer.Authenticator{}, []string{"Bearer ann"}, "", "bearer: Authenticator.Token: required", authn.Unavailable},
		{"no tokens and no header", &bearer.Authenticator{}, nil, "", "", ""},
		{"as long as may be", &bearer.Authenticator{Token: echo, MaxBytes: 4}, []string{"Bearer abcd"}, "abcd", "", ""},
		{"too long", &bearer.Authenticator{Token: unreachable{}, MaxBytes: 4}, []string{"Bearer abcde"}, "", header + "a token of 5 bytes, more than 4", authn.Malformed},
		{"longer than usual", &bearer.Authenticator{Token: echo, MaxBytes: 1 << 15}, []string{"Bearer " + strings.Repeat("a", 1<<15)}, strings.Repeat("a", 1<<15), "", ""},
		{"zero is the usual", &bearer.Authenticator{Token: unreachable{}}, []string{"Bearer " + strings.Repeat("a", 1<<15)}, "", header + "a token of 32768 bytes, more than 16384", authn.Malformed},
		{"negative is the usual", &bearer.Authenticator{Token: echo, MaxBytes: -1}, []string{"Bearer ann"}, "ann", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request(tt.headers...)
			resp, ok, err := tt.auth.AuthenticateRequest(r)
			require.Equal(t, tt.headers, r.Header["Authorization"])
			require.Equal(t, tt.reason, authn.ReasonOf(err))
			require.Equal(t, tt.user != "", ok)
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
			}
			if ok {
				require.Equal(t, tt.user, resp.User.GetName())
			} else {
				require.Nil(t, resp)
			}
		})
	}
}

func TestNewPanics(t *testing.T) {
	require.PanicsWithValue(t, "bearer.New: the authenticator of tokens is nil", func() { bearer.New(nil) })
}

// The authenticator of tokens has the request's context: its deadline, its
// audiences, its trace.
func TestContext(t *testing.T) {
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(authenticator.WithAudiences(t.Context(), []string{"a"}))
	cancel(gone)
	token := authenticator.TokenFunc(func(ctx context.Context, _ string) (*authenticator.Response, bool, error) {
		require.Equal(t, gone, context.Cause(ctx))
		auds, _ := authenticator.AudiencesFrom(ctx)
		require.Equal(t, authenticator.Audiences{"a"}, auds)
		return nil, false, ctx.Err()
	})
	_, _, err := bearer.New(token).AuthenticateRequest(request("Bearer a").WithContext(ctx))
	require.Equal(t, context.Canceled, err)
}
