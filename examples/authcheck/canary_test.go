package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireNone wants no eight characters of a token in a text.
func requireNone(t *testing.T, token, text string) {
	t.Helper()
	for i := range len(token) - 7 {
		require.NotContains(t, text, token[i:i+8], "a part of the token")
	}
}

// canaries are tokens that are good, bad and no tokens.
func canaries(t *testing.T) map[string]string {
	issuer := newIssuer(t)
	good := issuer.Token(jane(nil))
	parts := strings.Split(good, ".")
	return map[string]string{
		"good":          good,
		"algorithm":     issuer.Sign("EdDSA", jane(nil), nil),
		"nobody's":      issuer.Token(object{"iss": "https://evil.example"}),
		"none":          issuer.Sign("RS256", jane(nil), object{"alg": "none"}),
		"two parts":     parts[0] + "." + parts[1],
		"four parts":    good + "." + parts[2],
		"padding":       good + "==",
		"blank in it":   parts[0] + " ." + parts[1] + "." + parts[2],
		"not base64url": parts[0] + ".%%canary%%." + parts[2],
		"header":        issuer.SignRaw("RS256", []byte(`{"alg":"RS256`), []byte(`{"iss":"https://login.example.com","aud":"api"}`)),
		"payload":       issuer.SignRaw("RS256", []byte(`{"alg":"RS256"}`), []byte(`{"iss":"https://login.example.com",`)),
		"large":         issuer.Token(jane(object{"groups": []string{strings.Repeat("canary", 4000)}})),
		"opaque":        "Zm9vYmFyY2FuYXJ5-4711",
		"dashes":        "--Zm9vYmFyY2FuYXJ5=4711",
	}
}

// TestCanary hands tokens in, in the right places and in all the wrong ones, and
// wants no part of one in what is printed.
func TestCanary(t *testing.T) {
	good := write(t, config)
	for name, token := range canaries(t) {
		t.Run(name, func(t *testing.T) {
			in := write(t, token)
			for _, args := range [][]string{
				{"-config", good, "-token", token},
				{"-config", good, "-token", token, "-o", "json"},
				{"-config", good, "-token", token, "-any-type"},
				{"-config", good, "-token-file", in},
				{"-config", good, "-token-file", in, "-o", "json"},
				{"-config", good, "-token", "-"},
				{"-config", good, "-token", token, "-token", token},
				{"-config", good, "-token", token, "-now", noon, token},
				{"-config", good, "-token-file", token},
				{"-config", good, "-claims", token},
				{"-config", good, "-claims-file", token},
				{"-config", good, "-claims-file", in},
				{"-config", good, "-claims", "-"},
				{"-config", good, "-token", "x", "-now", token},
				{"-config", good, "-token", "x", "-o", token},
				{"-config", good, "-token", "x", "-any-type=" + token},
				{"-config", good, "-token", "x", "-any-type", token},
				{"-config", good, "-token", "x", "-disallowed-issuer", token},
				{"-config", good, "-" + token},
				{"-config", good, "--" + token + "=1"},
				{"-config", good, "--token-" + token, "x"},
				{"-config", good, "---" + token},
				{"-config", token, "-token", token},
				{"-config", in, "-token", token},
				{"-config", write(t, "Bearer "+token), "-token", token},
				{"-config", write(t, `{"access_token":"`+token+`"}`), "-token", token},
				{"-config", write(t, "apiVersion: v1\ntoken: "+token), "-token", token},
				{"-config", write(t, head+token), "-token", token},
				{"-config", write(t, head+"jwt: "+token), "-token", token},
				{token},
				{"-config", good, "--", token},
				{"-token", token},
				{"-h", token},
			} {
				code, out, log := try(token, args...)
				require.NotEmpty(t, out+log)
				require.Contains(t, []int{accepted, refused, unusable}, code)
				requireNone(t, token, out+log)
			}
		})
	}
}

// TestCanaryInConfiguration has tokens for names of a configuration.
func TestCanaryInConfiguration(t *testing.T) {
	token := newIssuer(t).Token(jane(nil))
	for _, text := range []string{head + token + ": x", "apiVersion: v1\nkind: " + token, "kind: x\napiVersion: " + token} {
		code, out, log := try("", "-config", write(t, text), "-token", token)
		require.Equal(t, unusable, code)
		require.Contains(t, log, "<omitted>")
		requireNone(t, token, out+log)
	}
}
