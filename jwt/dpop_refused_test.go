package jwt_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/jwt"
)

func TestProofsRefused(t *testing.T) {
	issuer, c, thief := newIssuer(t), newClient(t), newClient(t)
	token := issuer.Token(good(object{"cnf": object{"jkt": c.jkt("ES256")}}))
	other := issuer.Token(good(object{"sub": "joe", "cnf": object{"jkt": c.jkt("ES256")}}))
	auth := bound(newStatic(t, keysOf(issuer), requires(jwt.Binding{DPoP: &jwt.DPoP{}})))
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // it must be refused
	require.NoError(t, err)
	jwk := func(more object) func(*sent) {
		return func(s *sent) { s.header["jwk"] = with(c.jwk("ES256"), more) }
	}
	header := func(name string, value any) func(*sent) { return func(s *sent) { s.header[name] = value } }
	claim := func(name string, value any) func(*sent) { return func(s *sent) { s.claims[name] = value } }
	wire := func(values func(string) []string) func(*sent) { return func(s *sent) { s.wire = values } }
	one := func(value func(string) string) func(*sent) {
		return wire(func(proof string) []string { return []string{value(proof)} })
	}
	resign := func(signer client, alg string, jwk object) func(*sent) {
		return func(s *sent) { s.signer, s.alg, s.header["alg"], s.header["jwk"] = signer, alg, alg, jwk }
	}
	const notThree = "DPoP proof: not three parts with dots between them"
	tests := []struct {
		name string
		edit func(*sent)
		want string
	}{
		{"no proof", wire(func(string) []string { return nil }), "0 DPoP headers instead of one"},
		{"two proofs", wire(func(p string) []string { return []string{p, p} }), "2 DPoP headers instead of one"},
		{"two proofs, one empty", wire(func(p string) []string { return []string{p, ""} }), "2 DPoP headers instead of one"},
		{"a list", one(func(p string) string { return p + ", " + p }), notThree},
		{"a list of one", one(func(p string) string { return p + "," }), "DPoP proof: signature: not base64url without padding"},
		{"empty", one(func(string) string { return "" }), notThree},
		{"no signature", one(func(p string) string { return p[:strings.LastIndexByte(p, '.')] }), notThree},
		{"an empty signature", one(func(p string) string { return p[:strings.LastIndexByte(p, '.')+1] }), "DPoP proof: the signature is not one of its key"},
		{"five parts", one(func(p string) string { return p + ".a.b" }), notThree},
		{"padding", one(func(p string) string { return p + "=" }), "DPoP proof: signature: not base64url without padding"},
		{"a blank before it", one(func(p string) string { return " " + p }), "DPoP proof: header: not base64url without padding"},
		{"a line break", one(func(p string) string { return p + "\n" }), "DPoP proof: signature: a line break in base64url"},
		{"the token", one(func(string) string { return token }), `DPoP proof: header: "typ": "JWT", not dpop+jwt`},
		{"8,193 bytes", one(func(p string) string { return p + strings.Repeat("A", 8193-len(p)) }), "DPoP proof: 8193 bytes, more than 8192"},
		{"8,192 bytes", one(func(p string) string { return p + strings.Repeat("A", 8192-len(p)) }), "DPoP proof: the signature is not one of its key"},
		{"a long header", header("x", strings.Repeat("x", 2000)), "DPoP proof: header: 2896 bytes, more than 2048"},
		{"of another key", resign(thief, "ES256", thief.jwk("ES256")), "DPoP proof: it is of another key than the token's"},
		{"signed with another key", resign(thief, "ES256", c.jwk("ES256")), "DPoP proof: the signature is not one of its key"},
		{"with another key's jwk", header("jwk", thief.jwk("ES256")), "DPoP proof: it is of another key than the token's"},
		{"another key of the client's", resign(c, "RS256", c.jwk("RS256")), "DPoP proof: it is of another key than the token's"},

		{"typ missing", header("typ", nil), `DPoP proof: header: "typ": "", not dpop+jwt`},
		{"typ JWT", header("typ", "JWT"), `DPoP proof: header: "typ": "JWT", not dpop+jwt`},
		{"typ null", header("typ", raw("null")), `DPoP proof: header: "typ": not a string`},
		{"typ with more", header("typ", "dpop+jwt;x"), `DPoP proof: header: "typ": "dpop+jwt;x", not dpop+jwt`},
		{"alg missing", header("alg", nil), `DPoP proof: header: "alg": missing`},
		{"alg none", header("alg", "none"), `DPoP proof: header: "alg": "none": not one of ` + allTen},
		{"alg HS256", header("alg", "HS256"), `DPoP proof: header: "alg": "HS256": not one of ` + allTen},
		{"alg of another curve", header("alg", "ES384"), `DPoP proof: header: "jwk": does not fit ES384`},
		{"alg of another type", header("alg", "RS256"), `DPoP proof: header: "jwk": does not fit RS256`},
		{"crit", header("crit", []string{"exp"}), `DPoP proof: header: "crit": not understood`},
		{"b64", header("b64", false), `DPoP proof: header: "b64": not understood`},
		{"zip", header("zip", "DEF"), `DPoP proof: header: "zip": not understood`},
		{"kid a number", header("kid", 1), `DPoP proof: header: "kid": not a string`},
		{"jwk missing", header("jwk", nil), `DPoP proof: header: "jwk": missing`},
		{"jku in its place", func(s *sent) { s.header["jwk"], s.header["jku"] = nil, issuer.URL()+"/keys" }, `DPoP proof: header: "jwk": missing`},
		{"x5c in its place", func(s *sent) { s.header["jwk"], s.header["x5c"] = nil, []string{"MIIB"} }, `DPoP proof: header: "jwk": missing`},
		{"kid in its place", func(s *sent) { s.header["jwk"], s.header["kid"] = nil, c.KeyID("ES256") }, `DPoP proof: header: "jwk": missing`},
		{"jwk null", header("jwk", raw("null")), `DPoP proof: header: "jwk": not an object`},
		{"jwk a text", header("jwk", string(toJSON(t, c.jwk("ES256")))), `DPoP proof: header: "jwk": not an object`},
		{"jwk a set", header("jwk", object{"keys": []object{c.jwk("ES256")}}), `DPoP proof: header: "jwk": "kty": missing`},
		{"jwk oct", header("jwk", object{"kty": "oct", "k": "c2VjcmV0"}), `DPoP proof: header: "jwk": "kty" oct: a shared secret is no public key`},
		{"jwk with d", jwk(object{"d": rfcECD}), `DPoP proof: header: "jwk": "d": a private key, which is private no more`},
		{"jwk with k", jwk(object{"k": ""}), `DPoP proof: header: "jwk": "k": a private key, which is private no more`},
		{"jwk with primes", resign(c, "RS256", with(c.jwk("RS256"), object{"p": rfcP, "q": rfcQ})), `DPoP proof: header: "jwk": "p": a private key, which is private no more`},
		{"jwk for encryption", jwk(object{"use": "enc"}), `DPoP proof: header: "jwk": "use": not sig`},
		{"jwk for signing alone", jwk(object{"key_ops": []string{"sign"}}), `DPoP proof: header: "jwk": "key_ops": without verify`},
		{"jwk for another algorithm", jwk(object{"alg": "ES384"}), `DPoP proof: header: "jwk": "alg" "ES384": does not fit the type of the key`},
		{"jwk of a weak key", resign(c, "RS256", object{"kty": "RSA", "e": "AQAB", "n": b64(weak.N.Bytes())}), `DPoP proof: header: "jwk": an RSA key of 1024 bits, not 2048 to 8192`},

		{"jti missing", claim("jti", nil), `DPoP proof: claim "jti": missing`},
		{"jti empty", claim("jti", ""), `DPoP proof: claim "jti": empty`},
		{"jti a number", claim("jti", 1), `DPoP proof: claim "jti": not a string`},
		{"htm missing", claim("htm", nil), `DPoP proof: claim "htm": missing`},
		{"htm of another method", claim("htm", "POST"), `DPoP proof: claim "htm": is of another request`},
		{"htm in lower case", claim("htm", "get"), `DPoP proof: claim "htm": is of another request`},
		{"htm a list", claim("htm", []string{"GET"}), `DPoP proof: claim "htm": not a string`},
		{"htu missing", claim("htu", nil), `DPoP proof: claim "htu": missing`},
		{"htu a number", claim("htu", 1), `DPoP proof: claim "htu": not a string`},
		{"htu of another path", claim("htu", pods+"/a"), `DPoP proof: claim "htu": "https://api.test/pods/a", not "https://api.test/pods"`},
		{"htu of another host", claim("htu", "https://evil.test/pods"), `DPoP proof: claim "htu": "https://evil.test/pods", not "https://api.test/pods"`},
		{"htu of another port", claim("htu", "https://api.test:80/pods"), `DPoP proof: claim "htu": "https://api.test:80/pods", not "https://api.test/pods"`},
		{"htu without TLS", claim("htu", "http://api.test/pods"), `DPoP proof: claim "htu": "http://api.test/pods", not "https://api.test/pods"`},
		{"htu with a user", claim("htu", "https://jane@api.test/pods"), `DPoP proof: claim "htu": not an http URL`},
		{"htu a path", claim("htu", "/pods"), `DPoP proof: claim "htu": not an http URL`},
		{"htu empty", claim("htu", ""), `DPoP proof: claim "htu": not an http URL`},
		{"htu long", claim("htu", pods+strings.Repeat("/a", 500)), `DPoP proof: claim "htu": ` + `"https://api.test/pods` + strings.Repeat("/a", 53) + `/"…, not "https://api.test/pods"`},
		{"a Host with a query", func(s *sent) {
			s.request = func(r *http.Request) { r.Host = "api.test/pods?"; r.RequestURI = "/secrets" }
		}, "DPoP proof: the request's own URL is none"},
		{"ath missing", claim("ath", nil), `DPoP proof: claim "ath": missing`},
		{"ath of another token", claim("ath", hashOf(other)), `DPoP proof: claim "ath": is of another request`},
		{"ath with padding", claim("ath", hashOf(token)+"="), `DPoP proof: claim "ath": is of another request`},
		{"another token of the client's", func(s *sent) { s.token = other }, `DPoP proof: claim "ath": is of another request`},
		{"iat missing", claim("iat", nil), `DPoP proof: claim "iat": missing`},
		{"iat a text", claim("iat", "1767268800"), `DPoP proof: claim "iat": not a number`},
		{"iat too old", claim("iat", noon.Unix()-61), `DPoP proof: claim "iat": 2026-01-01T11:58:59Z is more than 1m0s from now`},
		{"iat too far ahead", claim("iat", noon.Unix()+61), `DPoP proof: claim "iat": 2026-01-01T12:01:01Z is more than 1m0s from now`},
		{"iat at the end of time", claim("iat", raw("9223371974719179007")), `DPoP proof: claim "iat": 9223371974719179007 is more than 1m0s from now`},
		{"iat before time", claim("iat", raw("-1e300")), `DPoP proof: claim "iat": out of range`},
		{"expired", claim("exp", noon.Unix()), `DPoP proof: expired 0s ago (exp 2026-01-01T12:00:00Z)`},
		{"exp a text", claim("exp", "x"), `DPoP proof: claim "exp": not a number`},
		{"not good yet", claim("nbf", noon.Unix()+61), `DPoP proof: valid in 1m1s (nbf 2026-01-01T12:01:01Z)`},

		{"the scheme Bearer", func(s *sent) { s.scheme = "Bearer" }, "the token is bound to a key, so the scheme must be DPoP"},
		{"the scheme Bearer, without a proof", func(s *sent) { s.scheme, s.wire = "bearer", func(string) []string { return nil } }, "the token is bound to a key, so the scheme must be DPoP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := c.send(token)
			tt.edit(s)
			require.Equal(t, badProof(tt.want), answerTo(t, auth, s.build()))
		})
	}
	require.GreaterOrEqual(t, len(tests), 45)
}

