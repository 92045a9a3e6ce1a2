package parity

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"unicode"
)

// wrongKey signs with a key that is not the issuer's, or not the one that "kid"
// names.
func wrongKey(r *rand.Rand, d *draft) {
	if r.IntN(2) == 0 {
		kid := d.header
		k := pick(r, d.ring.of(d.issuer)[:5])
		d.use(r, k)
		for _, m := range kid {
			if m.name == "kid" {
				d.header.set("kid", m.value)
			}
		}
		return
	}
	d.use(r, namedKey{pick(r, []string{"", "rsa", "p256", "rsa-next"}), pick(r, d.ring.stranger(d.issuer))})
}

var allAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "none", "NONE", "None", "rs256", "RS1", "", "ES256K", "dir"}

// otherAlgorithm signs with an algorithm that must not do, or as the header does
// not say.
func otherAlgorithm(r *rand.Rand, d *draft) {
	switch r.IntN(8) {
	case 0: // a key that is too short
		d.use(r, namedKey{"weak", d.ring.weak})
		d.alg = pick(r, []string{"RS256", "PS256"})
		d.header.set("alg", encode(d.alg))
	case 1: // an algorithm that upstream does not have
		d.use(r, namedKey{"ed25519", d.ring.ed25519})
	case 2: // the public key as a shared secret
		d.use(r, namedKey{"rsa", d.ring.of(d.issuer)[0].key})
		d.alg = "HS256"
		d.header.set("alg", `"HS256"`)
	case 3:
		d.alg = "none"
		d.header.set("alg", pick(r, []string{`"none"`, `"None"`, `"RS256"`, `""`, `null`}))
	case 4: // a hash that is longer than the curve: the digest is cut off
		d.use(r, namedKey{"p256", d.ring.of(d.issuer)[2].key})
		d.alg = pick(r, []string{"ES384", "ES512"})
		d.header.set("alg", encode(d.alg))
	case 5: // a salt that is not as long as the hash
		d.use(r, namedKey{"rsa", d.ring.of(d.issuer)[0].key})
		d.alg, d.salt = pick(r, []string{"PS256", "PS384", "PS512"}), pick(r, []int{0, 1, 20, 48})
		d.header.set("alg", encode(d.alg))
	case 6: // what the header says is not so
		d.header.set("alg", encode(pick(r, allAlgorithms)))
	case 7:
		d.header.set("alg", pick(r, []string{`null`, `7`, `["RS256"]`, `""`, `"RS256\u0000"`, `" RS256"`}))
	}
}

// oddHeader adds what a header rarely has, or breaks it.
func oddHeader(r *rand.Rand, d *draft) {
	switch r.IntN(3) {
	case 0:
		d.editHeader = pick(r, []func(string) string{
			func(string) string { return "" },
			func(string) string { return "null" },
			func(string) string { return "[]" },
			func(s string) string { return "[" + s + "]" },
			func(s string) string { return s + "x" },
			func(s string) string { return s + s },
			func(s string) string { return " " + s + "\n" },
			func(s string) string { return "\ufeff" + s },
			func(s string) string { return s[:len(s)-1] },
			func(s string) string { return s[:len(s)-1] + ",}" },
			func(s string) string { return s[:len(s)-1] + `,"x":"` + strings.Repeat("x", 2<<10) + `"}` },
			func(s string) string { return s[:len(s)-1] + `,"alg":"RS256"}` },
			func(s string) string { return s[:len(s)-1] + `,"x":{"y":1,"y":2}}` },
			func(s string) string { return s[:len(s)-1] + ",\"x\":\"\xff\"}" },
			func(s string) string { return s[:len(s)-1] + `,"x":"\ud800"}` },
			func(s string) string {
				return s[:len(s)-1] + `,"x":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`
			},
			func(s string) string { return strings.Replace(s, `"alg"`, `"ALG"`, 1) },
			func(s string) string { return strings.Replace(s, `"kid"`, `"Kid"`, 1) },
			func(s string) string { return s[:len(s)-1] + `,"ALG":"none","KID":"nobody's","Typ":"x"}` },
		})
	default:
		m := pick(r, []member{
			{"crit", `["exp"]`}, {"crit", `["b64"]`}, {"crit", `[]`}, {"crit", `null`}, {"crit", `"exp"`}, {"crit", `[7]`},
			{"b64", `true`}, {"b64", `false`}, {"b64", `null`}, {"b64", `"no"`}, {"zip", `"DEF"`}, {"zip", `null`}, {"cty", `"JWT"`}, {"cty", `7`}, {"enc", `"A256GCM"`},
			{"nonce", `"n"`}, {"nonce", `7`}, {"nonce", `null`}, {"jku", `"https://evil.example.com/keys"`}, {"x5u", `7`}, {"x5t", `"x"`}, {"x5t#S256", `7`},
			{"x5c", `[]`}, {"x5c", `["AAAA"]`}, {"x5c", `"AAAA"`}, {"x5c", `null`}, {"jwk", `null`}, {"jwk", `{}`}, {"jwk", `"x"`}, {"jwk", `{"kty":"oct","k":"AAAA"}`},
			{"jwk", `{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}`}, {"jwk", `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`},
			{"url", `"https://x"`}, {"unknown", `{"a":[1,null]}`}, {"n", `1e400`}, {"p2c", `1000000000`}, {"epk", `{"kty":"EC"}`},
		})
		d.header.add(m.name, m.value)
		if m.name == "b64" && r.IntN(2) == 0 {
			d.header.add("crit", `["b64"]`)
		}
	}
	if r.IntN(8) == 0 { // a key that comes with the token, and verifies it
		key := d.ring.stranger(d.issuer)[1].(*ecdsa.PrivateKey)
		d.use(r, namedKey{"", key})
		point, err := key.PublicKey.Bytes()
		if err != nil {
			panic(err) // of a key that was made here
		}
		d.header.add("jwk", encode(map[string]string{"kty": "EC", "crv": "P-256", "x": b64(string(point[1:33])), "y": b64(string(point[33:]))}))
	}
	if r.IntN(16) == 0 {
		if key, ok := d.key.(*rsa.PrivateKey); ok {
			d.header.add("x5c", encode([]string{base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&key.PublicKey))}))
		}
	}
}

