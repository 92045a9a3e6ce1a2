package jwt_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

type info = user.DefaultInfo

func is(u info) answer { return answer{user: &u} }

func ruleFailed(text string) answer  { return answer{reason: authn.RuleFailed, text: text} }
func invalidUser(text string) answer { return answer{reason: authn.InvalidUser, text: text} }

func TestClaimMappings(t *testing.T) {
	name, email := jwt.Claim("sub"), jwt.Claim("email")
	groups := jwt.ClaimMappings{Username: name, Groups: jwt.Claim("groups")}
	prefixed := jwt.ClaimMappings{Username: name.WithPrefix("oidc:"), Groups: jwt.Claim("groups").WithPrefix("oidc:"), UID: jwt.Claim("oid").WithPrefix("u-")}
	uid := jwt.ClaimMappings{Username: name, UID: jwt.Claim("oid")}
	extra := jwt.ClaimMappings{Username: name, Extra: map[string]jwt.ClaimMapping{"example.com/team": jwt.Claim("team"), "example.com/role": jwt.Claim("role").WithPrefix("r:")}}
	required := jwt.ClaimMappings{Username: name, Required: map[string]string{"hd": "example.com"}}
	forged := jwt.ClaimMappings{Username: name, Extra: map[string]jwt.ClaimMapping{user.CredentialIDKey: jwt.Claim("forged")}}
	id := func(jti string) map[string][]string { return map[string][]string{user.CredentialIDKey: {"JTI=" + jti}} }
	tests := []struct {
		name     string
		mappings jwt.ClaimMappings
		claims   object
		want     answer
	}{
		{"sub", bySub, nil, isUser("jane")},
		{"no mapping", jwt.ClaimMappings{}, nil, answer{reason: authn.Unavailable, text: "ClaimMappings.Username: required"}},
		{"no name for the claim", jwt.ClaimMappings{Username: jwt.Claim("")}, nil, answer{reason: authn.Unavailable, text: "ClaimMappings.Username: required"}},
		{"sub missing", bySub, object{"sub": nil}, claimMissing(`username: claim "sub": missing`)},
		{"sub empty", bySub, object{"sub": ""}, invalidUser(`username: claim "sub": empty`)},
		{"sub empty, prefixed", prefixed, object{"sub": "", "oid": "1"}, invalidUser(`username: claim "sub": empty`)},
		{"sub null", bySub, object{"sub": raw("null")}, claimMissing(`username: claim "sub": not a string`)},
		{"sub a number", bySub, object{"sub": 1}, claimMissing(`username: claim "sub": not a string`)},
		{"sub a list", bySub, object{"sub": []string{"jane"}}, claimMissing(`username: claim "sub": not a string`)},
		{"sub an object", bySub, object{"sub": object{"name": "jane"}}, claimMissing(`username: claim "sub": not a string`)},
		{"sub with NUL", bySub, object{"sub": "jane\x00"}, invalidUser("the user name has the control character U+0000 at byte 4")},
		{"sub with a newline", bySub, object{"sub": "jane\nadmin"}, invalidUser("the user name has the control character U+000A at byte 4")},
		{"sub with DEL", bySub, object{"sub": "jane\x7f"}, invalidUser("the user name has the control character U+007F at byte 4")},
		{"sub with U+0085", bySub, object{"sub": "jane\u0085"}, invalidUser("the user name has the control character U+0085 at byte 4")},
		{"sub with blanks", bySub, object{"sub": " jane doe "}, isUser(" jane doe ")},
		{"sub of the system", bySub, object{"sub": "system:admin"}, isUser("system:admin")},
		{"all prefixes", prefixed, object{"groups": []string{"a", "b"}, "oid": "1"}, is(info{Name: "oidc:jane", UID: "u-1", Groups: []string{"oidc:a", "oidc:b"}})},
		{"email", jwt.ClaimMappings{Username: email}, object{"email": "jane@example.com"}, isUser("jane@example.com")},
		{"email_verified true", jwt.ClaimMappings{Username: email}, object{"email": "jane@example.com", "email_verified": true}, isUser("jane@example.com")},
		{"email_verified false", jwt.ClaimMappings{Username: email}, object{"email": "jane@example.com", "email_verified": false}, ruleFailed(`username: claim "email_verified": false`)},
		{"email_verified a string", jwt.ClaimMappings{Username: email}, object{"email": "jane@example.com", "email_verified": "true"}, claimMissing(`username: claim "email_verified": not true or false`)},
		{"email_verified null", jwt.ClaimMappings{Username: email}, object{"email": "jane@example.com", "email_verified": raw("null")}, claimMissing(`username: claim "email_verified": not true or false`)},
		{"email_verified a number", jwt.ClaimMappings{Username: email}, object{"email": "jane@example.com", "email_verified": 1}, claimMissing(`username: claim "email_verified": not true or false`)},
		{"email_verified false, for sub", bySub, object{"email_verified": false}, isUser("jane")},
		{"groups", groups, object{"groups": []string{"b", "a", "b"}}, is(info{Name: "jane", Groups: []string{"b", "a", "b"}})},
		{"groups a string", groups, object{"groups": "a,b"}, is(info{Name: "jane", Groups: []string{"a,b"}})},
		{"groups missing", groups, nil, isUser("jane")},
		{"groups null", groups, object{"groups": raw("null")}, isUser("jane")},
		{"groups an empty list", groups, object{"groups": []string{}}, is(info{Name: "jane", Groups: []string{}})},
		{"groups a number", groups, object{"groups": 1}, claimMissing(`groups: claim "groups": not a list`)},
		{"groups an object", groups, object{"groups": object{"a": true}}, claimMissing(`groups: claim "groups": not a list`)},
		{"groups with a number", groups, object{"groups": []any{"a", 1}}, claimMissing(`groups: claim "groups": item 1 of the list is not a string`)},
		{"groups with null", groups, object{"groups": []any{nil, "a"}}, claimMissing(`groups: claim "groups": item 0 of the list is not a string`)},
		{"groups with a number, prefixed", prefixed, object{"groups": []any{"a", 1}}, claimMissing(`groups: claim "groups": item 1 of the list is not a string`)},
		{"GROUPS", groups, object{"GROUPS": []string{"admins"}}, isUser("jane")},
		{"uid", uid, object{"oid": "1"}, is(info{Name: "jane", UID: "1"})},
		{"uid missing", uid, nil, claimMissing(`uid: claim "oid": missing`)},
		{"uid a number", uid, object{"oid": 1}, claimMissing(`uid: claim "oid": not a string`)},
		{"extra", extra, object{"team": []string{"a", "b"}, "role": "dev"}, is(info{Name: "jane", Extra: map[string][]string{"example.com/team": {"a", "b"}, "example.com/role": {"r:dev"}}})},
		{"extra, one missing", extra, object{"role": "dev"}, is(info{Name: "jane", Extra: map[string][]string{"example.com/role": {"r:dev"}}})},
		{"extra, null and empty", extra, object{"team": raw("null"), "role": []string{}}, is(info{Name: "jane", Extra: map[string][]string{}})},
		{"extra a number", extra, object{"team": 1}, claimMissing(`extra "example.com/team": claim "team": not a list`)},
		{"required", required, object{"hd": "example.com"}, isUser("jane")},
		{"required missing", required, nil, ruleFailed(`required: claim "hd": missing`)},
		{"required of another value", required, object{"hd": "example.org"}, ruleFailed(`required: claim "hd": is "example.org", not "example.com"`)},
		{"required in upper case", required, object{"hd": "EXAMPLE.COM"}, ruleFailed(`required: claim "hd": is "EXAMPLE.COM", not "example.com"`)},
		{"required a list", required, object{"hd": []string{"example.com"}}, ruleFailed(`required: claim "hd": not a string`)},
		{"required null", required, object{"hd": raw("null")}, ruleFailed(`required: claim "hd": not a string`)},
		{"jti", bySub, object{"jti": "7"}, is(info{Name: "jane", Extra: id("7")})},
		{"jti empty", bySub, object{"jti": ""}, isUser("jane")},
		{"jti a number", bySub, object{"jti": 7}, isUser("jane")},
		{"jti and extra", extra, object{"jti": "7", "team": "a"}, is(info{Name: "jane", Extra: map[string][]string{"example.com/team": {"a"}, user.CredentialIDKey: {"JTI=7"}}})},
		{"forged", forged, object{"forged": "JTI=8"}, is(info{Name: "jane", Extra: map[string][]string{}})},
		{"forged beside a jti", forged, object{"forged": "JTI=8", "jti": "7"}, is(info{Name: "jane", Extra: id("7")})},
		{"forged beside a number", forged, object{"forged": "JTI=8", "jti": 7}, is(info{Name: "jane", Extra: map[string][]string{}})},
	}
	issuer := newIssuer(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			auth := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) { c.User = tt.mappings.User })
			require.Equal(t, tt.want, ask(t, auth, issuer.Sign("ES256", good(tt.claims), nil)))
		})
	}
}

