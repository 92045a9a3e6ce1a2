package jwt_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

// Verify says what AuthenticateToken says, but for the user.
func TestVerify(t *testing.T) {
	issuer := newIssuer(t)
	a := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) { c.User = jwt.ClaimMappings{Username: jwt.Claim("nobody")}.User })
	claims := object{"iss": login, "aud": audience, "sub": "jane"}
	c, err := a.Verify(t.Context(), issuer.Token(claims))
	require.NoError(t, err)
	sub, err := c.String("sub")
	require.NoError(t, err)
	require.Equal(t, "jane", sub)
	for name, tt := range map[string]struct {
		token  string
		reason authn.Reason
		text   string
	}{
		"another issuer": {issuer.Token(object{"iss": "https://other", "aud": audience}), authn.UntrustedIssuer, `jwt: issuer "https://login.example.com": issued by "https://other"`},
		"not a token":    {"x", authn.Malformed, `jwt: issuer "https://login.example.com": not three parts with dots between them`},
		"no issuer":      {issuer.Token(object{"iss": nil, "aud": audience}), authn.Malformed, `jwt: issuer "https://login.example.com": "iss": missing`},
		"audience":       {issuer.Token(object{"iss": login, "aud": "x"}), authn.WrongAudience, `jwt: issuer "https://login.example.com": the token is for "x", not for any of ["kubernetes"]`},
		"expired":        {issuer.Token(object{"iss": login, "aud": audience, "exp": 1}), authn.Expired, `expired`},
		"signature":      {strings.TrimSuffix(issuer.Token(claims), issuer.Token(claims)[len(issuer.Token(claims))-8:]) + "AAAAAAAA", authn.BadSignature, `the signature is not one of the issuer's key "rsa-1"`},
		"type":           {issuer.Sign("RS256", claims, object{"typ": "logout+jwt"}), authn.Malformed, `header: "typ": "logout+jwt": not one of ["JWT" "at+jwt"]`},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := a.Verify(t.Context(), tt.token)
			require.Equal(t, tt.reason, authn.ReasonOf(err), err)
			require.ErrorContains(t, err, tt.text)
			require.False(t, c.Has("sub"), "claims that are not to be believed")
		})
	}
}

func TestTypes(t *testing.T) {
	issuer := newIssuer(t)
	claims := object{"iss": login, "aud": audience, "sub": "jane"}
	accepts := func(types []string, header object) bool {
		a := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) { c.Types = types })
		_, ok, err := a.AuthenticateToken(t.Context(), issuer.Sign("RS256", claims, header))
		require.Equal(t, ok, err == nil)
		return ok
	}
	for _, tt := range []struct {
		types []string
		typ   any // nil: none
		want  bool
	}{
		{nil, nil, true}, {nil, "JWT", true}, {nil, "at+jwt", true}, {nil, "id+jwt", false},
		{[]string{"at+jwt"}, "at+jwt", true}, {[]string{"at+jwt"}, "AT+JWT", true}, {[]string{"at+jwt"}, "application/at+jwt", true},
		{[]string{"application/at+jwt"}, "at+jwt", true}, {[]string{"at+jwt"}, "JWT", false}, {[]string{"at+jwt"}, nil, true},
		{[]string{jwt.AnyType}, "id+jwt", true}, {[]string{jwt.AnyType}, "", true}, {[]string{jwt.AnyType}, "logout+jwt", false},
		{[]string{jwt.AnyType}, "application/LOGOUT+jwt", false}, {[]string{jwt.AnyType}, "secevent+jwt", false}, {[]string{jwt.AnyType}, 1, false},
		{[]string{jwt.AnyType, "logout+jwt"}, "logout+jwt", true},
	} {
		require.Equal(t, tt.want, accepts(tt.types, object{"typ": tt.typ}), "%q, %v", tt.types, tt.typ)
	}
	for _, types := range [][]string{{}, {""}, {"JWT", ""}} {
		_, err := jwt.New(jwt.Config{Issuer: login, Audiences: []string{audience}, Types: types, User: bySub.User}, nil)
		require.EqualError(t, err, `jwt: issuer "https://login.example.com": types: at least one is required, and none may be empty`)
	}
}

func TestClaimsWith(t *testing.T) {
	c, err := jwt.ParseClaims(`{"a":1,"b":2}`)
	require.NoError(t, err)
	more, err := c.With("c", []any{"x", nil})
	require.NoError(t, err)
	other, err := c.With("a", json.RawMessage(`{"z":true}`))
	require.NoError(t, err)
	for _, tt := range []struct {
		claims jwt.Claims
		name   string
		want   any
	}{{c, "a", 1.0}, {c, "b", 2.0}, {more, "a", 1.0}, {more, "c", []any{"x", nil}}, {other, "a", object{"z": true}}, {other, "b", 2.0}} {
		got, err := tt.claims.Value(tt.name)
		require.NoError(t, err)
		require.Equal(t, tt.want, got)
	}
	require.False(t, c.Has("c"), "the first are as they were")
	_, err = c.With("d", func() {})
	require.EqualError(t, err, `jwt: claim "d": json: unsupported type: func()`)
	_, err = c.Value("x")
	require.EqualError(t, err, `claim "x": missing`)
}

