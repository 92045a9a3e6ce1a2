package introspection_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/introspection"
	"github.com/authnchain/authnchain/jwt"
)

// What an answer says of a token, member by member. Noon is 1767268800.
func TestAnswers(t *testing.T) {
	unknown := notMine("the server does not know the token")
	const rest = `"sub":"jane","token_type":"Bearer"`
	tests := []struct {
		name, body string
		want       got
	}{
		{"the least", active(), isUser("jane")},
		{"as in RFC 7662, section 2.2, with a type", `{"active":true,"client_id":"l238j323ds-23ij4","username":"jdoe","scope":"read write dolphin","sub":"Z5O3upPC88QrAjx00dis","aud":"my-api","iss":"https://login.example.com","exp":1767272400,"iat":1767268800,"extension_field":"twenty-seven","token_type":"bearer"}`, isUser("Z5O3upPC88QrAjx00dis", "read", "write", "dolphin")},
		{"scopes", active(`"scope":"read  write"`), isUser("jane", "read", "write")},
		{"a list of scopes", active(`"scope":["read","write"]`), isUser("jane", "read", "write")},
		{"no scopes", active(`"scope":""`), isUser("jane")},
		{"a list of audiences", `{"active":true,"aud":["other","my-api"],` + rest + `}`, isUser("jane")},
		{"the issuer", active(`"iss":"https://login.example.com"`), isUser("jane")},
		{"BEARER", `{"active":true,"sub":"jane","aud":"my-api","token_type":"BEARER"}`, isUser("jane")},
		{"members that nobody reads", active(`"x":{"y":[1,2e3,null]},"Active":false,"EXP":1`), isUser("jane")},
		{"blanks, and escapes", " {\"\\u0061ctive\" : true,\"sub\":\"j\\u0061ne\",\"aud\":\"my-api\",\"token_type\":\"Bearer\"}\r\n", isUser("jane")},
		{"expires in a second", active(`"exp":1767268801`), isUser("jane")},
		{"made a minute ahead", active(`"iat":1767268860,"nbf":1767268860`), isUser("jane")},

		{"not active", `{"active":false}`, unknown},
		{"not active, with more", `{"active":false,"sub":"jane","aud":"my-api","token_type":"Bearer","exp":"soon"}`, unknown},
		{"active in two cases", `{"active":false,"Active":true,"sub":"jane"}`, unknown},

		{"of another issuer", active(`"iss":"https://other.example.com"`), refused(authn.UntrustedIssuer, `issued by "https://other.example.com", not by "https://login.example.com"`)},
		{"of an issuer with a slash", active(`"iss":"https://login.example.com/"`), refused(authn.UntrustedIssuer, `issued by "https://login.example.com/", not by "https://login.example.com"`)},
		{"of an empty issuer", active(`"iss":""`), refused(authn.UntrustedIssuer, `issued by "", not by "https://login.example.com"`)},
		{"for another", `{"active":true,"aud":"other",` + rest + `}`, refused(authn.WrongAudience, `the token is for "other", not for any of ["my-api"]`)},
		{"for another in capitals", `{"active":true,"aud":"MY-API",` + rest + `}`, refused(authn.WrongAudience, `the token is for "MY-API", not for any of ["my-api"]`)},
		{"for two others", `{"active":true,"aud":["other","my-api2"],` + rest + `}`, refused(authn.WrongAudience, `the token is for "other", "my-api2", not for any of ["my-api"]`)},
		{"for nobody", `{"active":true,"aud":[],` + rest + `}`, refused(authn.WrongAudience, `the token is for nobody, not for any of ["my-api"]`)},
		{"for anybody", `{"active":true,` + rest + `}`, refused(authn.WrongAudience, `the server names no "aud", so the token may be for anybody (see Config.AudienceOptional)`)},
		{"audience in capitals", `{"active":true,"AUD":"my-api",` + rest + `}`, refused(authn.WrongAudience, `the server names no "aud", so the token may be for anybody (see Config.AudienceOptional)`)},
		{"no type", `{"active":true,"sub":"jane","aud":"my-api"}`, refused(authn.RuleFailed, `the server names no "token_type", so the token may be one for refreshing (see Config.TypeOptional)`)},
		{"DPoP", `{"active":true,"sub":"jane","aud":"my-api","token_type":"DPoP"}`, refused(authn.RuleFailed, `the "token_type" is "DPoP", not Bearer`)},
		{"refresh_token", `{"active":true,"sub":"jane","aud":"my-api","token_type":"refresh_token"}`, refused(authn.RuleFailed, `the "token_type" is "refresh_token", not Bearer`)},
		{"empty type", `{"active":true,"sub":"jane","aud":"my-api","token_type":""}`, refused(authn.RuleFailed, `the "token_type" is "", not Bearer`)},
		{"bound to a key", active(`"cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}`), refused(authn.RuleFailed, `the token is bound to its sender ("cnf"), which is not checked here`)},
		{"bound to a certificate", active(`"cnf":{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}`), refused(authn.RuleFailed, `the token is bound to its sender ("cnf"), which is not checked here`)},
		{"bound to nothing", active(`"cnf":{}`), refused(authn.RuleFailed, `the token is bound to its sender ("cnf"), which is not checked here`)},
		{"bound to null", active(`"cnf":null`), refused(authn.RuleFailed, `the token is bound to its sender ("cnf"), which is not checked here`)},
		{"expired", active(`"exp":1767268800`), refused(authn.Expired, "expired at 2026-01-01T12:00:00Z")},
		{"expired long ago", active(`"exp":-62135596800`), refused(authn.Expired, "expired at 0001-01-01T00:00:00Z")},
		{"expired by a fraction", active(`"exp":1767268800.9`), refused(authn.Expired, "expired at 2026-01-01T12:00:00Z")},
		{"not yet", active(`"nbf":1767268861`), refused(authn.NotYetValid, "not valid until 2026-01-01T12:01:01Z (nbf)")},
		{"made tomorrow", active(`"iat":1767355200`), refused(authn.NotYetValid, "not valid until 2026-01-02T12:00:00Z (iat)")},
		{"no user", `{"active":true,"aud":"my-api","token_type":"Bearer"}`, refused(authn.ClaimMissing, `username: claim "sub": missing`)},
		{"empty user", `{"active":true,"sub":"","aud":"my-api","token_type":"Bearer"}`, refused(authn.InvalidUser, `username: claim "sub": empty`)},
		{"scopes that are numbers", active(`"scope":1`), refused(authn.ClaimMissing, `groups: claim "scope": not a list`)},
		{"user with a line break", `{"active":true,"sub":"jane\n","aud":"my-api","token_type":"Bearer"}`, refused(authn.InvalidUser, `the user name has the control character U+000A at byte 4`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := asking(t, says(http.StatusOK, tt.body))
			require.Equal(t, tt.want, ask(t, a, token))
			require.NoError(t, a.HealthCheck(), "the server has answered")
		})
	}
}