// Users of one token have nothing in common that a handler could change.
func TestUsersShareNothing(t *testing.T) {
	issuer := newIssuer(t)
	mappings := jwt.ClaimMappings{Username: jwt.Claim("sub"), Groups: jwt.Claim("groups"), Extra: map[string]jwt.ClaimMapping{"a": jwt.Claim("groups")}}
	auth := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) { c.User = mappings.User })
	token := issuer.Sign("ES256", good(object{"groups": []string{"a", "b"}, "jti": "7"}), nil)
	first := ask(t, auth, token)
	first.user.Groups[0], first.user.Extra["a"][0] = "system:masters", "x"
	first.user.Extra["b"] = []string{"y"}
	require.Equal(t, is(info{Name: "jane", Groups: []string{"a", "b"}, Extra: map[string][]string{"a": {"a", "b"}, user.CredentialIDKey: {"JTI=7"}}}), ask(t, auth, token))
}

// OpenID Connect Core 1.0, section 15.6.2.
func TestGoogle(t *testing.T) {
	issuer := newIssuer(t)
	google := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) { c.Issuer = "https://accounts.google.com" })
	mux, err := jwt.NewMux(google)
	require.NoError(t, err)
	for iss, want := range map[string]answer{
		"https://accounts.google.com":  isUser("jane"),
		"accounts.google.com":          isUser("jane"),
		"http://accounts.google.com":   {reason: notMine, text: `issued by "http://accounts.google.com"`},
		"https://accounts.google.com/": {reason: notMine, text: `issued by "https://accounts.google.com/"`},
		"Accounts.google.com":          {reason: notMine, text: `issued by "Accounts.google.com"`},
	} {
		token := issuer.Token(good(object{"iss": iss}))
		require.Equal(t, want, ask(t, google, token), iss)
		require.Equal(t, want, ask(t, mux, token), iss)
	}
}

