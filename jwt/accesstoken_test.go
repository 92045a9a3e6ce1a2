package jwt_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

// RFC 9068, section 2.2: the claims of its example, at its time.
const rfc9068 = `"iss":"https://authorization-server.example.com/","sub":"5ba552d67","aud":"https://rs.example.com/",` +
	`"exp":1639528912,"iat":1618354090,"jti":"dbe39bf3a3ba4238a513f51d6e1691c4","client_id":"s6BhdRkqt3","scope":"openid profile reademail"`

// accessTokens accepts access tokens alone, with client and scopes as attributes.
func accessTokens(c *jwt.Config, _ *jwt.Options) {
	c.AccessTokens = true
	c.User = jwt.ClaimMappings{
		Username: jwt.Claim("sub"),
		Extra:    map[string]jwt.ClaimMapping{"client_id": jwt.Claim("client_id"), "scope": jwt.Claim("scope").Words()},
	}.User
}

func TestRFC9068(t *testing.T) {
	issuer := newIssuer(t)
	auth := newStatic(t, keysOf(issuer), accessTokens, func(c *jwt.Config, o *jwt.Options) {
		c.Issuer, c.Audiences = "https://authorization-server.example.com/", []string{"https://rs.example.com/"}
		o.Now = func() time.Time { return time.Unix(1618354090, 0) }
	})
	token := issuer.SignRaw("RS256", []byte(`{"typ":"at+JWT","alg":"RS256","kid":"`+issuer.KeyID("RS256")+`"}`), []byte("{"+rfc9068+"}"))
	want := &user.DefaultInfo{Name: "5ba552d67", Extra: map[string][]string{
		"client_id": {"s6BhdRkqt3"}, "scope": {"openid", "profile", "reademail"},
		user.CredentialIDKey: {"JTI=dbe39bf3a3ba4238a513f51d6e1691c4"},
	}}
	require.Equal(t, answer{user: want}, ask(t, auth, token))
}

