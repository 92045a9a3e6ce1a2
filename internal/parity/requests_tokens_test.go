package parity

import (
	"crypto"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/authnchain/authnchain/authn/authntest"
)

// requestToken is a token by what it is.
type requestToken struct{ name, value string }

// goodTokens are those that upstream accepts.
func goodTokens(t testing.TB, ring *keyRing) []requestToken {
	return []requestToken{
		{"static", "static-jane"},
		{"static without groups", "static-bob"},
		{"static with one group", "static-carol"},
		{"static with an empty column", "static-dave"},
		{"static, authenticated", "static-known"},
		{"static, unauthenticated", "static-guest"},
		{"static, anonymous", "static-nobody"},
		{"RS256", minted(t, "RS256", ring.rsa[0], "rsa", 0, nil)},
		{"ES256", minted(t, "ES256", ring.p256[0], "p256", 0, nil)},
		{"without kid", minted(t, "RS256", ring.rsa[0], "", 0, nil)},
		{"of the second issuer", minted(t, "RS256", ring.rsa[2], "rsa", 5, nil)},
		{"ES384 of the second", minted(t, "ES384", ring.p384[1], "p384", 5, nil)},
		{"another audience of the second", minted(t, "RS256", ring.rsa[2], "rsa", 5, map[string]any{"aud": []string{"web", "x"}})},
		{"without groups", minted(t, "RS256", ring.rsa[0], "rsa", 0, map[string]any{"groups": nil})},
		{"one group", minted(t, "RS256", ring.rsa[0], "rsa", 0, map[string]any{"groups": "dev"})},
		{"without jti", minted(t, "RS256", ring.rsa[0], "rsa", 0, map[string]any{"jti": nil})},
		{"webhook", "hook-ann"},
		{"webhook, audiences", "hook-api"},
		{"webhook, error too", "hook-both"},
	}
}

// badTokens are those that upstream refuses, or accepts as somebody odd.
func badTokens(t testing.TB, ring *keyRing) []requestToken {
	past, ahead := time.Now().Add(-time.Hour).Unix(), time.Now().Add(time.Hour).Unix()
	good := minted(t, "RS256", ring.rsa[0], "rsa", 0, nil)
	return []requestToken{
		{"unknown", "nobody-knows"},
		{"static, part of one", "static-jan"},
		{"static, in another case", "Static-Jane"},
		{"long", longToken},
		{"long and unknown", strings.Repeat("x", 20_000)},
		{"expired", minted(t, "RS256", ring.rsa[0], "rsa", 0, map[string]any{"exp": past})},
		{"not yet valid", minted(t, "RS256", ring.rsa[0], "rsa", 0, map[string]any{"nbf": ahead})},
		{"without exp", minted(t, "RS256", ring.rsa[0], "rsa", 0, map[string]any{"exp": nil})},
		{"wrong audience", minted(t, "RS256", ring.rsa[0], "rsa", 0, map[string]any{"aud": "web"})},
		{"without sub", minted(t, "RS256", ring.rsa[0], "rsa", 0, map[string]any{"sub": nil})},
		{"forged", minted(t, "RS256", ring.rsa[1], "rsa", 0, nil)},
		{"by the other issuer's key", minted(t, "RS256", ring.rsa[2], "rsa", 0, nil)},
		{"alg none", minted(t, "none", ring.rsa[0], "rsa", 0, nil)},
		{"HS256 with the public key", minted(t, "HS256", ring.rsa[0], "rsa", 0, nil)},
		{"unknown issuer", minted(t, "RS256", ring.rsa[0], "rsa", 1, nil)},
		{"unknown kid", minted(t, "RS256", ring.rsa[0], "other", 0, nil)},
		{"cut off", good[:len(good)-20]},
		{"two dots", ".."},
		{"webhook knows it not", "hook-unknown"},
		{"webhook, other audiences", "hook-other"},
		{"webhook, error", "hook-error"},
		{"webhook, no name", "hook-noname"},
		{"webhook, control character", "hook-control"},
		{"webhook down", "hook-down"},
		{"webhook, no kind", "hook-nokind"},
		{"webhook that has moved", "hook-moved"},
		{"webhook, duplicate members", "hook-twice"},
		{"webhook, not ASCII", "hook-änn"},
		{"webhook, control characters in the token", "hook-\x01"},
	}
}

// minted is a token of an issuer. A nil claim is none.
func minted(t testing.TB, alg string, key crypto.Signer, id string, issuer int, claims map[string]any) string {
	t.Helper()
	now := time.Now()
	all := map[string]any{
		"iss": issuerURLs[issuer], "aud": "api", "exp": now.Add(time.Hour).Unix(), "iat": now.Add(-time.Minute).Unix(),
		"sub": "jane", "groups": []string{"dev", "ops", "dev"}, "uid": "u-9", "tenant": "acme", "jti": "a1",
	}
	for name, value := range claims {
		all[name] = value
		if value == nil {
			delete(all, name)
		}
	}
	header := map[string]string{"alg": alg, "typ": "JWT"}
	if id != "" {
		header["kid"] = id
	}
	signed := b64(encode(header)) + "." + b64(encode(all))
	signature, err := sign(alg, key, 0, []byte(signed))
	require.NoError(t, err)
	return signed + "." + b64(string(signature))
}

