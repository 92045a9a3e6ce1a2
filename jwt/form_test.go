package jwt_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

func TestHeaderForms(t *testing.T) {
	issuer := newIssuer(t)
	kid := issuer.KeyID("RS256")
	sign := func(header object) string { return issuer.Sign("RS256", good(nil), header) }
	asIs := func(header string) string {
		return issuer.SignRaw("RS256", []byte(header), payload(`"sub":"jane","aud":"kubernetes","exp":1767272400`))
	}
	run(t, newStatic(t, keysOf(issuer)), []row{
		{"as it should be", asIs(`{"alg":"RS256"}`), isUser("jane")},
		{"blanks", asIs(" {\r\n\t\"alg\" : \"RS256\" } "), isUser("jane")},
		{"crit of b64", sign(object{"crit": []string{"b64"}, "b64": false}), malformed(`header: "crit": not understood`)},
		{"crit of exp", sign(object{"crit": []string{"exp"}, "exp": 1}), malformed(`header: "crit": not understood`)},
		{"crit empty", sign(object{"crit": []string{}}), malformed(`header: "crit": not understood`)},
		{"crit null", sign(object{"crit": raw("null")}), malformed(`header: "crit": not understood`)},
		{"b64 false", sign(object{"b64": false}), malformed(`header: "b64": not understood`)},
		{"b64 true", sign(object{"b64": true}), malformed(`header: "b64": not understood`)},
		{"zip", sign(object{"zip": "DEF"}), malformed(`header: "zip": not understood`)},
		{"zip null", sign(object{"zip": raw("null")}), malformed(`header: "zip": not understood`)},
		{"crit by an escape", asIs(`{"alg":"RS256","cri\u0074":[]}`), malformed(`header: "crit": not understood`)},
		{"alg twice", asIs(`{"alg":"none","alg":"RS256"}`), malformed(`header: offset 19: duplicate member "alg"`)},
		{"alg twice, by an escape", asIs(`{"alg":"RS256","\u0061lg":"none"}`), malformed(`header: offset 25: duplicate member "alg"`)},
		{"kid twice", asIs(`{"alg":"RS256","kid":"a","kid":"` + kid + `"}`), malformed(`header: offset 30: duplicate member "kid"`)},
		{"a member of a member twice", asIs(`{"alg":"RS256","x":{"y":1,"y":2}}`), malformed(`header: offset 29: duplicate member "y"`)},
		{"typ jwt", sign(object{"typ": "jwt"}), isUser("jane")},
		{"typ at+jwt", sign(object{"typ": "at+jwt"}), isUser("jane")},
		{"typ application/at+jwt", sign(object{"typ": "application/at+JWT"}), isUser("jane")},
		{"typ missing", sign(object{"typ": nil}), isUser("jane")},
		{"typ logout+jwt", sign(object{"typ": "logout+jwt"}), malformed(`header: "typ": "logout+jwt": not one of ["JWT" "at+jwt"]`)},
		{"typ application/logout+jwt", sign(object{"typ": "application/logout+jwt"}), malformed(`header: "typ": "application/logout+jwt": not one of ["JWT" "at+jwt"]`)},
		{"typ secevent+jwt", sign(object{"typ": "secevent+jwt"}), malformed(`header: "typ": "secevent+jwt": not one of ["JWT" "at+jwt"]`)},
		{"typ dpop+jwt", sign(object{"typ": "dpop+jwt"}), malformed(`header: "typ": "dpop+jwt": not one of ["JWT" "at+jwt"]`)},
		{"typ with a blank", sign(object{"typ": "JWT "}), malformed(`header: "typ": "JWT ": not one of ["JWT" "at+jwt"]`)},
		{"typ empty", sign(object{"typ": ""}), malformed(`header: "typ": "": not one of ["JWT" "at+jwt"]`)},
		{"typ null", sign(object{"typ": raw("null")}), malformed(`header: "typ": not a string`)},
		{"typ a number", sign(object{"typ": 1}), malformed(`header: "typ": not a string`)},
		{"empty", asIs(""), malformed("header: not a JSON object")},
		{"null", asIs("null"), malformed("header: not a JSON object")},
		{"a list", asIs(`[{"alg":"RS256"}]`), malformed("header: not a JSON object")},
		{"byte order mark", asIs("\ufeff" + `{"alg":"RS256"}`), malformed("header: not a JSON object")},
		{"more after it", asIs(`{"alg":"RS256"}{}`), malformed("header: offset 15: more after the object")},
		{"cut", asIs(`{"alg":"RS256"`), malformed("header: offset 14: the text ends too early")},
		{"not UTF-8", asIs(`{"alg":"RS256","x":"` + "\xff" + `"}`), malformed("header: offset 20: not valid UTF-8")},
		{"deep", asIs(`{"alg":"RS256","x":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}`), malformed("header: offset 83: more than 64 levels deep")},
		{"2,048 bytes encoded", asIs(padded(`{"alg":"RS256"}`, 1536)), isUser("jane")},
		{"2,050 bytes encoded", asIs(padded(`{"alg":"RS256"}`, 1537)), malformed("header: 2050 bytes, more than 2048")},
	})
}

