package union_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// outsider would send tokens elsewhere.
type outsider struct{ withheld []bool }

func (o *outsider) AuthenticateToken(ctx context.Context, _ string) (*authenticator.Response, bool, error) {
	o.withheld = append(o.withheld, authn.Withheld(ctx))
	return nil, false, nil
}

func refusing(err error) authenticator.Token {
	return authenticator.TokenFunc(func(context.Context, string) (*authenticator.Response, bool, error) {
		return nil, false, err
	})
}

// Who comes after the owner of a token, however deep, learns that it is one's.
func TestWithheld(t *testing.T) {
	owner := refusing(authn.Mine(authn.Errorf(authn.Expired, "expired")))
	down := refusing(authn.Mine(authn.Errorf(authn.Unavailable, "the keys cannot be had")))
	other := refusing(errors.New("unknown here"))
	denied := &authn.MemoryRevocations{}
	require.NoError(t, denied.Add(authn.Revocation{User: "jane"}))
	revoked := authn.TokenRevocations(authenticator.TokenFunc(func(context.Context, string) (*authenticator.Response, bool, error) {
		return &authenticator.Response{User: authntest.User("jane")}, true, nil
	}), denied)
	for name, tt := range map[string]struct {
		auth func(o authenticator.Token) authenticator.Token
		want bool
	}{
		"alone":                   {func(o authenticator.Token) authenticator.Token { return union.Tokens(o) }, false},
		"after the owner":         {func(o authenticator.Token) authenticator.Token { return union.Tokens(owner, o) }, true},
		"the owner is down":       {func(o authenticator.Token) authenticator.Token { return union.Tokens(down, o) }, true},
		"before the owner":        {func(o authenticator.Token) authenticator.Token { return union.Tokens(o, owner) }, false},
		"somebody in between":     {func(o authenticator.Token) authenticator.Token { return union.Tokens(owner, other, o) }, true},
		"another has refused":     {func(o authenticator.Token) authenticator.Token { return union.Tokens(other, o) }, false},
		"the owner in a union":    {func(o authenticator.Token) authenticator.Token { return union.Tokens(union.Tokens(other, owner), o) }, true},
		"in a union":              {func(o authenticator.Token) authenticator.Token { return union.Tokens(owner, union.Tokens(other, o)) }, true},
		"behind a cache":          {func(o authenticator.Token) authenticator.Token { return union.Tokens(owner, bearer.Cached(o, nil)) }, true},
		"the owner behind one":    {func(o authenticator.Token) authenticator.Token { return union.Tokens(bearer.Cached(owner, nil), o) }, true},
		"all behind one":          {func(o authenticator.Token) authenticator.Token { return bearer.Cached(union.Tokens(owner, o), nil) }, true},
		"taken back by a list":    {func(o authenticator.Token) authenticator.Token { return union.Tokens(revoked, o) }, true},
		"of another union before": {func(o authenticator.Token) authenticator.Token { return union.Tokens(union.Tokens(other), o) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := &outsider{}
			_, ok, _ := tt.auth(o).AuthenticateToken(t.Context(), "token")
			require.False(t, ok)
			require.Equal(t, []bool{tt.want}, o.withheld)
		})
	}
}

// The next token is asked about anew.
func TestWithheldEndsWithTheToken(t *testing.T) {
	o := &outsider{}
	auth := union.Tokens(authenticator.TokenFunc(func(_ context.Context, token string) (*authenticator.Response, bool, error) {
		if token == "mine" {
			return nil, false, authn.Mine(authn.Errorf(authn.Expired, "expired"))
		}
		return nil, false, nil
	}), o)
	for _, token := range []string{"mine", "yours", "mine"} {
		_, _, _ = auth.AuthenticateToken(t.Context(), token)
	}
	require.Equal(t, []bool{true, false, true}, o.withheld)
}