// schemes are forms of an Authorization header, those first that are as they
// should be.
var schemes = []struct{ name, format string }{
	{"Bearer", "Bearer %s"},
	{"lower case", "bearer %s"},
	{"mixed case", "bEARER %s"},
	{"blank at the end", "Bearer %s "},
	{"blanks around", " \tBearer %s\t "},
	{"two blanks", "Bearer  %s"},
	{"tab", "Bearer\t%s"},
	{"tab after the blank", "Bearer \t%s"},
	{"tab in the token", "Bearer %s\tb"},
	{"two words", "Bearer %s b"},
	{"two words, two blanks", "Bearer %s  b"},
	{"a list", "Bearer %s, Bearer b"},
	{"quoted", `Bearer "%s"`},
	{"equals sign", "Bearer=%s"},
	{"another scheme", "Bearerish %s"},
	{"Basic", "Basic %s"},
	{"Negotiate", "Negotiate %s"},
	{"no scheme", "%s"},
	{"no-break space at the end", "Bearer %s\u00a0"},
}

// tidySchemes are how many of schemes are as they should be.
const tidySchemes = 5

func newAuthorization(r *rand.Rand, good, bad []requestToken) []string {
	token := pick(r, good).value
	if r.IntN(4) == 0 {
		token = pick(r, bad).value
	}
	header := fmt.Sprintf(schemes[0].format, token)
	switch r.IntN(6) {
	case 0:
		header = fmt.Sprintf(pick(r, schemes[:tidySchemes]).format, token)
	case 1:
		header = fmt.Sprintf(pick(r, schemes).format, token)
	}
	switch r.IntN(20) {
	case 0:
		return []string{pick(r, []string{"", " ", "Bearer", "bearer ", "Bearer  ", "Bearer\t", "Basic", "Basic amFuZTp4", ","})}
	case 1:
		return []string{header, pick(r, []string{header, "Basic amFuZTp4", "Bearer nobody-knows", "Bearer static-bob", ""})}
	case 2:
		return []string{pick(r, []string{"", "Basic amFuZTp4"}), pick(r, []string{header, "Basic b"})}
	}
	return []string{header}
}

// review starts the reviewer of tokens.
func (p *parts) review(t *testing.T) {
	t.Helper()
	ca := authntest.NewCA(t)
	p.reviewerURL, p.reviewer = serveTLS(t, ca, http.HandlerFunc(review))
	p.reviewerRoots = ca.PEM()
}

// reviews are the answers about the tokens that there are.
var reviews = map[string]authenticationv1.TokenReviewStatus{
	"hook-ann":     {Authenticated: true, User: reviewed("ann")},
	"hook-api":     {Authenticated: true, User: reviewed("api"), Audiences: []string{"api", "x"}},
	"hook-other":   {Authenticated: true, User: reviewed("other"), Audiences: []string{"other"}},
	"hook-both":    {Authenticated: true, User: reviewed("both"), Error: "but still"},
	"hook-error":   {Error: "the directory says no"},
	"hook-noname":  {Authenticated: true, User: reviewed("")},
	"hook-control": {Authenticated: true, User: reviewed("an\x07n")},
	"hook-moved":   {Authenticated: true, User: reviewed("moved")},
	"hook-nokind":  {Authenticated: true, User: reviewed("nokind")},
	"hook-twice":   {Authenticated: true, User: reviewed("twice")},
	"hook-änn":     {Authenticated: true, User: reviewed("änn")},
	"hook-\x01":    {Authenticated: true, User: reviewed("one")},
}

func reviewed(name string) authenticationv1.UserInfo {
	return authenticationv1.UserInfo{
		Username: name, UID: "w-1", Groups: []string{"staff", "dev"},
		Extra: map[string]authenticationv1.ExtraValue{"example.com/a": {"1", "2"}, "Mixed": {""}},
	}
}

func review(w http.ResponseWriter, r *http.Request) {
	var question authenticationv1.TokenReview
	if err := json.NewDecoder(r.Body).Decode(&question); err != nil || question.Spec.Token == "hook-down" {
		http.Error(w, "down", http.StatusInternalServerError)
		return
	}
	if question.Spec.Token == "hook-moved" && r.URL.Path != "/moved" {
		http.Redirect(w, r, "/moved", http.StatusTemporaryRedirect)
		return
	}
	answer := authenticationv1.TokenReview{Status: reviews[question.Spec.Token]}
	answer.TypeMeta = metav1.TypeMeta{APIVersion: "authentication.k8s.io/v1", Kind: "TokenReview"}
	text := encode(answer)
	switch question.Spec.Token {
	case "hook-nokind":
		text = strings.Replace(text, `"kind":"TokenReview",`, "", 1)
	case "hook-twice":
		text = strings.Replace(text, `"authenticated":true`, `"authenticated":false,"authenticated":true`, 1)
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, text)
}
