package eks_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
)

// echoes are the ways in which who is asked can repeat what was sent.
func echoes(said string) map[string]http.HandlerFunc {
	head := "HTTP/1.1 200 OK\r\n"
	letters := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return 'x'
	}, said)
	return map[string]http.HandlerFunc{
		"status line":   hijack(said + "\r\n\r\n"),
		"status text":   hijack("HTTP/1.1 401 " + said + "\r\n\r\n"),
		"header line":   hijack(head + said + "\r\n\r\n"),
		"length":        hijack(head + "Content-Length: " + said + "\r\n\r\n"),
		"encoding":      hijack(head + "Transfer-Encoding: " + said + "\r\n\r\n"),
		"location":      func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Location", said); w.WriteHeader(307) },
		"body":          answer(said),
		"error page":    status(500, said),
		"403":           status(403, said),
		"message":       status(403, jsonError("SignatureDoesNotMatch", said)),
		"message, XML":  status(403, xmlError("SignatureDoesNotMatch", said)),
		"400":           status(400, said),
		"code":          status(403, jsonError(said, "")),
		"code, of 400":  status(400, jsonError(letters[:min(len(letters), 64)], "")),
		"code, clipped": status(403, jsonError(letters[:min(len(letters), 64)], "")),
		"member":        answer(`{"` + said + `":1,"` + said + `":2}`),
		"account":       answer(identity(said, bob.arn, bob.userID)),
		"ARN":           answer(identity(bob.account, said, bob.userID)),
	}
}

func hijack(raw string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = conn.Write([]byte(raw))
			_ = conn.Close()
		}
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

// leaked returns eight bytes of text that are in one of the secrets too.
func leaked(text string, secrets ...string) string {
	for i := range max(0, len(text)-7) {
		for _, secret := range secrets {
			if strings.Contains(secret, text[i:i+8]) {
				return text[i : i+8]
			}
		}
	}
	return ""
}

// Nothing that can be read of an error or a trace has a part of a token, of its
// signature or of the session's token in it, whatever STS repeats.
func TestCanary(t *testing.T) {
	random := make([]byte, 300)
	_, _ = rand.Read(random)
	k := admin
	k.security = base64.StdEncoding.EncodeToString(random)
	r := request{key: k}
	url := r.url()
	_, signature, _ := strings.Cut(url, "X-Amz-Signature=")
	secrets := []string{r.token(), signature, k.security, escaped(k.security)}
	said := map[string]string{"token": r.token(), "URL": url, "signature": signature, "session": k.security, "escaped session": escaped(k.security),
		"half a token": r.token()[:400], "half a session": k.security[100:200]}
	for what, text := range said {
		for how, h := range echoes(text) {
			t.Run(what+" in "+how, func(t *testing.T) {
				s := newSTS(t)
				s.serve(h)
				a := s.authenticator()
				ctx, trace := authn.WithTrace(t.Context())
				_, ok, err := authn.AskToken(ctx, a, r.token())
				require.Error(t, err)
				require.False(t, ok)
				for _, text := range append(texts(err), fmt.Sprint(trace)) {
					require.LessOrEqual(t, len(text), 4096)
					require.Empty(t, leaked(text, secrets...), text)
				}
			})
		}
	}
}

// Nor has one of a token that is not sent.
func TestCanaryMalformed(t *testing.T) {
	a := newSTS(t).authenticator()
	r := request{key: admin}
	_, signature, _ := strings.Cut(r.url(), "X-Amz-Signature=")
	secrets := []string{r.token(), signature, admin.security, escaped(admin.security), hex.EncodeToString([]byte(admin.secret))}
	for i := range len(r.url()) {
		for _, bad := range []string{r.url()[:i], r.url()[i:], r.url()[:i] + "\n" + r.url()[i:], r.url()[:i] + "/" + r.url()[i:]} {
			_, ok, err := a.AuthenticateToken(t.Context(), token(bad))
			if err == nil {
				require.True(t, ok)
				continue
			}
			for _, text := range texts(err) {
				require.Empty(t, leaked(text, secrets...), text)
			}
		}
	}
}