// JSON that two readers could understand differently.
func TestProofForms(t *testing.T) {
	issuer, c := newIssuer(t), newClient(t)
	token := issuer.Token(good(object{"cnf": object{"jkt": c.jkt("ES256")}}))
	auth := bound(newStatic(t, keysOf(issuer), requires(jwt.Binding{DPoP: &jwt.DPoP{}})))
	jwk := string(toJSON(t, c.jwk("ES256")))
	const head = `{"typ":"dpop+jwt","alg":"ES256","jwk":`
	tests := []struct{ name, header, payload, want string }{
		{"jwk twice", head + jwk + `,"jwk":{}}`, `{}`, "header: offset 170: duplicate member \"jwk\""},
		{"a member of jwk twice", head + `{"kty":"EC","kty":"EC"}}`, `{}`, "header: offset 55: duplicate member \"kty\""},
		{"JWK in capitals", `{"typ":"dpop+jwt","alg":"ES256","JWK":` + jwk + `}`, `{}`, `header: "jwk": missing`},
		{"a list", `[]`, `{}`, "header: not a JSON object"},
		{"payload a list", head + jwk + `}`, `[]`, "payload: not a JSON object"},
		{"payload empty", head + jwk + `}`, ``, "payload: not a JSON object"},
		{"jti twice", head + jwk + `}`, `{"jti":"a","jti":"b"}`, "payload: offset 16: duplicate member \"jti\""},
		{"JTI in capitals", head + jwk + `}`, `{"JTI":"a"}`, `claim "jti": missing`},
		{"not UTF-8", head + jwk + `}`, "{\"jti\":\"\xff\"}", "payload: offset 8: not valid UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := c.send(token)
			s.wire = func(string) []string { return []string{c.SignRaw("ES256", []byte(tt.header), []byte(tt.payload))} }
			require.Equal(t, badProof("DPoP proof: "+tt.want), answerTo(t, auth, s.build()))
		})
	}
}
