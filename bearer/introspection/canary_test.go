package introspection_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/introspection"
)

// echoes are the ways in which a server can repeat a secret.
func echoes(secret string) map[string]http.Handler {
	head := "HTTP/1.1 200 OK\r\n"
	member := func(name, value string) http.Handler { return says(200, active(`"`+name+`":`+value)) }
	quoted := `"` + secret + `"`
	return map[string]http.Handler{
		"status line":     hijack("HTTP/1.1 " + secret + "\r\n\r\n"),
		"status text":     hijack("HTTP/1.1 401 " + secret + "\r\n\r\n"),
		"protocol":        hijack(secret + "\r\n\r\n"),
		"header line":     hijack(head + secret + "\r\n\r\n"),
		"header":          hijack(head + "X: " + secret + "\x00\r\n\r\n"),
		"content length":  hijack(head + "Content-Length: " + secret + "\r\n\r\n"),
		"chunk length":    hijack(head + "Transfer-Encoding: chunked\r\n\r\n" + secret + "\r\n"),
		"error page":      http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, secret, 500) }),
		"error":           says(400, `{"error":`+quoted+`}`),
		"body":            says(200, secret),
		"JSON string":     says(200, quoted),
		"active":          says(200, `{"active":`+quoted+`}`),
		"member":          says(200, `{`+quoted+`:1,`+quoted+`:2}`),
		"issuer":          member("iss", quoted),
		"half an issuer":  member("iss", `"x`+secret[:len(secret)/2]+`"`),
		"issuer, cut":     member("iss", `"`+strings.Repeat("x", 100)+secret+`"`),
		"audience":        says(200, `{"active":true,"token_type":"Bearer","aud":`+quoted+`}`),
		"type":            says(200, `{"active":true,"token_type":`+quoted+`,"aud":"my-api"}`),
		"required":        member("hd", quoted),
		"name":            says(200, `{"active":true,"sub":"`+secret+`\u0000","aud":"my-api","token_type":"Bearer","hd":"x"}`),
		"Google's client": says(200, `{"aud":`+quoted+`,"exp":"1767272399"}`),
		"Google's number": says(200, `{"aud":"1075","exp":`+quoted+`}`),
		"Google's truth":  says(200, `{"aud":"1075","exp":"1767272399","email_verified":`+quoted+`}`),
	}
}

// texts returns what can be read of an error by whoever unwraps it.
func texts(err error) []string {
	if err == nil {
		return nil
	}
	all := []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			all = append(all, texts(e)...)
		}
	}
	return append(all, texts(errors.Unwrap(err))...)
}

// Nothing that can be read of an error, a trace, a health check or the Authenticator
// itself has a part of the token or of what proves who asks, however the server
// repeats it.
func TestCanary(t *testing.T) {
	random := func(size int) string {
		b := make([]byte, size)
		_, _ = rand.Read(b)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	for _, size := range []int{24, 900} {
		// Nothing long is the same once encoded.
		pieces := func() (text string) {
			for part := range slices.Chunk([]byte(random(size)), 5) {
				text += string(part) + "/"
			}
			return text
		}
		token, secret := "ya29."+pieces(), pieces()
		basic := base64.StdEncoding.EncodeToString([]byte("my-api:" + url.QueryEscape(secret)))
		for what, shown := range map[string]string{"token": token, "encoded token": url.QueryEscape(token), "secret": secret, "encoded secret": url.QueryEscape(secret), "header": basic} {
			for name, h := range echoes(shown) {
				s, _ := server(t, h)
				ours := asking(t, nil, func(c *introspection.Config, o *introspection.Options) {
					c.URL, o.Client, c.Credentials = s.URL(), s.Client(), introspection.Basic("my-api", secret)
					mappings := bySub
					mappings.Required = map[string]string{"hd": "example.com"}
					c.User = mappings.User
				})
				post := asking(t, nil, func(c *introspection.Config, o *introspection.Options) {
					c.URL, o.Client, c.Credentials = s.URL(), s.Client(), introspection.Post("my-api", secret)
				})
				googles := google(t, nil, func(c *introspection.GoogleConfig, o *introspection.Options) { c.URL, o.Client = s.URL(), s.Client() })
				for kind, a := range map[string]*introspection.Authenticator{"basic": ours, "post": post, "Google": googles} {
					if kind == "Google" && !strings.Contains(what, "token") || kind == "post" && what == "header" {
						continue // it was not sent
					}
					_, _, err := a.AuthenticateToken(t.Context(), token)
					detail := ask(t, a, token).text
					for _, text := range append(append(texts(err), texts(a.HealthCheck())...), detail, fmt.Sprintf("%v %+v", a, a)) {
						require.LessOrEqual(t, len(text), 1<<20)
						require.Empty(t, leaked(text, shown), "%s, %s of %d repeated in %s: %s", kind, what, size, name, text)
					}
				}
			}
		}
	}
}

// leaked returns eight bytes of text that are in secret too, if there are any.
func leaked(text, secret string) string {
	for i := range max(0, len(text)-7) {
		if strings.Contains(secret, text[i:i+8]) {
			return text[i : i+8]
		}
	}
	return ""
}

// Credentials do not print their secrets, and neither does what holds them.
func TestSecretsAreNotPrinted(t *testing.T) {
	for _, c := range []introspection.Credentials{introspection.Basic("my-api", "s3cret-of-my-api"), introspection.Post("my-api", "s3cret-of-my-api")} {
		config := introspection.Config{URL: endpoint, Credentials: c, Audiences: []string{"my-api"}, User: bySub.User}
		a, err := introspection.New(config, nil)
		require.NoError(t, err)
		for _, v := range []any{c, config, &config, a} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
				text := fmt.Sprintf(verb, v)
				require.NotContains(t, text, "s3cret")
				require.NotContains(t, text, "bXktYXBpOnM") // encoded
			}
		}
	}
}

// Every hostile answer is an error or not mine, and never a user.
func TestEchoesNameNobody(t *testing.T) {
	for name, h := range echoes("ya29.abcdefghijklmnop") {
		s, a := server(t, h)
		got := ask(t, a, "ya29.abcdefghijklmnop")
		if name == "required" { // without such a rule it is an answer like any other
			require.Equal(t, isUser("jane"), got)
			continue
		}
		require.NotEmpty(t, got.reason, name)
		g := google(t, nil, func(c *introspection.GoogleConfig, o *introspection.Options) { c.URL, o.Client = s.URL(), s.Client() })
		require.NotContains(t, []authn.Reason{"", authn.UnknownToken}, ask(t, g, "ya29.abcdefghijklmnop").reason, name)
	}
}
