package authconfig_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/apis/apiserver"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

const fuzzed = head + `jwt:
- issuer: {url: "https://a", audiences: [api]}
  claimMappings:
    username: {expression: "claims.sub + string(claims.n)"}
    groups: {claim: groups, prefix: "o:"}
    uid: {expression: "claims.?oid.orValue('')"}
    extra:
    - {key: example.com/x, valueExpression: "claims.x__dot__y.z"}
    - {key: example.com/y, valueExpression: "has(claims.y) ? claims.y : null"}
  claimValidationRules:
  - {expression: "dyn(claims.l).all(i, i > 0)"}
  - {claim: hd, requiredValue: x}
  userValidationRules:
  - {expression: "user.groups.all(g, g.startsWith('o:')) && !user.username.matches('^system:')"}
`

// FuzzDryRun gives any claims to expressions of every kind. Nothing panics,
// and who comes out has a name.
func FuzzDryRun(f *testing.F) {
	a, err := authconfig.Parse([]byte(fuzzed), &authconfig.Options{
		Now:  func() time.Time { return time.Unix(1_800_000_000, 0) },
		Keys: func(apiserver.Issuer) jwt.KeySet { return jwt.StaticKeys{} },
	})
	require.NoError(f, err)
	for _, payload := range []string{
		`{}`, `[]`, `{"iss":"https://a"}`, `{"iss":"https://b"}`,
		`{"iss":"https://a","aud":"api","exp":1900000000,"sub":"j","n":1,"groups":["a"],"oid":"1","x.y":{"z":["q",""]},"y":null,"l":[1,2],"hd":"x"}`,
		`{"iss":"https://a","aud":["api"],"exp":1900000000,"sub":"j","n":1e300,"groups":"a","x.y":[],"y":{},"l":{"a":1},"hd":1}`,
		`{"iss":"https://a","_claim_names":{"groups":"s"},"_claim_sources":{"s":{"endpoint":"https://a/x?secret","access_token":"t"}}}`,
		`{"iss":"https://a","sub":"\u0000","n":-0,"l":[[[[]]]],"x.y":{"z":{"z":{}}}}`,
	} {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		r, err := a.DryRunClaims(t.Context(), payload)
		if err != nil {
			require.Equal(t, authn.Malformed, authn.ReasonOf(err))
			return
		}
		for _, s := range r.Steps {
			require.NotEqual(t, authn.Panicked, authn.ReasonOf(s.Err), s.Err)
			require.False(t, s.Err != nil && s.Skipped != "")
			if s.Err != nil {
				require.Less(t, len(s.Err.Error()), 2048)
			}
		}
		require.Equal(t, r.Accepted, r.User != nil)
		if r.Accepted {
			require.NoError(t, authn.CheckName(r.User.GetName()))
			require.False(t, strings.HasPrefix(r.User.GetName(), "system:"))
		}
	})
}

// FuzzParse gives any bytes for a configuration. What is taken has an issuer for
// each entry, and the dry run works.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"", "{}", fuzzed, head, head + "jwt: [{}]", head + "anonymous: {enabled: true, conditions: [{path: /x}]}", bomb(),
		`{"apiVersion":"apiserver.config.k8s.io/v1beta1","kind":"AuthenticationConfiguration","jwt":[{"issuer":{"url":"https://a","audiences":["b"],"discoveryURL":"https://c/d"},"claimMappings":{"username":{"claim":"sub","prefix":""}}}]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := authconfig.Decode(data)
		if err != nil {
			return
		}
		a, err := authconfig.New(c, nil)
		if err != nil {
			var invalid *authconfig.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.NotEmpty(t, invalid.Errors)
			return
		}
		require.Len(t, a.Issuers(), len(c.JWT))
		for _, entry := range c.JWT {
			_, err := a.DryRunClaims(t.Context(), `{"iss":`+quote(entry.Issuer.URL)+`}`)
			require.NoError(t, err)
		}
	})
}
