package introspection_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/introspection"
)

const ya29 = "ya29.a0AfB_byC-0paque"

// What Google's tokeninfo says of a token. Noon is 1767268800.
func TestGoogle(t *testing.T) {
	const (
		client  = `"azp":"42.apps.googleusercontent.com","aud":"42.apps.googleusercontent.com"`
		times   = `"exp":"1767272399","expires_in":"3599"`
		jane    = `"sub":"1107","email":"jane@example.com","email_verified":"true"`
		none    = "the server does not know the token: it has expired, was taken back or never was one"
		isNone  = "the answer: "
		notOurs = `which is none of our clients`
	)
	status := func(code string) got {
		return refused(authn.Unavailable, "POST https://oauth2.googleapis.com/tokeninfo: status "+code)
	}
	tests := []struct {
		name string
		code int
		body string
		want got
	}{
		{"a user", 200, `{` + client + `,` + jane + `,` + times + `,"scope":"openid https://www.googleapis.com/auth/userinfo.email","access_type":"offline"}`, isUser("1107", "jane@example.com")},
		{"a user without email", 200, `{` + client + `,"sub":"1107",` + times + `}`, isUser("1107")},
		{"a service account", 200, `{"azp":"1075","aud":"1075","sub":"1075","email":"robot@p.iam.gserviceaccount.com","email_verified":"true",` + times + `,"access_type":"online"}`, isUser("1075", "robot@p.iam.gserviceaccount.com")},
		{"no azp", 200, `{"aud":"1075","sub":"1075",` + times + `}`, isUser("1075")},
		{"numbers, and true", 200, `{` + client + `,"sub":"1107","email":"jane@example.com","email_verified":true,"exp":1767272399,"expires_in":3599}`, isUser("1107", "jane@example.com")},

		{"unknown", 400, `{"error":"invalid_token","error_description":"Invalid Value"}`, refused(authn.UnknownToken, none)},
		{"unknown, in short", 400, `{"error":"invalid_token"}`, refused(authn.UnknownToken, none)},
		{"another website's", 200, `{"azp":"43.apps.googleusercontent.com","aud":"43.apps.googleusercontent.com",` + jane + `,` + times + `}`, refused(authn.WrongAudience, `the token was issued to "43.apps.googleusercontent.com" (aud), `+notOurs)},
		{"another azp", 200, `{"azp":"43.apps.googleusercontent.com","aud":"42.apps.googleusercontent.com",` + jane + `,` + times + `}`, refused(authn.WrongAudience, `the token was issued to "43.apps.googleusercontent.com" (azp), `+notOurs)},
		{"another aud", 200, `{"azp":"42.apps.googleusercontent.com","aud":"43.apps.googleusercontent.com",` + jane + `,` + times + `}`, refused(authn.WrongAudience, `the token was issued to "43.apps.googleusercontent.com" (aud), `+notOurs)},
		{"empty azp", 200, `{"azp":"","aud":"1075","sub":"1075",` + times + `}`, refused(authn.WrongAudience, `the token was issued to "" (azp), `+notOurs)},
		{"an address that is not verified", 200, `{` + client + `,"sub":"1107","email":"jane@example.com","email_verified":"false",` + times + `}`, refused(authn.RuleFailed, "the email address is not verified")},
		{"an address that nobody speaks of", 200, `{` + client + `,"sub":"1107","email":"jane@example.com",` + times + `}`, refused(authn.RuleFailed, "the email address is not verified")},
		{"expired", 200, `{` + client + `,` + jane + `,"exp":"1767268800"}`, refused(authn.Expired, "expired at 2026-01-01T12:00:00Z")},
		{"no sub", 200, `{` + client + `,` + times + `}`, refused(authn.ClaimMissing, `username: claim "sub": missing`)},

		{"no exp", 200, `{` + client + `,` + jane + `}`, refused(authn.Unavailable, isNone+`claim "exp": missing`)},
		{"exp is no number", 200, `{` + client + `,` + jane + `,"exp":"soon"}`, refused(authn.Unavailable, isNone+`claim "exp": not a number: "soon"`)},
		{"exp with a sign", 200, `{` + client + `,` + jane + `,"exp":"+1767272399"}`, refused(authn.Unavailable, isNone+`claim "exp": not a number: "+1767272399"`)},
		{"exp with a zero before it", 200, `{` + client + `,` + jane + `,"exp":"01767272399"}`, refused(authn.Unavailable, isNone+`claim "exp": not a number: "01767272399"`)},
		{"exp with a blank", 200, `{` + client + `,` + jane + `,"exp":"1767272399 "}`, refused(authn.Unavailable, isNone+`claim "exp": not a number: "1767272399 "`)},
		{"exp is empty", 200, `{` + client + `,` + jane + `,"exp":""}`, refused(authn.Unavailable, isNone+`claim "exp": not a number: ""`)},
		{"exp beyond all time", 200, `{` + client + `,` + jane + `,"exp":"9223372036854775807"}`, refused(authn.Unavailable, isNone+`claim "exp": out of range`)},
		{"exp is null", 200, `{` + client + `,` + jane + `,"exp":null}`, refused(authn.Unavailable, isNone+`claim "exp": not a number`)},
		{"expires_in is no number", 200, `{` + client + `,` + jane + `,"exp":"1767272399","expires_in":"x"}`, refused(authn.Unavailable, isNone+`claim "expires_in": not a number: "x"`)},
		{"email_verified is a word", 200, `{` + client + `,"sub":"1107","email":"a@b","email_verified":"True",` + times + `}`, refused(authn.Unavailable, isNone+`claim "email_verified": neither true nor false: "True"`)},
		{"email_verified is a number", 200, `{` + client + `,"sub":"1107","email":"a@b","email_verified":1,` + times + `}`, refused(authn.Unavailable, isNone+`claim "email_verified": not true or false`)},
		{"no aud", 200, `{"azp":"1075",` + jane + `,` + times + `}`, refused(authn.Unavailable, isNone+`claim "aud": missing`)},
		{"a list of aud", 200, `{"aud":["1075"],` + jane + `,` + times + `}`, refused(authn.Unavailable, isNone+`claim "aud": not a string`)},
		{"azp is null", 200, `{"azp":null,"aud":"1075",` + jane + `,` + times + `}`, refused(authn.Unavailable, isNone+`claim "azp": not a string`)},
		{"aud twice", 200, `{"aud":"43","aud":"1075",` + jane + `,` + times + `}`, refused(authn.Unavailable, isNone+`offset 17: duplicate member "aud"`)},
		{"an error with the status 200", 200, `{"error":"invalid_token",` + client + `,` + jane + `,` + times + `}`, refused(authn.Unavailable, isNone+`has an "error", and the status 200`)},
		{"claims with the status 400", 400, `{` + client + `,` + jane + `,` + times + `}`, status("400")},
		{"another error", 400, `{"error":"invalid_request"}`, status("400")},
		{"an error of another shape", 400, `{"error":{"code":400,"status":"INVALID_ARGUMENT"}}`, status("400")},
		{"an error twice", 400, `{"error":"invalid_request","error":"invalid_token"}`, status("400")},
		{"an error in HTML", 400, `<html>invalid_token</html>`, status("400")},
		{"too many questions", 429, `{"error":"invalid_token"}`, status("429")},
		{"down", 503, ``, status("503")},
		{"an answer of RFC 7662", 200, active(), refused(authn.Unavailable, isNone+`claim "exp": missing`)},
		{"none", 200, ``, refused(authn.Unavailable, isNone+`not a JSON object`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, ask(t, google(t, says(tt.code, tt.body)), ya29))
		})
	}
}