// padded returns text with blanks after it.
func padded(text string, length int) string { return text + strings.Repeat(" ", length-len(text)) }

func TestForms(t *testing.T) {
	issuer := newIssuer(t)
	token := issuer.Token(good(nil))
	h, p, s := parts(token)
	const (
		threeParts = "not three parts with dots between them"
		notBase64  = "not base64url without padding"
		lineBreak  = "a line break in base64url"
	)
	run(t, newStatic(t, keysOf(issuer)), []row{
		{"empty", "", foreign(threeParts)},
		{"opaque", "s3cr3t", foreign(threeParts)},
		{"one dot", h + "." + p, foreign(threeParts)},
		{"three dots", token + ".", foreign(threeParts)},
		{"dot in front", "." + token, foreign(threeParts)},
		{"five parts", token + "." + h + "." + s, foreign(threeParts)},
		{"five parts, some empty", h + "..." + p + "." + s, foreign(threeParts)},
		{"only dots", "..", foreign("payload: not a JSON object")},
		{"no header", "." + p + "." + s, malformed("header: not a JSON object")},
		{"no payload", h + ".." + s, foreign("payload: not a JSON object")},
		{"JSON, flattened", `{"protected":"` + h + `","payload":"` + p + `","signature":"` + s + `"}`, foreign(threeParts)},
		{"JSON, general", `{"payload":"` + p + `","signatures":[{"protected":"` + h + `","signature":"` + s + `"}]}`, foreign(threeParts)},
		{"nested", issuer.SignRaw("RS256", []byte(`{"alg":"RS256","cty":"JWT"}`), []byte(token)), foreign("payload: not a JSON object")},
		{"nested in a string", issuer.SignRaw("RS256", []byte(`{"alg":"RS256"}`), []byte(`"`+token+`"`)), foreign("payload: not a JSON object")},
		{"encoded twice", b64([]byte(h)) + "." + b64([]byte(p)) + "." + b64([]byte(s)), foreign("payload: not a JSON object")},
		{"blank in front", " " + token, malformed("header: " + notBase64)},
		{"blank in the header", h[:4] + " " + h[4:] + "." + p + "." + s, malformed("header: " + notBase64)},
		{"blank in the payload", h + "." + p[:4] + " " + p[4:] + "." + s, foreign("payload: " + notBase64)},
		{"blank in the signature", h + "." + p + "." + s[:4] + " " + s[4:], malformed("signature: " + notBase64)},
		{"blank after it", token + " ", malformed("signature: " + notBase64)},
		{"tab after it", token + "\t", malformed("signature: " + notBase64)},
		{"NUL after it", token + "\x00", malformed("signature: " + notBase64)},
		{"newline in front", "\n" + token, malformed("header: " + lineBreak)},
		{"newline in the header", h[:4] + "\n" + h[4:] + "." + p + "." + s, malformed("header: " + lineBreak)},
		{"newline in the payload", h + "." + p[:4] + "\n" + p[4:] + "." + s, foreign("payload: " + lineBreak)},
		{"newline in the signature", h + "." + p + "." + s[:4] + "\n" + s[4:], malformed("signature: " + lineBreak)},
		{"newline after it", token + "\n", malformed("signature: " + lineBreak)},
		{"carriage return after it", token + "\r", malformed("signature: " + lineBreak)},
		{"padding of the header", h + "=." + p + "." + s, malformed("header: " + notBase64)},
		{"padding of the payload", h + "." + p + "=." + s, foreign("payload: " + notBase64)},
		{"padding of the signature", token + "==", malformed("signature: " + notBase64)},
		{"padding, escaped", token + "%3D%3D", malformed("signature: " + notBase64)},
		{"the other alphabet", h + "." + p + "." + s[:8] + "+/" + s[10:], malformed("signature: " + notBase64)},
		{"one character", h + "." + p + ".A", malformed("signature: " + notBase64)},
		{"not ASCII", h + "." + p + ".ſ" + s, malformed("signature: " + notBase64)},
		{"scheme in front", "Bearer " + token, malformed("header: " + notBase64)},
		{"twice", token + token, foreign(threeParts)},
	})
}