func TestDigest(t *testing.T) {
	seen := make(map[[32]byte]string)
	for _, text := range []string{`{}`, `{"a":1}`, `{"a":2}`, `{"b":1}`, `{"a":1,"b":1}`, `{"b":1,"a":1}`, `{"a":"1"}`, `{"ab":1}`, `{"a":11}`, `{"a1":1}`} {
		c, err := jwt.ParseClaims(text)
		require.NoError(t, err)
		require.Empty(t, seen[c.Digest()], "%s", text)
		seen[c.Digest()] = text
	}
	one, err := jwt.ParseClaims(`{"a":1,"b":[1]}`)
	require.NoError(t, err)
	two, err := jwt.ParseClaims(` {"\u0061":1 , "b":[1] } `)
	require.NoError(t, err)
	require.Equal(t, one.Digest(), two.Digest())
}

func TestCredentialID(t *testing.T) {
	for text, want := range map[string]string{`{}`: "", `{"jti":""}`: "", `{"jti":1}`: "", `{"jti":null}`: "", `{"jti":"a"}`: "JTI=a"} {
		c, err := jwt.ParseClaims(text)
		require.NoError(t, err)
		require.Equal(t, want, c.CredentialID(), text)
	}
}

// What a User put where the credential's id belongs is taken away, and the right
// id stays.
func TestCredentialIDOfUser(t *testing.T) {
	issuer := newIssuer(t)
	for _, tt := range []struct {
		jti  any
		own  []string
		want []string
	}{
		{nil, nil, nil}, {nil, []string{""}, nil}, {nil, []string{"JTI=b"}, nil}, {"a", nil, []string{"JTI=a"}},
		{"a", []string{"JTI=a"}, []string{"JTI=a"}}, {"a", []string{"JTI=b"}, []string{"JTI=a"}}, {"a", []string{"JTI=a", "JTI=b"}, []string{"JTI=a"}},
	} {
		a := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) {
			c.User = jwt.ClaimMappings{Username: jwt.Claim("sub"), Extra: map[string]jwt.ClaimMapping{user.CredentialIDKey: jwt.Claim("own")}}.User
		})
		resp, ok, err := a.AuthenticateToken(t.Context(), issuer.Token(object{"iss": login, "aud": audience, "sub": "jane", "jti": tt.jti, "own": tt.own}))
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, tt.want, resp.User.GetExtra()[user.CredentialIDKey])
	}
}

// told is what checks came to, by their claims.
func told(checks []jwt.ClaimCheck) string {
	var all string
	for _, check := range checks {
		all += check.Claim + " " + string(authn.ReasonOf(check.Err)) + " "
	}
	return all
}

// The tools tell all that is wrong, and believe nothing that another check would
// not.
func TestInsecureParseAndCheckClaims(t *testing.T) {
	issuer, stranger := newIssuer(t), newIssuer(t)
	a := newStatic(t, keysOf(issuer))
	bad := stranger.Token(object{"iss": login, "aud": "x", "exp": 1, "sub": "jane"})
	got, err := jwt.UnverifiedIssuer(bad)
	require.NoError(t, err)
	require.Equal(t, login, got)
	for token, want := range map[string]string{
		"a.b":                            "not three parts with dots between them",
		"a.b.c":                          "payload: not base64url without padding",
		issuer.Token(object{"iss": nil}): `claim "iss": missing`,
	} {
		_, err = jwt.UnverifiedIssuer(token)
		require.EqualError(t, err, want)
	}
	c, err := a.InsecureParse(bad)
	require.NoError(t, err, "the signature is not looked at")
	require.Equal(t, "iss  aud WrongAudience exp Expired iat  ", told(a.CheckClaims(c)))
	c, err = jwt.ParseClaims(`{"iss":"https://other","aud":"kubernetes","exp":9999999999}`)
	require.NoError(t, err)
	require.Equal(t, "iss UntrustedIssuer aud  exp  ", told(a.CheckClaims(c)))
	require.EqualError(t, a.CheckClaims(c)[0].Err, `issued by "https://other", not "https://login.example.com"`)
	c, err = jwt.ParseClaims(`{"nbf":9999999999,"iat":"x"}`)
	require.NoError(t, err)
	require.Equal(t, "iss ClaimMissing aud WrongAudience exp ClaimMissing nbf NotYetValid iat ClaimMissing ", told(a.CheckClaims(c)))
	c, err = a.InsecureParse(issuer.Sign("EdDSA", object{"iss": login, "sub": "jane"}, nil))
	require.Equal(t, authn.WrongAlgorithm, authn.ReasonOf(err))
	require.True(t, c.Has("sub"), "what could be read")
	_, err = a.InsecureParse("a.b.c")
	require.Equal(t, authn.Malformed, authn.ReasonOf(err))
}

// An authenticator with the keys of another verifies the same signatures.
func TestKeys(t *testing.T) {
	issuer := newIssuer(t)
	one := newStatic(t, keysOf(issuer))
	two := newStatic(t, one.Keys(), func(c *jwt.Config, _ *jwt.Options) { c.Audiences = []string{"two"} })
	_, err := two.Verify(t.Context(), issuer.Token(object{"iss": login, "aud": "two"}))
	require.NoError(t, err)
}