// What is no answer says nothing of the token: it may be good.
func TestAnswersThatAreNone(t *testing.T) {
	good := active()
	tests := []struct{ name, body, err string }{
		{"empty", "", "not a JSON object"},
		{"blanks", " \n", "not a JSON object"},
		{"null", "null", "not a JSON object"},
		{"true", "true", "not a JSON object"},
		{"a list", "[" + good + "]", "not a JSON object"},
		{"a string", `"active"`, "not a JSON object"},
		{"HTML", "<html><body>active</body></html>", "not a JSON object"},
		{"a JWT", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "not a JSON object"},
		{"a form", "active=true&sub=jane", "not a JSON object"},
		{"byte order mark", "\ufeff" + good, "not a JSON object"},
		{"cut", good[:len(good)-1], "offset 64: the text ends too early"},
		{"more", good + "x", "offset 65: more after the object"},
		{"two", good + good, "offset 65: more after the object"},
		{"a comma at the end", `{"active":true,}`, "offset 15: not valid JSON"},
		{"single quotes", `{'active':true}`, "offset 1: not valid JSON"},
		{"not UTF-8", active(`"x":"` + "\xff" + `"`), "offset 70: not valid UTF-8"},
		{"half a surrogate pair", active(`"x":"\ud800"`), "offset 76: a lone surrogate in a string"},
		{"active twice", `{"active":false,"active":true}`, `offset 24: duplicate member "active"`},
		{"active twice, once escaped", `{"active":false,"\u0061ctive":true}`, `offset 29: duplicate member "active"`},
		{"sub twice", active(`"sub":"admin"`), `offset 70: duplicate member "sub"`},
		{"twice, deep down", active(`"x":[{"y":1,"y":2}]`), `offset 80: duplicate member "y"`},
		{"too deep", active(`"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100)), "offset 133: more than 64 levels deep"},
		{"an empty object", "{}", `claim "active": missing`},
		{"no active", `{"sub":"jane","aud":"my-api","token_type":"Bearer"}`, `claim "active": missing`},
		{"ACTIVE", `{"ACTIVE":true,"sub":"jane","aud":"my-api","token_type":"Bearer"}`, `claim "active": missing`},
		{"an error", `{"error":"invalid_client"}`, `claim "active": missing`},
		{"a TokenReview", `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","status":{"authenticated":true}}`, `claim "active": missing`},
		{"active is a string", `{"active":"true"}`, `claim "active": not true or false`},
		{"active is a number", `{"active":1}`, `claim "active": not true or false`},
		{"active is null", `{"active":null}`, `claim "active": not true or false`},
		{"active in a list", `{"active":[true]}`, `claim "active": not true or false`},
		{"exp is a string", active(`"exp":"1767272400"`), `claim "exp": not a number`},
		{"exp is null", active(`"exp":null`), `claim "exp": not a number`},
		{"exp is huge", active(`"exp":1e300`), `claim "exp": out of range`},
		{"nbf is a string", active(`"nbf":"0"`), `claim "nbf": not a number`},
		{"iat is true", active(`"iat":true`), `claim "iat": not a number`},
		{"iss is a list", active(`"iss":["https://login.example.com"]`), `claim "iss": not a string`},
		{"iss is null", active(`"iss":null`), `claim "iss": not a string`},
		{"aud is a number", `{"active":true,"sub":"jane","aud":1,"token_type":"Bearer"}`, `claim "aud": not a list`},
		{"aud is null", `{"active":true,"sub":"jane","aud":null,"token_type":"Bearer"}`, `claim "aud": not a list`},
		{"aud has null in it", `{"active":true,"sub":"jane","aud":["my-api",null],"token_type":"Bearer"}`, `claim "aud": item 1 of the list is not a string`},
		{"token_type is a list", `{"active":true,"sub":"jane","aud":"my-api","token_type":["Bearer"]}`, `claim "token_type": not a string`},
		{"sub is a number", `{"active":true,"sub":1,"aud":"my-api","token_type":"Bearer"}`, `claim "sub": not a string`},
		{"jti is a number", active(`"jti":7`), `claim "jti": not a string`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := asking(t, says(http.StatusOK, tt.body))
			require.Equal(t, unavailable("the answer: "+tt.err), ask(t, a, token))
			require.EqualError(t, a.HealthCheck(), "introspection: not answered since 2026-01-01T12:00:00Z: the answer: "+tt.err)
		})
	}
}

func TestSignedAnswer(t *testing.T) {
	a := asking(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/token-introspection+jwt")
		_, _ = w.Write([]byte("eyJhbGciOiJSUzI1NiJ9.e30.c2ln"))
	}))
	require.Equal(t, unavailable("the answer is signed (RFC 9701), which is not read here: have the server answer in JSON"), ask(t, a, token))
}

