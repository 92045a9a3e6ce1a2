package webhook_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/webhook"
)

// A token that its own issuer's authenticator refuses, or cannot judge, is shown to
// nobody else. kube-apiserver posts each to its webhook.
func TestRefusedTokensAreNotShown(t *testing.T) {
	is := authntest.NewIssuer(t)
	people, err := jwt.New(jwt.Config{
		Issuer: is.URL(), Audiences: []string{"my-api"},
		User: jwt.ClaimMappings{Username: jwt.Claim("sub")}.User,
	}, &jwt.Options{Client: is.Client()})
	require.NoError(t, err)
	bad := map[string]string{
		"expired":     is.Token(map[string]any{"aud": "my-api", "sub": "jane", "exp": time.Now().Add(-time.Hour).Unix()}),
		"not for us":  is.Token(map[string]any{"aud": "other", "sub": "jane"}),
		"unknown key": authntest.NewIssuer(t).Token(map[string]any{"iss": is.URL(), "aud": "my-api", "sub": "jane"}),
	}
	for name, showRefused := range map[string]bool{"ours": false, "kube-apiserver's way": true} {
		t.Run(name, func(t *testing.T) {
			rv := authntest.NewReviewer(t)
			tokens := union.Tokens(people, bearer.Cached(asking(t, rv, &webhook.Options{ShowRefused: showRefused}), nil))
			asked := 0
			for what, token := range bad {
				rv.Accept(token, authntest.User("mallory"))
				if showRefused {
					asked++
				}
				_, ok, err := tokens.AuthenticateToken(t.Context(), token)
				require.Equal(t, showRefused, ok, what)
				require.Equal(t, !showRefused, authn.IsMine(err), what)
				require.Equal(t, asked, rv.Calls(), what)
			}
			rv.Accept("opaque", authntest.User("ann"))
			resp, ok, err := tokens.AuthenticateToken(t.Context(), "opaque")
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, "ann", resp.User.GetName())
		})
	}
}

// Nothing of the sort happens if the keys cannot be had: it is the issuer's all the
// same.
func TestTokensOfAnIssuerThatIsDownAreNotShown(t *testing.T) {
	is, rv := authntest.NewIssuer(t), authntest.NewReviewer(t)
	people, err := jwt.New(jwt.Config{
		Issuer: is.URL(), Audiences: []string{"my-api"},
		User: jwt.ClaimMappings{Username: jwt.Claim("sub")}.User,
	}, &jwt.Options{Client: is.Client()})
	require.NoError(t, err)
	is.Stop()
	_, ok, err := union.Tokens(people, asking(t, rv, nil)).AuthenticateToken(t.Context(), is.Token(map[string]any{"aud": "my-api", "sub": "jane"}))
	require.False(t, ok)
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	require.Zero(t, rv.Calls())
}
