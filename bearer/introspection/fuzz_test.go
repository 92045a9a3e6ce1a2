package introspection_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
)

// Whoever is accepted is named by an answer that says so to encoding/json too. A map
// stands in for a struct, since that would match names in any case.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		active(), active(`"exp":1767272400,"nbf":1,"iat":1.5e9,"jti":"a","iss":"https://login.example.com"`),
		active(`"scope":"read write","cnf":{}`), `{"active":false}`, `{"active":"true"}`, `{"Active":true}`,
		`{"active":false,"active":true}`, `{"active":true,"sub":"jane","aud":["my-api"],"token_type":"bearer"}`, active()[:20], active() + "{}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got := ask(t, asking(t, says(http.StatusOK, body)), token)
		require.LessOrEqual(t, len(got.text), 2048)
		if got.user == "" {
			return
		}
		require.NoError(t, authn.CheckName(got.user))
		var c map[string]any
		require.NoError(t, json.Unmarshal([]byte(body), &c))
		require.Equal(t, true, c["active"])
		require.Equal(t, c["sub"], got.user)
		require.True(t, strings.EqualFold("Bearer", c["token_type"].(string)))
		require.NotContains(t, c, "cnf")
		if list, ok := c["aud"].([]any); ok {
			require.Contains(t, list, "my-api")
		} else {
			require.Equal(t, "my-api", c["aud"])
		}
		if exp, ok := c["exp"]; ok {
			require.Greater(t, exp, float64(noon.Unix()))
		}
		if iss, ok := c["iss"]; ok {
			require.Equal(t, "https://login.example.com", iss)
		}
	})
}

func FuzzGoogle(f *testing.F) {
	for _, seed := range []string{
		`{"azp":"1075","aud":"1075","sub":"1","exp":"1767272399","expires_in":"3599","email":"a@b","email_verified":"true"}`,
		`{"aud":"1075","sub":"1","exp":1767272399,"email":"a@b","email_verified":true}`,
		`{"error":"invalid_token"}`, `{"aud":"1075","exp":"01"}`, `{"azp":"x","aud":"1075","exp":"1767272399"}`,
	} {
		f.Add(200, seed)
		f.Add(400, seed)
	}
	f.Fuzz(func(t *testing.T, code int, body string) {
		if code < 200 || code > 599 {
			return // not of a server that speaks HTTP
		}
		got := ask(t, google(t, says(code, body)), ya29)
		require.LessOrEqual(t, len(got.text), 2048)
		if got.user == "" {
			require.NotEmpty(t, got.reason)
			return
		}
		require.Equal(t, 200, code)
		var c map[string]any
		require.NoError(t, json.Unmarshal([]byte(body), &c))
		require.Equal(t, c["sub"], got.user)
		require.Contains(t, []any{"42.apps.googleusercontent.com", "1075"}, c["aud"])
		if azp, ok := c["azp"]; ok {
			require.Contains(t, []any{"42.apps.googleusercontent.com", "1075"}, azp)
		}
		if _, ok := c["email"]; ok {
			require.Contains(t, []any{"true", true}, c["email_verified"])
		}
	})
}

// What is sent arrives as it is, and is no JWT.
func FuzzToken(f *testing.F) {
	for _, seed := range []string{"abc", "a b", "a&b=c", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "ya29.c.abc", "=", "a=", "\xff", "e30."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		s := &recorder{body: active()}
		got := ask(t, asking(t, s), token)
		if got.user == "" {
			require.Empty(t, s.forms)
			require.NotEmpty(t, got.text)
			return
		}
		require.Equal(t, []url.Values{{"token": {token}, "token_type_hint": {"access_token"}}}, s.forms)
		first, _, dotted := strings.Cut(token, ".")
		var header map[string]any
		if plain, err := base64.RawURLEncoding.DecodeString(first); dotted && err == nil {
			require.Error(t, json.Unmarshal(plain, &header))
		}
	})
}