// What the settings change, and nothing else.
func TestSettings(t *testing.T) {
	type edit = func(*introspection.Config, *introspection.Options)
	leeway := func(d time.Duration) edit {
		return func(_ *introspection.Config, o *introspection.Options) { o.Leeway = d }
	}
	noIssuer := func(c *introspection.Config, _ *introspection.Options) { c.Issuer = "" }
	anyAudience := func(c *introspection.Config, _ *introspection.Options) { c.AudienceOptional = true }
	anyType := func(c *introspection.Config, _ *introspection.Options) { c.TypeOptional = true }
	prefix := func(c *introspection.Config, _ *introspection.Options) { c.Prefix = token[:3] }
	mapper := func(u user.Info, err error) edit {
		return func(c *introspection.Config, _ *introspection.Options) {
			c.User = func(context.Context, jwt.Claims) (user.Info, error) { return u, err }
		}
	}
	tests := []struct {
		name string
		edit edit
		body string
		want got
	}{
		{"no issuer, and none is told", noIssuer, active(), isUser("jane")},
		{"no issuer, and one is told", noIssuer, active(`"iss":"https://a.example"`), refused(authn.UntrustedIssuer, `issued by "https://a.example", and Config.Issuer names none`)},
		{"no issuer, and an empty one is told", noIssuer, active(`"iss":""`), isUser("jane")},
		{"audience optional, none", anyAudience, `{"active":true,"sub":"jane","token_type":"Bearer"}`, isUser("jane")},
		{"audience optional, another", anyAudience, `{"active":true,"sub":"jane","aud":"other","token_type":"Bearer"}`, refused(authn.WrongAudience, `the token is for "other", not for any of ["my-api"]`)},
		{"type optional, none", anyType, `{"active":true,"sub":"jane","aud":"my-api"}`, isUser("jane")},
		{"type optional, another", anyType, `{"active":true,"sub":"jane","aud":"my-api","token_type":"DPoP"}`, refused(authn.RuleFailed, `the "token_type" is "DPoP", not Bearer`)},
		{"leeway", leeway(5 * time.Second), active(`"exp":1767268796,"nbf":1767268805,"iat":1767268805`), isUser("jane")},
		{"leeway is over", leeway(5 * time.Second), active(`"exp":1767268795`), refused(authn.Expired, "expired at 2026-01-01T11:59:55Z")},
		{"leeway is not enough", leeway(5 * time.Second), active(`"nbf":1767268806`), refused(authn.NotYetValid, "not valid until 2026-01-01T12:00:06Z (nbf)")},
		{"no leeway", leeway(-1), active(`"iat":1767268801`), refused(authn.NotYetValid, "not valid until 2026-01-01T12:00:01Z (iat)")},
		{"prefix, unknown", prefix, `{"active":false}`, refused(authn.UnknownToken, "the server does not know the token: it has expired, was taken back or never was one")},
		{"prefix, known", prefix, active(), isUser("jane")},
		{"prefix, no answer", prefix, "{", refused(authn.Unavailable, "the answer: offset 1: the text ends too early")},
		{"no user", mapper(nil, nil), active(), refused(authn.InvalidUser, "Config.User returned no user")},
		{"refused without a reason", mapper(nil, errors.New("not on the list")), active(), refused(authn.Refused, "not on the list")},
		{"refused with a reason", mapper(nil, authn.Errorf(authn.Revoked, "has left")), active(), refused(authn.Revoked, "has left")},
		{"directory is down", mapper(nil, authn.Errorf(authn.Unavailable, "directory: down")), active(), refused(authn.Unavailable, "directory: down")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, ask(t, asking(t, says(http.StatusOK, tt.body), tt.edit), token))
		})
	}
}