// changedCase returns a name that encoding/json takes for the same.
func changedCase(r *rand.Rand, name string) string {
	switch r.IntN(4) {
	case 0:
		return strings.ToUpper(name)
	case 1:
		return string(unicode.ToUpper(rune(name[0]))) + name[1:]
	case 2:
		return strings.NewReplacer("s", "\u017f", "k", "\u212a").Replace(name)
	}
	return name[:1] + strings.ToUpper(name[1:])
}

var standardClaims = []string{"iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "at_hash", "_claim_names", "_claim_sources", "jti", "groups", "email", "email_verified"}

// otherCase gives a claim its name in another case.
func otherCase(r *rand.Rand, d *draft) {
	name := pick(r, standardClaims)
	for i := range d.claims {
		if d.claims[i].name == name {
			d.claims[i].name = changedCase(r, name)
		}
	}
}

// anotherCase adds a claim whose name is that of another but for its case.
func anotherCase(r *rand.Rand, d *draft) {
	name := pick(r, standardClaims)
	value := anyValue(r)
	for _, m := range d.claims {
		if m.name == name && r.IntN(2) == 0 {
			value = m.value
		}
	}
	switch {
	case name == "iss" && r.IntN(2) == 0:
		value = encode(pick(r, issuerURLs))
	case name == "exp" || name == "nbf" || name == "iat":
		value = pick(r, []string{value, instant(r, d.now)})
	}
	d.claims.add(changedCase(r, name), value)
}

// oddPayload is what is no JSON object, or one that is hard to read.
func oddPayload(r *rand.Rand) func(string) string {
	return pick(r, []func(string) string{
		func(string) string { return "" },
		func(string) string { return "null" },
		func(string) string { return "7" },
		func(string) string { return "{}" },
		func(string) string { return "[]" },
		func(string) string { return "jane" },
		func(s string) string { return "[" + s + "]" },
		func(s string) string { return encode(s) },
		func(s string) string { return s + "x" },
		func(s string) string { return s + s },
		func(s string) string { return s + "\x00" },
		func(s string) string { return " \t\r\n" + s + "\n " },
		func(s string) string { return "\ufeff" + s },
		func(s string) string { return "\v" + s },
		func(s string) string { return s[:len(s)-1] },
		func(s string) string { return s[:len(s)*3/4] },
		func(s string) string { return s[:len(s)-1] + ",}" },
		func(s string) string { return s[:len(s)-1] + `,"x":tru}` },
		func(s string) string { return s[:len(s)-1] + `,"x":01}` },
		func(s string) string { return s[:len(s)-1] + `,'x':1}` },
		func(s string) string { return s[:len(s)-1] + ",\"x\":\"a\nb\"}" },
		func(s string) string { return s[:len(s)-1] + ",\"x\xff\":1}" },
		func(s string) string { return strings.ReplaceAll(s, `":`, `" : `) },
		func(s string) string { return strings.ReplaceAll(s, `"`, `'`) },
		func(s string) string { return strings.Replace(s, `"sub"`, `"\u0073ub"`, 1) },
		func(s string) string { return strings.Replace(s, `"iss"`, `"\u0069s\u0073"`, 1) },
	})
}