// Each byte sequence has one spelling in base64url: a last character that says
// the same in its upper bits and something in the lower ones is refused.
func TestTrailingBits(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	issuer := newIssuer(t)
	auth := newStatic(t, keysOf(issuer))
	for _, alg := range []string{"RS256", "ES256"} { // of 256 and 64 bytes: four bits are over
		token := issuer.Sign(alg, good(nil), nil)
		last := strings.IndexByte(alphabet, token[len(token)-1])
		require.Zero(t, last%16)
		require.Equal(t, isUser("jane"), ask(t, auth, token))
		for other := last + 1; other < last+16; other++ {
			require.Equal(t, malformed("signature: not base64url without padding"), ask(t, auth, token[:len(token)-1]+alphabet[other:other+1]))
		}
	}
}

func TestLength(t *testing.T) {
	issuer := newIssuer(t)
	// Blanks in the payload bring a token to any length that base64url can have.
	long := func(length int) string {
		const header = `{"alg":"ES256"}` // 20 characters, and 86 of signature
		n := length - 20 - 86 - 2
		require.NotEqual(t, 1, n%4)
		token := issuer.SignRaw("ES256", []byte(header), []byte(padded(string(payload(`"sub":"jane","aud":"kubernetes","exp":1767272400`)), n*3/4)))
		require.Len(t, token, length)
		return token
	}
	bounded := func(max int) func(*jwt.Config, *jwt.Options) {
		return func(_ *jwt.Config, o *jwt.Options) { o.MaxBytes = max }
	}
	run(t, newStatic(t, keysOf(issuer)), []row{
		{"16,384 bytes", long(16384), isUser("jane")},
		{"16,385 bytes", long(16384) + "A", foreign("16385 bytes, more than 16384")},
		{"16,386 bytes", long(16386), foreign("16386 bytes, more than 16384")},
	})
	require.Equal(t, isUser("jane"), ask(t, newStatic(t, keysOf(issuer), bounded(20000)), long(16386)))
	require.Equal(t, foreign("1000 bytes, more than 999"), ask(t, newStatic(t, keysOf(issuer), bounded(999)), long(1000)))
}

// What is far too long costs next to nothing, whatever it is.
func TestHostileLength(t *testing.T) {
	auth := newStatic(t, jwt.StaticKeys{})
	mux, err := jwt.NewMux(auth)
	require.NoError(t, err)
	const size = 1 << 20
	for name, token := range map[string]string{
		"dots":            strings.Repeat(".", size),
		"letters":         strings.Repeat("A", size),
		"a long header":   strings.Repeat("A", size-5) + ".e30.",
		"a long payload":  "e30." + strings.Repeat("A", size-5) + ".",
		"a long end":      "e30.e30." + strings.Repeat("A", size-8),
		"not base64 once": strings.Repeat("!", size),
	} {
		for _, a := range []authenticator.Token{auth, mux} {
			t.Run(name, func(t *testing.T) {
				require.Equal(t, foreign("1048576 bytes, more than 16384"), ask(t, a, token))
				bytes, objects := cost(func() { _, _, _ = a.AuthenticateToken(t.Context(), token) })
				require.LessOrEqual(t, bytes, uint64(64<<10))
				require.LessOrEqual(t, objects, uint64(16))
			})
		}
	}
	// Where the limit lets them through, dots are still only counted.
	large := newStatic(t, jwt.StaticKeys{}, func(_ *jwt.Config, o *jwt.Options) { o.MaxBytes = size })
	dots := strings.Repeat(".", size)
	require.Equal(t, foreign("not three parts with dots between them"), ask(t, large, dots))
	bytes, _ := cost(func() { _, _, _ = large.AuthenticateToken(t.Context(), dots) })
	require.LessOrEqual(t, bytes, uint64(64<<10))
}

// cost returns how many bytes and objects a call of f allocates, on average.
func cost(f func()) (bytes, objects uint64) {
	const runs = 100
	f()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs, (after.Mallocs - before.Mallocs) / runs
}

// An authenticator of a mux keeps its own limit.
func TestMuxLength(t *testing.T) {
	issuer := newIssuer(t)
	small := newStatic(t, keysOf(issuer), func(_ *jwt.Config, o *jwt.Options) { o.MaxBytes = 200 })
	large := newStatic(t, keysOf(issuer), func(c *jwt.Config, o *jwt.Options) { c.Issuer = "https://other.example.com" })
	mux, err := jwt.NewMux(small, large)
	require.NoError(t, err)
	token := issuer.SignRaw("ES256", []byte(`{"alg":"ES256"}`), []byte(padded(string(payload(`"sub":"jane","aud":"kubernetes","exp":1767272400`)), 150)))
	require.Equal(t, answer{reason: authn.Malformed, text: "the token has 308 bytes, more than 200"}, ask(t, mux, token))
}
