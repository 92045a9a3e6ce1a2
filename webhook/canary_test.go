package webhook_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// echoes are the ways in which a reviewer can repeat a token, or the half of it.
func echoes(token string) map[string]http.Handler {
	head := "HTTP/1.1 200 OK\r\n"
	location := func(value string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", value)
			w.Header().Set("Content-Type", value)
			w.WriteHeader(http.StatusTemporaryRedirect)
		})
	}
	return map[string]http.Handler{
		"status line":       hijack("HTTP/1.1 " + token + "\r\n\r\n"),
		"status code":       hijack("HTTP/1.1 " + token + " OK\r\n\r\n"),
		"status text":       hijack("HTTP/1.1 401 " + token + "\r\n\r\n"),
		"protocol":          hijack(token + "\r\n\r\n"),
		"header line":       hijack(head + token + "\r\n\r\n"),
		"header name":       hijack(head + token + " : x\r\n\r\n"),
		"header":            hijack(head + "X: " + token + "\x00\r\n\r\n"),
		"content length":    hijack(head + "Content-Length: " + token + "\r\n\r\n"),
		"transfer encoding": hijack(head + "Transfer-Encoding: " + token + "\r\n\r\n"),
		"chunk length":      hijack(head + "Transfer-Encoding: chunked\r\n\r\n" + token + "\r\n"),
		"trailer":           hijack(head + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + token + "\r\n\r\n"),
		"location":          location("https://elsewhere.test/" + token),
		"bad location":      location("https://elsewhere.test:x" + token),
		"port of location":  location("https://[" + token),
		"error page":        http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, token, http.StatusInternalServerError) }),
		"body":              answer(token),
		"JSON string":       answer(`"` + token + `"`),
		"kind":              answer(`{"apiVersion":"authentication.k8s.io/v1","kind":"` + token + `"}`),
		"apiVersion":        answer(`{"apiVersion":"` + token + `","kind":"TokenReview"}`),
		"member":            answer(`{"` + token + `":1,"` + token + `":2}`),
		"key":               answer(wrapped(`{"username":"ann","extra":{"` + token + `":"x"}}`)),
		"name":              answer(wrapped(`{"username":"` + token + `\u0000"}`)),
		"error":             answer(review(`{"error":"` + token + `"}`)),
		"error with words":  answer(review(`{"error":"token ` + token + ` is revoked"}`)),
		"error, twice":      answer(review(`{"error":"` + token + token + `"}`)),
		"error, at its cut": answer(review(`{"error":"` + strings.Repeat("x", 100) + token + `"}`)),
		"error, half":       answer(review(`{"error":"bad token ` + token[:len(token)/2] + `..."}`)),
		"error, other half": answer(review(`{"error":"bad signature ` + token[len(token)/2:] + `"}`)),
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

// leaked returns eight bytes of text that are in token too, if there are any.
func leaked(text, token string) string {
	for i := range max(0, len(text)-7) {
		if strings.Contains(token, text[i:i+8]) {
			return text[i : i+8]
		}
	}
	return ""
}

// Nothing that can be read of an error or a trace has a part of the token that
// would help anybody guess the rest, however the reviewer repeats it.
func TestCanary(t *testing.T) {
	for _, size := range []int{24, 120, 900, 6000} {
		random := make([]byte, size)
		_, _ = rand.Read(random)
		token := base64.RawURLEncoding.EncodeToString(random)
		for name, h := range echoes(token) {
			t.Run(fmt.Sprint(name, " of ", size), func(t *testing.T) {
				rv := authntest.NewReviewer(t)
				rv.Serve(h)
				a := asking(t, rv, nil)
				_, ok, err := a.AuthenticateToken(t.Context(), token)
				require.Error(t, err)
				require.False(t, ok)
				link := traced(t, t.Context(), a, token)
				require.NotEmpty(t, link.Detail)
				for _, text := range append(append(texts(err), texts(a.HealthCheck())...), link.Detail) {
					require.LessOrEqual(t, len(text), 1024)
					require.Empty(t, leaked(text, token), text)
				}
			})
		}
	}
}

// The reviewer's words are kept where they are not the token.
func TestReviewersWords(t *testing.T) {
	tests := []struct {
		token, says, err string
	}{
		{"abc-123", "expired", `"expired"`},
		{"abc-123", "token abc-123 is expired", `"token [token] is expired"`},
		{"abc-123", "abc-123abc-123", `"[token][token]"`},
		{"", "no token", `"no token"`},
		{"0123456789abcdef", "x 01234567 y 789abcde z", `"x [token] y [token] z"`},
		{"0123456789abcdef", "x 0123456 y 1234568 z", `"x 0123456 y 1234568 z"`},
		{"0123456789abcdef", "0123456789abcdefcdef", `"[token]cdef"`},
		{"abc-123", "a\nb\x1b[31m", `"a\nb\x1b[31m"`},
		{"abc-123", strings.Repeat("x", 1000), `"` + strings.Repeat("x", 128) + `"…`},
	}
	for _, tt := range tests {
		rv := authntest.NewReviewer(t)
		rv.Refuse(tt.token, tt.says)
		require.Equal(t, "webhook: the reviewer says: "+tt.err, failed(t, asking(t, rv, nil), tt.token, authn.Refused))
	}
}