// The token is in the body and not in the URL, where servers and proxies log it.
// Tokens of others are not sent.
func TestGoogleQuestion(t *testing.T) {
	s := &recorder{body: `{"aud":"1075","sub":"1075","exp":"1767272399"}`}
	a := google(t, s)
	for _, token := range []string{"abc", "YA29.abc", "ya29", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln", ""} {
		require.Empty(t, ask(t, a, token).user)
	}
	require.Empty(t, s.forms)
	require.Equal(t, notMine("not asked: the token begins with another prefix"), ask(t, a, "gho_abc"))
	resp, ok, err := a.AuthenticateToken(t.Context(), ya29)
	require.NoError(t, err)
	require.True(t, ok)
	expiry, known := authn.ExpiryOf(resp.User)
	require.True(t, known)
	require.Equal(t, noon.Add(time.Hour-time.Second), expiry.UTC())
	require.Equal(t, []url.Values{{"access_token": {ya29}}}, s.forms)
	require.Equal(t, "https://oauth2.googleapis.com/tokeninfo", s.requests[0].URL.String())
	require.Equal(t, http.MethodPost, s.requests[0].Method)
	require.Empty(t, s.requests[0].Header.Get("Authorization"))
}

// What was trusted when the Authenticator was made is trusted, and nothing that is
// written into the slice afterwards.
func TestSettingsAreCopied(t *testing.T) {
	audiences, clients := []string{"other"}, []string{"other"}
	a := asking(t, says(200, active()), func(c *introspection.Config, _ *introspection.Options) { c.Audiences = audiences })
	g := google(t, says(200, `{"aud":"1075","sub":"1075","exp":"1767272399"}`), func(c *introspection.GoogleConfig, _ *introspection.Options) { c.ClientIDs = clients })
	audiences[0], clients[0] = "my-api", "1075"
	require.Equal(t, authn.WrongAudience, ask(t, a, token).reason)
	require.Equal(t, authn.WrongAudience, ask(t, g, ya29).reason)
}
