package introspection_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/introspection"
)

// What is sent, to the byte.
func TestQuestion(t *testing.T) {
	tests := []struct {
		name          string
		credentials   introspection.Credentials
		authorization string
		body          string
	}{
		{"basic", introspection.Basic("my-api", "s3cret"), "Basic bXktYXBpOnMzY3JldA==", "token=abc-123&token_type_hint=access_token"},
		{"basic, of RFC 6749", introspection.Basic("s6BhdRkqt3", "gX1fBat3bV"), "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW", "token=abc-123&token_type_hint=access_token"},
		// a:b with a colon, a blank, a percent sign and an é: a%3Ab:c+d%25%C3%A9
		{"basic, encoded", introspection.Basic("a:b", "c d%é"), "Basic YSUzQWI6YytkJTI1JUMzJUE5", "token=abc-123&token_type_hint=access_token"},
		{"post", introspection.Post("my-api", "s3&cret"), "", "client_id=my-api&client_secret=s3%26cret&token=abc-123&token_type_hint=access_token"},
		{"certificate", introspection.Certificate("my-api"), "", "client_id=my-api&token=abc-123&token_type_hint=access_token"},
		{"of one's own", added(func(_ url.Values, h http.Header) { h.Set("Authorization", "Bearer of-my-api") }), "Bearer of-my-api", "token=abc-123&token_type_hint=access_token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &recorder{body: active()}
			a := asking(t, s, func(c *introspection.Config, _ *introspection.Options) { c.Credentials = tt.credentials })
			require.Equal(t, isUser("jane"), ask(t, a, "abc-123"))
			require.Equal(t, []string{tt.body}, s.bodies)
			r := s.requests[0]
			require.Equal(t, "POST "+endpoint, r.Method+" "+r.URL.String())
			require.Equal(t, int64(len(tt.body)), r.ContentLength)
			want := http.Header{"Accept": {"application/json"}, "Content-Type": {"application/x-www-form-urlencoded"}, "Idempotency-Key": nil}
			if tt.authorization != "" {
				want.Set("Authorization", tt.authorization)
			}
			require.Equal(t, want, r.Header)
		})
	}
}

// added are credentials of one's own.
type added func(url.Values, http.Header)

func (a added) Add(_ context.Context, form url.Values, header http.Header) error {
	a(form, header)
	return nil
}

type none struct{ error }

func (n none) Add(context.Context, url.Values, http.Header) error { return n.error }

func TestNoCredentialsNow(t *testing.T) {
	s := &recorder{body: active()}
	a := asking(t, s, func(c *introspection.Config, _ *introspection.Options) {
		c.Credentials = none{errors.New("the vault is sealed")}
	})
	require.Equal(t, unavailable("credentials: the vault is sealed"), ask(t, a, token))
	require.Empty(t, s.requests)
	require.EqualError(t, a.HealthCheck(), "introspection: not answered since 2026-01-01T12:00:00Z: credentials: the vault is sealed")
}

// Which tokens are sent. All that are sent arrive as they are.
func TestWhatIsSent(t *testing.T) {
	const (
		form   = "not asked: the token is not of the form that bearer tokens have"
		isJWT  = "not asked: the token looks like a JWT"
		length = "not asked: the token has more than 16384 bytes"
		signed = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln"
	)
	tests := []struct {
		name, token string
		note        string // empty: it is sent
	}{
		{"letters", "abc", ""},
		{"all characters", "azAZ09-._~+/=", ""},
		{"equals signs at the end", "abc==", ""},
		{"as long as may be", strings.Repeat("a", 16<<10), ""},
		{"dots", "ya29.c.abc", ""},
		{"three parts, the first is no JSON", "YWJj.YWJj.YWJj", ""},
		{"like a JWT without a dot", "eyJhbGciOiJSUzI1NiJ9", ""},
		{"a part that is not base64url", "eyJhbGciOiJSUzI1NiJ9~.e30.c2ln", ""},
		{"like a form", "a+b/c=", ""},

		{"empty", "", form},
		{"equals signs alone", "==", form},
		{"an equals sign inside", "a=b", form},
		{"a blank", "a b", form},
		{"a line break", "a\n", form},
		{"an ampersand", "a&client_id=b", form},
		{"a percent sign", "%41", form},
		{"a quote", `a"`, form},
		{"not ASCII", "é", form},
		{"not UTF-8", "\xff", form},
		{"NUL", "\x00", form},
		{"too long", strings.Repeat("a", 16<<10+1), length},
		{"a JWT", signed, isJWT},
		{"an encrypted JWT", "eyJhbGciOiJkaXIifQ..aXY.Y3Q.dGFn", isJWT},
		{"a JWT that is cut off", "eyJhbGciOiJSUzI1NiJ9.", isJWT},
		{"a JWT with padding", "eyJhbGciOiJSUzI1Nn0=.e30.c2ln", form},
		{"a JWT with blanks before its header", "ICB7ImFsZyI6IlJTMjU2In0.e30.c2ln", isJWT},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &recorder{body: active()}
			a := asking(t, s)
			if tt.note != "" {
				require.Equal(t, notMine(tt.note), ask(t, a, tt.token))
				require.Empty(t, s.forms)
				return
			}
			require.Equal(t, isUser("jane"), ask(t, a, tt.token))
			require.Equal(t, url.Values{"token": {tt.token}, "token_type_hint": {"access_token"}}, s.forms[0])
		})
	}
	t.Run("settings", func(t *testing.T) {
		s := &recorder{body: active()}
		require.Equal(t, isUser("jane"), ask(t, asking(t, s, func(_ *introspection.Config, o *introspection.Options) { o.JWTs = true }), signed))
		require.Equal(t, isUser("jane"), ask(t, asking(t, s, func(_ *introspection.Config, o *introspection.Options) { o.MaxBytes = 3 }), "abc"))
		require.Len(t, s.forms, 2)
		require.Equal(t, notMine("not asked: the token has more than 3 bytes"), ask(t, asking(t, s, func(_ *introspection.Config, o *introspection.Options) { o.MaxBytes = 3 }), "abcd"))
		require.Equal(t, notMine("not asked: the token begins with another prefix"), ask(t, asking(t, s, func(c *introspection.Config, _ *introspection.Options) { c.Prefix = "gho_" }), "ghp_abc"))
		require.Equal(t, notMine("not asked: the token is an authenticator's that has not accepted it"), askWith(authn.Withhold(t.Context()), t, asking(t, s), "abc"))
		require.Len(t, s.forms, 2)
	})
}

// Any status but 200 is no answer, whatever the body says.
func TestStatusCodes(t *testing.T) {
	for _, code := range []int{201, 202, 203, 204, 206, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 407, 409, 413, 415, 418, 429, 500, 501, 502, 503, 504, 599} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			asked := 0
			a := asking(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				w.Header().Set("Location", "https://elsewhere.example.com/")
				w.Header().Set("Retry-After", "17")
				says(code, active()).ServeHTTP(w, r)
			}))
			text := fmt.Sprintf("POST %s: status %d", endpoint, code)
			if code == http.StatusUnauthorized || code == http.StatusForbidden {
				text += ": the server does not take the credentials of who asks"
			}
			require.Equal(t, unavailable(text), ask(t, a, token))
			require.EqualError(t, a.HealthCheck(), "introspection: not answered since 2026-01-01T12:00:00Z: "+text)
			_, _, err := a.AuthenticateToken(t.Context(), token)
			var e *authn.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, "17s", e.RetryAfter.String())
			require.Equal(t, 2, asked)
		})
	}
}