func TestAccessTokens(t *testing.T) {
	issuer := newIssuer(t)
	auth := newStatic(t, keysOf(issuer), accessTokens)
	sign := func(header, claims object) string {
		all := good(object{"client_id": "app", "jti": "1"})
		return issuer.Sign("RS256", with(all, claims), with(object{"typ": "at+jwt"}, header))
	}
	typed := func(typ any) string { return sign(object{"typ": typ}, nil) }
	claim := func(name string, value any) string { return sign(nil, object{name: value}) }
	accepted := func(scopes ...string) answer {
		u := &user.DefaultInfo{Name: "jane", Extra: map[string][]string{"client_id": {"app"}, user.CredentialIDKey: {"JTI=1"}}}
		if scopes != nil {
			u.Extra["scope"] = scopes
		}
		return answer{user: u}
	}
	refused := func(reason authn.Reason, text string) answer { return answer{reason: reason, text: text} }
	wrongType := func(typ string) answer { return malformed(`header: "typ": "` + typ + `": not one of ["at+jwt"]`) }
	run(t, auth, []row{
		{"as it should be", sign(nil, nil), accepted()},
		{"typ at+JWT", typed("at+JWT"), accepted()},
		{"typ application/at+jwt", typed("application/at+jwt"), accepted()},
		{"typ Application/AT+JWT", typed("Application/AT+JWT"), accepted()},
		{"typ JWT, as ID tokens have", typed("JWT"), wrongType("JWT")},
		{"typ missing", typed(nil), malformed(`header: "typ": missing, not at+jwt`)},
		{"typ empty", typed(""), wrongType("")},
		{"typ null", typed(raw("null")), malformed(`header: "typ": not a string`)},
		{"typ at", typed("at"), wrongType("at")},
		{"typ with parameters", typed("at+jwt; x=y"), wrongType("at+jwt; x=y")},
		{"typ of another tree", typed("x/at+jwt"), wrongType("x/at+jwt")},
		{"typ application twice", typed("application/application/at+jwt"), wrongType("application/application/at+jwt")},
		{"typ logout+jwt", typed("logout+jwt"), wrongType("logout+jwt")},
		{"typ dpop+jwt", typed("dpop+jwt"), wrongType("dpop+jwt")},

		{"an ID token", issuer.Token(good(object{"nonce": "n", "azp": "app"})), wrongType("JWT")},
		{"an ID token of the other type", sign(nil, object{"client_id": nil, "jti": nil, "nonce": "n"}), refused(authn.ClaimMissing, `claim "client_id": missing`)},

		{"iss missing", claim("iss", raw("null")), refused(notMine, `issued by ""`)},
		{"iss of another", claim("iss", "https://evil.test"), refused(notMine, `issued by "https://evil.test"`)},
		{"aud missing", claim("aud", nil), refused(authn.WrongAudience, `claim "aud": missing`)},
		{"aud of another", claim("aud", "x"), refused(authn.WrongAudience, `the token is for "x", not for any of ["kubernetes"]`)},
		{"exp missing", sign(nil, object{"exp": raw("null")}), refused(authn.ClaimMissing, `claim "exp": not a number`)},
		{"exp past", claim("exp", noon.Unix()), refused(authn.Expired, "expired 0s ago (exp 2026-01-01T12:00:00Z)")},
		{"iat null", sign(nil, object{"iat": raw("null")}), refused(authn.ClaimMissing, `claim "iat": not a number`)},
		{"iat a text", claim("iat", "x"), refused(authn.ClaimMissing, `claim "iat": not a number`)},
		{"sub missing", claim("sub", nil), refused(authn.ClaimMissing, `claim "sub": missing`)},
		{"sub null", claim("sub", raw("null")), refused(authn.ClaimMissing, `claim "sub": not a string`)},
		{"client_id missing", claim("client_id", nil), refused(authn.ClaimMissing, `claim "client_id": missing`)},
		{"client_id a list", claim("client_id", []string{"app"}), refused(authn.ClaimMissing, `claim "client_id": not a string`)},
		{"jti missing", claim("jti", nil), refused(authn.ClaimMissing, `claim "jti": missing`)},
		{"jti a number", claim("jti", 1), refused(authn.ClaimMissing, `claim "jti": not a string`)},

		{"one scope", claim("scope", "read"), accepted("read")},
		{"scopes", claim("scope", "read write:all openid"), accepted("read", "write:all", "openid")},
		{"scopes with more blanks", claim("scope", "  read  write "), accepted("read", "write")},
		{"scopes with a tab", claim("scope", "read\twrite"), accepted("read\twrite")}, // which RFC 6749, section 3.3, has not
		{"no scopes", claim("scope", ""), accepted()},
		{"blanks alone", claim("scope", "   "), accepted()},
		{"scope null", claim("scope", raw("null")), accepted()},
		{"scopes in a list", claim("scope", []string{"read write", "", "openid"}), accepted("read", "write", "openid")},
		{"scope a number", claim("scope", 1), refused(authn.ClaimMissing, `extra "scope": claim "scope": not a list`)},
	})
	iatless := issuer.SignRaw("RS256", []byte(`{"typ":"at+jwt","alg":"RS256"}`), payload(`"sub":"jane","aud":"kubernetes","exp":1767272400,"client_id":"app","jti":"1"`))
	require.Equal(t, refused(authn.ClaimMissing, `claim "iat": missing`), ask(t, auth, iatless))
	_, err := auth.Verify(t.Context(), iatless)
	require.EqualError(t, err, `jwt: issuer "`+login+`": claim "iat": missing`)
	// Without the profile, such tokens are good.
	require.Equal(t, authn.Reason(""), ask(t, newStatic(t, keysOf(issuer)), iatless).reason)
}

func TestAccessTokensNotWithTypes(t *testing.T) {
	_, err := jwt.New(jwt.Config{Issuer: login, Audiences: []string{audience}, User: bySub.User, AccessTokens: true, Types: []string{"at+jwt"}}, nil)
	require.EqualError(t, err, `jwt: issuer "https://login.example.com": types: not together with AccessTokens`)
}

// Words makes groups of a string, with a prefix each.
func TestWords(t *testing.T) {
	claims, err := jwt.ParseClaims(`{"scope":"a b  c","list":["d e","f"],"none":"","number":1}`)
	require.NoError(t, err)
	for _, tt := range []struct {
		claim string
		want  []string
	}{
		{"scope", []string{"p:a", "p:b", "p:c"}},
		{"list", []string{"p:d", "p:e", "p:f"}},
		{"none", nil},
		{"missing", nil},
	} {
		got, err := jwt.Claim(tt.claim).WithPrefix("p:").Words().Values(claims)
		require.NoError(t, err, tt.claim)
		require.Equal(t, tt.want, got, tt.claim)
	}
	_, err = jwt.Claim("number").Words().Values(claims)
	require.Equal(t, authn.ClaimMissing, authn.ReasonOf(err))
	plain, err := jwt.Claim("scope").Values(claims)
	require.NoError(t, err)
	require.Equal(t, []string{"a b  c"}, plain) // the mapping that Words was called on is as it was
}
