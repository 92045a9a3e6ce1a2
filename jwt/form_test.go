package jwt_test

import (
	"bytes"
	"compress/flate"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
)

func TestHeaderForms(t *testing.T) {
	issuer := newIssuer(t)
	run(t, newStatic(t, keysOf(issuer)), headerForms(issuer))
}

func headerForms(issuer *authntest.Issuer) []row {
	kid := issuer.KeyID("RS256")
	sign := func(header object) string { return issuer.Sign("RS256", good(nil), header) }
	asIs := func(header string) string {
		return issuer.SignRaw("RS256", []byte(header), payload(`"sub":"jane","aud":"kubernetes","exp":1767272400`))
	}
	return []row{
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
		{"crit of jwk", sign(object{"crit": []string{"jwk"}, "jwk": object{}}), malformed(`header: "crit": not understood`)},
		{"crit a string", sign(object{"crit": "exp"}), malformed(`header: "crit": not understood`)},
		{"b64 null", sign(object{"b64": raw("null")}), malformed(`header: "b64": not understood`)},
		{"zip empty", sign(object{"zip": ""}), malformed(`header: "zip": not understood`)},
		{"CRIT is nothing", sign(object{"CRIT": []string{"exp"}, "B64": false, "ZIP": "DEF"}), isUser("jane")},
		{"zip twice", asIs(`{"alg":"RS256","zip":"DEF","zip":"DEF"}`), malformed(`header: offset 32: duplicate member "zip"`)},
		{"typ twice", asIs(`{"typ":"logout+jwt","alg":"RS256","typ":"JWT"}`), malformed(`header: offset 39: duplicate member "typ"`)},
		{"TYP is nothing", sign(object{"typ": nil, "TYP": "logout+jwt"}), isUser("jane")},
		{"typ LOGOUT+JWT", sign(object{"typ": "LOGOUT+JWT"}), malformed(`header: "typ": "LOGOUT+JWT": not one of ["JWT" "at+jwt"]`)},
		{"typ a list", sign(object{"typ": []string{"JWT"}}), malformed(`header: "typ": not a string`)},
		{"typ application twice", sign(object{"typ": "application/application/jwt"}), malformed(`header: "typ": "application/application/jwt": not one of ["JWT" "at+jwt"]`)},
		{"typ with a parameter", sign(object{"typ": "JWT;x=y"}), malformed(`header: "typ": "JWT;x=y": not one of ["JWT" "at+jwt"]`)},
		{"typ of a K of Kelvin", sign(object{"typ": "\u212awt"}), malformed("header: \"typ\": \"\u212awt\": not one of [\"JWT\" \"at+jwt\"]")},
		{"UTF-16", asIs(wide(`{"alg":"RS256"}`, "\x00", "")), malformed("header: not a JSON object")},
		{"a comma too many", asIs(`{"alg":"RS256",}`), malformed("header: offset 15: not valid JSON")},
		{"a comment", asIs(`{"alg":"RS256"/**/}`), malformed("header: offset 14: not valid JSON")},
		{"NUL after it", asIs(`{"alg":"RS256"}` + "\x00"), malformed("header: offset 15: more after the object")},
		{"a lone surrogate", asIs(`{"alg":"RS256","x":"\ud800"}`), malformed("header: offset 26: a lone surrogate in a string")},
		{"a string", asIs(`"RS256"`), malformed("header: not a JSON object")},
	}
}

// padded returns text with blanks after it.
func padded(text string, length int) string { return text + strings.Repeat(" ", length-len(text)) }

func TestForms(t *testing.T) {
	issuer := newIssuer(t)
	run(t, newStatic(t, keysOf(issuer)), forms(t, issuer))
}

func forms(t *testing.T, issuer *authntest.Issuer) []row {
	token := issuer.Token(good(nil))
	h, p, s := parts(token)
	const (
		threeParts = "not three parts with dots between them"
		notBase64  = "not base64url without padding"
		lineBreak  = "a line break in base64url"
	)
	return []row{
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
		{"two after each other", token + " " + token, foreign(threeParts)},
		{"two with a comma", token + "," + token, foreign(threeParts)},
		{"five parts of encryption", encrypted(p), foreign(threeParts)},
		{"five empty parts", "....", foreign(threeParts)},
		{"JSON, with a dot twice", `{"a.":".","payload":"` + p + `"}`, foreign("payload: " + notBase64)},
		{"JSON, encoded", b64([]byte(`{"protected":"` + h + `","payload":"` + p + `","signature":"` + s + `"}`)), foreign(threeParts)},
		{"JSON, all of it a list", `["` + h + `","` + p + `","` + s + `"]`, foreign(threeParts)},
		{"detached payload", h + ".." + s, foreign("payload: not a JSON object")},
		{"not encoded", string(unb64(t, h)) + "." + string(unb64(t, p)) + "." + s, foreign(threeParts)},
		{"compressed", issuer.SignRaw("RS256", []byte(`{"alg":"RS256","zip":"DEF"}`), deflated(t, unb64(t, p))), foreign("payload: not a JSON object")},
		{"nested, without cty", issuer.SignRaw("RS256", []byte(`{"alg":"RS256"}`), []byte(token)), foreign("payload: not a JSON object")},
		{"nested in a claim", issuer.SignRaw("RS256", []byte(`{"alg":"RS256","cty":"JWT"}`), []byte(`{"jwt":"`+token+`"}`)), answer{reason: notMine, text: `issued by ""`}},
		{"parts the other way round", s + "." + p + "." + h, malformed("header: not a JSON object")},
		{"header twice", h + "." + h + "." + s, answer{reason: notMine, text: `issued by ""`}},
		{"payload twice", p + "." + p + "." + s, malformed(`header: "alg": missing`)},
		{"form feed after it", token + "\f", malformed("signature: " + notBase64)},
		{"vertical tab after it", token + "\v", malformed("signature: " + notBase64)},
		{"no-break space after it", token + "\u00a0", malformed("signature: " + notBase64)},
		{"zero-width space within", h + "." + p + "." + s[:8] + "\u200b" + s[8:], malformed("signature: " + notBase64)},
		{"byte order mark in front", "\ufeff" + token, malformed("header: " + notBase64)},
		{"dots of another script", h + "．" + p + "．" + s, foreign(threeParts)},
		{"quoted", `"` + token + `"`, malformed("header: " + notBase64)},
		{"a comma after it", token + ",", malformed("signature: " + notBase64)},
		{"padding within", h + "." + p + "." + s[:8] + "=" + s[8:], malformed("signature: " + notBase64)},
		{"only padding", h + "." + p + ".==", malformed("signature: " + notBase64)},
	}
}

// encrypted returns something like a JWE (RFC 7516, section 3.1).
func encrypted(p string) string {
	header := b64([]byte(`{"alg":"RSA-OAEP","enc":"A256GCM"}`))
	return header + "." + b64(make([]byte, 256)) + "." + b64(make([]byte, 12)) + "." + p + "." + b64(make([]byte, 16))
}

// deflated returns RFC 7516, section 4.1.3, applied to a payload.
func deflated(t *testing.T, payload []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(payload)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
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
