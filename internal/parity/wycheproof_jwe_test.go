package parity

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

// TestWycheproofJWE wants every vector of json_web_encryption_test.json, valid or not,
// to be no token for package jose, nor one of an authenticator's to refuse.
func TestWycheproofJWE(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	auth, err := jwt.New(jwt.Config{
		Issuer: issuer.URL(), Audiences: []string{"api"}, User: jwt.ClaimMappings{Username: jwt.Claim("sub")}.User,
	}, &jwt.Options{Keys: jwt.StaticKeys{{Public: issuer.PublicKey("RS256")}, {Public: issuer.PublicKey("ES256")}}})
	require.NoError(t, err)
	token := issuer.Sign("RS256", map[string]any{"sub": "jane", "aud": "api"}, map[string]any{"kid": nil})
	_, ok, err := auth.AuthenticateToken(t.Context(), token)
	require.NoError(t, err)
	require.True(t, ok, "the test itself")

	why := make(map[string]int)
	for _, g := range groupsOf[jsonGroup](t, "json_web_encryption_test.json", 139) {
		for _, v := range g.Tests {
			_, _, _, err := read(v.JWE)
			require.Error(t, err, v.ID)
			why[err.Error()]++
			_, err = joseParse(v.JWE)
			require.Error(t, err, v.ID)

			resp, ok, err := auth.AuthenticateToken(t.Context(), v.JWE)
			require.NoError(t, err, v.ID)
			require.False(t, ok, v.ID)
			require.Nil(t, resp, v.ID)
		}
	}
	require.Equal(t, map[string]int{threeParts: 139}, why)
}