// A user has what the server tells of its token.
func TestUser(t *testing.T) {
	a := asking(t, says(http.StatusOK, active(`"jti":"id-1","iat":1767268700,"exp":1767272400,"email":"jane@example.com","email_verified":true`)),
		func(c *introspection.Config, _ *introspection.Options) {
			c.User = jwt.ClaimMappings{
				Username: jwt.Claim("email").WithPrefix("o:"), UID: jwt.Claim("sub"),
				Extra: map[string]jwt.ClaimMapping{"example.com/type": jwt.Claim("token_type")},
			}.User
		})
	resp, ok, err := a.AuthenticateToken(t.Context(), token)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "o:jane@example.com", resp.User.GetName())
	require.Equal(t, "jane", resp.User.GetUID())
	require.Equal(t, map[string][]string{"example.com/type": {"Bearer"}, "authentication.kubernetes.io/credential-id": {"JTI=id-1"}}, resp.User.GetExtra())
	require.Nil(t, resp.Audiences)
	expiry, known := authn.ExpiryOf(resp.User)
	require.True(t, known)
	require.Equal(t, noon.Add(time.Hour), expiry.UTC())
	issued, known := authn.IssuedOf(resp.User)
	require.True(t, known)
	require.Equal(t, noon.Add(-100*time.Second), issued.UTC())
}

