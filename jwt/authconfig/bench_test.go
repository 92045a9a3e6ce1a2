package authconfig_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/apis/apiserver"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

func benchmark(b *testing.B, rest string) {
	i := authntest.NewIssuer(b)
	keys := jwt.StaticKeys{{ID: i.KeyID("RS256"), Public: i.PublicKey("RS256")}}
	a, err := authconfig.Parse([]byte(config(entry(i, rest))), &authconfig.Options{Keys: func(apiserver.Issuer) jwt.KeySet { return keys }})
	require.NoError(b, err)
	token := i.Token(typical())
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := a.AuthenticateToken(b.Context(), token); !ok || err != nil {
			b.Fatal(err)
		}
	}
}

// typical are the claims of a token of 1.1 kB, as issuers make them.
func typical() object {
	return claims(object{
		"sub": "248289761001", "email": "jane@example.com", "email_verified": true, "name": "Jane Doe", "preferred_username": "jane",
		"given_name": "Jane", "family_name": "Doe", "locale": "en-GB", "nonce": "n-0S6_WzA2Mj", "at_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng", "jti": "4bfd2d4e-6d8c-4c5e-9ab5-0d1f9c3f2a7b",
		"groups": []string{"engineering", "platform-engineers", "on-call", "kubernetes-admins", "developers", "release-managers", "security", "everyone", "berlin", "backend"},
	})
}

func BenchmarkClaims(b *testing.B) {
	benchmark(b, "claimMappings: {username: {claim: email, prefix: 'oidc:'}, groups: {claim: groups, prefix: 'oidc:'}}")
}

func BenchmarkExpressions(b *testing.B) {
	benchmark(b, `
claimMappings:
  username: {expression: "'oidc:' + claims.email"}
  groups: {expression: "claims.groups"}
claimValidationRules: [{expression: "claims.email_verified == true"}]
userValidationRules: [{expression: "!user.username.startsWith('system:')"}]`)
}