// Whatever a token says in whatever place, errors neither hold it nor are long.
func TestCanary(t *testing.T) {
	const canary = "c4n4ry-of-a-t0ken"
	issuer := newIssuer(t)
	mappings := jwt.ClaimMappings{
		Username: jwt.Claim("email"), Groups: jwt.Claim("groups"), UID: jwt.Claim("oid"),
		Extra: map[string]jwt.ClaimMapping{"x": jwt.Claim("x")}, Required: map[string]string{"hd": "example.com"},
	}
	auth := newStatic(t, keysOf(issuer), func(c *jwt.Config, o *jwt.Options) { c.User, o.MaxBytes = mappings.User, 1<<20 })
	mux, err := jwt.NewMux(auth)
	require.NoError(t, err)
	fine := object{"email": "jane@example.com", "oid": "1", "hd": "example.com", "jti": canary, "sub": canary}
	require.Equal(t, "jane@example.com", ask(t, auth, issuer.Sign("ES256", good(fine), nil)).user.Name)
	for name, text := range map[string]string{
		"short": canary, "long": strings.Repeat(canary, 1000), "NUL": strings.Repeat("\x00", 4000), "escapes": strings.Repeat("\u2028", 4000),
		"lines": strings.Repeat("a\r\n", 4000), "quotes": strings.Repeat(`"\`, 4000), "wide": strings.Repeat("\U000e0001", 4000),
	} {
		for _, member := range []string{"iss", "aud", "exp", "nbf", "iat", "email", "email_verified", "groups", "oid", "x", "hd"} {
			for _, value := range []any{text, []string{text, text, text, text, text}, []any{text, 1}, object{text: text}, raw("null"), 1} {
				claims := good(fine)
				claims[member] = value
				token := issuer.Sign("ES256", claims, nil)
				got := ask(t, auth, token)
				require.Equal(t, got, ask(t, mux, token), "%s: %s", name, member)
				shown := strings.Count(got.text, canary) * len(canary)
				require.LessOrEqual(t, shown, 512, got.text)
				require.True(t, shown == 0 || strings.Contains(text, canary), "of sub or jti, which nobody asked for: %s", got.text)
			}
		}
		for _, member := range []string{"alg", "kid", "typ", "crit", text} {
			mustRefuse(t, auth, issuer.Sign("ES256", good(fine), object{member: text}), member != text)
			mustRefuse(t, auth, issuer.Sign("ES256", good(fine), object{member: []string{text}}), member != text)
		}
		quoted := string(toJSON(t, text))
		mustRefuse(t, auth, issuer.SignRaw("ES256", []byte(`{"alg":"ES256"}`), []byte(`{`+full+`,`+quoted+`:1,`+quoted+`:1}`)), true)
		mustRefuse(t, auth, issuer.SignRaw("ES256", []byte(`{"alg":"ES256",`+quoted+`:1,`+quoted+`:1}`), []byte(`{`+full+`}`)), true)
	}
}

func mustRefuse(t *testing.T, auth *jwt.Authenticator, token string, always bool) {
	t.Helper()
	got := ask(t, auth, token)
	if always {
		require.NotEmpty(t, got.reason)
	}
}