// What a mapping says of the credential's id and the user's end counts only as far as
// it may.
func TestUserOfAMapping(t *testing.T) {
	for name, tt := range map[string]struct {
		body, id string
		until    time.Time
		want     time.Time
		known    bool
	}{
		"no exp":             {active(), "", time.Time{}, time.Time{}, false},
		"no exp, but an end": {active(), "", noon.Add(time.Minute), noon.Add(time.Minute), true},
		"before exp":         {active(`"exp":1767272400`), "", noon.Add(time.Minute), noon.Add(time.Minute), true},
		"after exp":          {active(`"exp":1767272400,"jti":"a"`), "JTI=a", noon.Add(2 * time.Hour), noon.Add(time.Hour), true},
	} {
		t.Run(name, func(t *testing.T) {
			a := asking(t, says(http.StatusOK, tt.body), func(c *introspection.Config, _ *introspection.Options) {
				c.User = func(context.Context, jwt.Claims) (user.Info, error) {
					return leased{&user.DefaultInfo{Name: "jane", Extra: map[string][]string{user.CredentialIDKey: {"JTI=made-up"}}}, tt.until}, nil
				}
			})
			resp, ok, err := a.AuthenticateToken(t.Context(), token)
			require.NoError(t, err)
			require.True(t, ok)
			expiry, known := authn.ExpiryOf(resp.User)
			require.Equal(t, tt.known, known)
			require.Equal(t, tt.want, expiry.UTC())
			var ids []string
			if tt.id != "" {
				ids = []string{tt.id}
			}
			require.Equal(t, ids, resp.User.GetExtra()[user.CredentialIDKey])
		})
	}
}

// With a leeway a user is one until its token is refused, as in package jwt.
func TestExpiryWithLeeway(t *testing.T) {
	now := noon
	a := asking(t, says(200, active(`"exp":1767268810`)), func(_ *introspection.Config, o *introspection.Options) {
		o.Leeway, o.Now = 5*time.Second, func() time.Time { return now }
	})
	resp, ok, err := a.AuthenticateToken(t.Context(), token)
	require.NoError(t, err)
	require.True(t, ok)
	expiry, known := authn.ExpiryOf(resp.User)
	require.True(t, known)
	require.Equal(t, noon.Add(15*time.Second), expiry.UTC())
	now = expiry.Add(-time.Second)
	require.Equal(t, isUser("jane"), ask(t, a, token))
	now = expiry
	require.Equal(t, authn.Expired, ask(t, a, token).reason)
}

// What a mapping returns is its own, and when to ask it again is told on.
func TestMappingIsLeftAlone(t *testing.T) {
	shared := &user.DefaultInfo{Name: "jane", Extra: map[string][]string{"k": {"v"}}}
	a := asking(t, says(200, active(`"jti":"a"`)), func(c *introspection.Config, _ *introspection.Options) {
		c.User = func(context.Context, jwt.Claims) (user.Info, error) { return shared, nil }
	})
	require.Equal(t, isUser("jane"), ask(t, a, token))
	require.Equal(t, map[string][]string{"k": {"v"}}, shared.Extra)

	a = asking(t, says(200, active()), func(c *introspection.Config, _ *introspection.Options) {
		c.User = func(context.Context, jwt.Claims) (user.Info, error) {
			return nil, &authn.Error{Reason: authn.Unavailable, Err: errors.New("directory: down"), RetryAfter: time.Minute}
		}
	})
	_, _, err := a.AuthenticateToken(t.Context(), token)
	var e *authn.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, time.Minute, e.RetryAfter)
}

// leased is a user that a Config.User knows an end of.
type leased struct {
	user.Info
	until time.Time
}

func (l leased) Expiry() time.Time { return l.until }
