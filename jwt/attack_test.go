package jwt_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

const nine = `["RS256" "RS384" "RS512" "PS256" "PS384" "PS512" "ES256" "ES384" "ES512"]`

func wrongAlgorithm(alg string) answer {
	return answer{reason: authn.WrongAlgorithm, text: fmt.Sprintf(`"alg" %q: not one of %s`, alg, nine)}
}

func malformed(text string) answer { return answer{reason: authn.Malformed, text: text} }

func foreign(note string) answer { return answer{reason: notMine, text: "not a JWT: " + note} }

func badSignature(kid string) answer {
	if kid == "" {
		return answer{reason: authn.BadSignature, text: `there is no "kid", and the signature is not one of the issuer's keys that were tried`}
	}
	return answer{reason: authn.BadSignature, text: fmt.Sprintf("the signature is not one of the issuer's key %q", kid)}
}

func unknownKey(kid, alg string) answer {
	return answer{reason: authn.UnknownKey, text: fmt.Sprintf("no key %q for %s among the issuer's", kid, alg)}
}

// parts returns the three parts of a token.
func parts(token string) (header, payload, signature string) {
	p := strings.Split(token, ".")
	return p[0], p[1], p[2]
}

// withHeader returns a token with another header, for which it is not signed.
func withHeader(token, header string) string {
	_, p, s := parts(token)
	return b64([]byte(header)) + "." + p + "." + s
}

func TestAlgorithmAttacks(t *testing.T) {
	issuer := newIssuer(t)
	token := issuer.Token(good(nil))
	_, p, s := parts(token)
	unsigned := func(header string) string { return b64([]byte(header)) + "." + p + "." }
	pub := issuer.PublicKey("RS256").(*rsa.PublicKey)
	pkix, err := x509.MarshalPKIXPublicKey(pub)
	require.NoError(t, err)
	hs256 := func(secret []byte, kid string) string {
		signed := b64([]byte(`{"alg":"HS256","kid":"`+kid+`"}`)) + "." + p
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(signed))
		return signed + "." + b64(mac.Sum(nil))
	}
	rsaID, ecID := issuer.KeyID("RS256"), issuer.KeyID("ES256")
	run(t, newStatic(t, keysOf(issuer)), []row{
		{"as it should be", token, isUser("jane")},
		{"none", unsigned(`{"alg":"none"}`), wrongAlgorithm("none")},
		{"None", unsigned(`{"alg":"None"}`), wrongAlgorithm("None")},
		{"NONE", unsigned(`{"alg":"NONE"}`), wrongAlgorithm("NONE")},
		{"nOnE", unsigned(`{"alg":"nOnE"}`), wrongAlgorithm("nOnE")},
		{"none by an escape", unsigned(`{"alg":"\u006eone"}`), wrongAlgorithm("none")},
		{"none with a kid", unsigned(`{"alg":"none","kid":"` + rsaID + `"}`), wrongAlgorithm("none")},
		{"none with a signature", b64([]byte(`{"alg":"none"}`)) + "." + p + "." + s, wrongAlgorithm("none")},
		{"empty", issuer.Sign("RS256", good(nil), object{"alg": ""}), wrongAlgorithm("")},
		{"lower case", issuer.Sign("RS256", good(nil), object{"alg": "rs256"}), wrongAlgorithm("rs256")},
		{"blank after it", issuer.Sign("RS256", good(nil), object{"alg": "RS256 "}), wrongAlgorithm("RS256 ")},
		{"NUL after it", issuer.Sign("RS256", good(nil), object{"alg": "RS256\x00"}), wrongAlgorithm("RS256\x00")},
		{"missing", issuer.Sign("RS256", good(nil), object{"alg": nil}), malformed(`header: "alg": missing`)},
		{"null", issuer.Sign("RS256", good(nil), object{"alg": raw("null")}), malformed(`header: "alg": not a string`)},
		{"number", issuer.Sign("RS256", good(nil), object{"alg": 256}), malformed(`header: "alg": not a string`)},
		{"list", issuer.Sign("RS256", good(nil), object{"alg": []string{"RS256"}}), malformed(`header: "alg": not a string`)},
		{"ALG alone", issuer.Sign("RS256", good(nil), object{"alg": nil, "ALG": "RS256"}), malformed(`header: "alg": missing`)},
		{"ALG none beside", issuer.Sign("RS256", good(nil), object{"ALG": "none"}), isUser("jane")},
		{"HS256 with the PEM", hs256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix}), rsaID), wrongAlgorithm("HS256")},
		{"HS256 with the PKCS 1 PEM", hs256(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(pub)}), rsaID), wrongAlgorithm("HS256")},
		{"HS256 with the DER", hs256(pkix, rsaID), wrongAlgorithm("HS256")},
		{"HS256 with the modulus", hs256(pub.N.Bytes(), rsaID), wrongAlgorithm("HS256")},
		{"HS256 with no secret", hs256(nil, ""), wrongAlgorithm("HS256")},
		{"ES256K", issuer.Sign("ES256", good(nil), object{"alg": "ES256K"}), wrongAlgorithm("ES256K")},
		{"RSA-OAEP", issuer.Sign("RS256", good(nil), object{"alg": "RSA-OAEP", "enc": "A256GCM"}), wrongAlgorithm("RSA-OAEP")},
		{"EdDSA, not listed", issuer.Sign("EdDSA", good(nil), nil), wrongAlgorithm("EdDSA")},
		{"RS256 says RS512", issuer.Sign("RS256", good(nil), object{"alg": "RS512"}), badSignature(rsaID)},
		{"RS256 says PS256", issuer.Sign("RS256", good(nil), object{"alg": "PS256"}), badSignature(rsaID)},
		{"PS256 says RS256", issuer.Sign("PS256", good(nil), object{"alg": "RS256"}), badSignature(rsaID)},
		{"ES256 says RS256", issuer.Sign("ES256", good(nil), object{"alg": "RS256"}), unknownKey(ecID, "RS256")},
		{"RS256 says ES256", issuer.Sign("RS256", good(nil), object{"alg": "ES256"}), unknownKey(rsaID, "ES256")},
	})
}

func TestSignatureAttacks(t *testing.T) {
	issuer := newIssuer(t)
	token, ecToken := issuer.Token(good(nil)), issuer.Sign("ES256", good(nil), nil)
	h, p, s := parts(token)
	_, adminPayload, _ := parts(issuer.Token(good(object{"sub": "admin"})))
	rsaID, ecID := issuer.KeyID("RS256"), issuer.KeyID("ES256")
	n := elliptic.P256().Params().N
	ec := func(signature []byte) string { return ecToken[:strings.LastIndexByte(ecToken, '.')+1] + b64(signature) }
	pair := func(r, s *big.Int) string {
		return ec(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	}
	_, _, ecS := parts(ecToken)
	ecSignature := unb64(t, ecS)
	r, sValue := new(big.Int).SetBytes(ecSignature[:32]), new(big.Int).SetBytes(ecSignature[32:])
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, sValue})
	require.NoError(t, err)
	zero, one := new(big.Int), big.NewInt(1)
	run(t, newStatic(t, keysOf(issuer)), []row{
		{"ES256 as it should be", ecToken, isUser("jane")},
		{"ES256 r=0 s=0", pair(zero, zero), badSignature(ecID)},
		{"ES256 r=0 s=1", pair(zero, one), badSignature(ecID)},
		{"ES256 r=1 s=0", pair(one, zero), badSignature(ecID)},
		{"ES256 r=1 s=1", pair(one, one), badSignature(ecID)},
		{"ES256 r=n s=n", pair(n, n), badSignature(ecID)},
		{"ES256 s=n", pair(r, n), badSignature(ecID)},
		{"ES256 all ones", ec(bytes.Repeat([]byte{0xff}, 64)), badSignature(ecID)},
		{"ES256 in DER", ec(der), badSignature(ecID)},
		{"ES256 a byte longer", ec(append([]byte{0}, ecSignature...)), badSignature(ecID)},
		{"ES256 each half a byte longer", ec(append(append([]byte{0}, ecSignature[:32]...), append([]byte{0}, ecSignature[32:]...)...)), badSignature(ecID)},
		{"ES256 halves swapped", pair(sValue, r), badSignature(ecID)},
		{"ES256 empty", ec(nil), badSignature(ecID)},
		{"stripped", h + "." + p + ".", badSignature(rsaID)},
		{"stripped with its dot", h + "." + p, foreign("not three parts with dots between them")},
		{"truncated", h + "." + p + "." + b64(unb64(t, s)[:255]), badSignature(rsaID)},
		{"half", h + "." + p + "." + b64(unb64(t, s)[:128]), badSignature(rsaID)},
		{"zeros", h + "." + p + "." + b64(make([]byte, 256)), badSignature(rsaID)},
		{"a zero in front", h + "." + p + "." + b64(append([]byte{0}, unb64(t, s)...)), badSignature(rsaID)},
		{"twice", h + "." + p + "." + b64(append(unb64(t, s), unb64(t, s)...)), badSignature(rsaID)},
		{"the digest", h + "." + p + "." + b64(digestOf(h+"."+p)), badSignature(rsaID)},
		{"another's payload", h + "." + adminPayload + "." + s, badSignature(rsaID)},
		{"another issuer's key under the same kid", newIssuer(t).Token(good(nil)), badSignature(rsaID)},
	})
}

func digestOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// The other s for the same r verifies too, by the mathematics of ECDSA: a token
// has more than one valid form, so none may serve as its name.
func TestOtherS(t *testing.T) {
	issuer := newIssuer(t)
	token := issuer.Sign("ES256", good(nil), nil)
	_, _, s := parts(token)
	signature := unb64(t, s)
	other := new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(signature[32:]))
	other.FillBytes(signature[32:])
	require.Equal(t, isUser("jane"), ask(t, newStatic(t, keysOf(issuer)), token[:len(token)-len(s)]+b64(signature)))
}

func TestKeyAttacks(t *testing.T) {
	issuer, attacker := newIssuer(t), newIssuer(t)
	listener := newIssuer(t) // of which only the connections count
	kid := issuer.KeyID("ES256")
	pub := attacker.PublicKey("ES256").(*ecdsa.PublicKey)
	point, err := pub.Bytes()
	require.NoError(t, err)
	jwk := object{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:]), "kid": "evil"}
	cert := authntest.NewCA(t).IssueServer([]string{"localhost"})
	sign := func(header object) string { return attacker.Sign("ES256", good(nil), header) }
	mine := func(kid any) string { return issuer.Sign("ES256", good(nil), object{"kid": kid}) }
	keys := listener.URL() + "/keys"
	run(t, newStatic(t, keysOf(issuer)), []row{
		{"jwk and its kid", sign(object{"jwk": jwk, "kid": "evil"}), unknownKey("evil", "ES256")},
		{"jwk and the issuer's kid", sign(object{"jwk": jwk, "kid": kid}), badSignature(kid)},
		{"jwk and no kid", sign(object{"jwk": jwk, "kid": nil}), badSignature("")},
		{"x5c", sign(object{"x5c": []string{string(pem.EncodeToMemory(&pem.Block{Bytes: cert.Certificate[0]}))}, "kid": "evil"}), unknownKey("evil", "ES256")},
		{"jku", sign(object{"jku": keys, "kid": "evil"}), unknownKey("evil", "ES256")},
		{"jku and the issuer's kid", sign(object{"jku": keys}), badSignature(kid)},
		{"x5u", sign(object{"x5u": keys, "kid": "evil"}), unknownKey("evil", "ES256")},
		{"jku beside a good signature", issuer.Sign("ES256", good(nil), object{"jku": keys, "x5u": keys, "jwk": jwk}), isUser("jane")},
		{"kid a path", mine("../../../../dev/null"), unknownKey("../../../../dev/null", "ES256")},
		{"kid a URL", mine(keys), unknownKey(keys, "ES256")},
		{"kid SQL", mine("x' UNION SELECT 'key' -- "), unknownKey("x' UNION SELECT 'key' -- ", "ES256")},
		{"kid a command", mine("$(id)|id;`id`"), unknownKey("$(id)|id;`id`", "ES256")},
		{"kid with NUL", mine(kid + "\x00"), unknownKey(kid+"\x00", "ES256")},
		{"kid of 1,000 bytes", mine(strings.Repeat("k", 1000)), answer{reason: authn.UnknownKey, text: `no key "` + strings.Repeat("k", 128) + `"… for ES256 among the issuer's`}},
		{"kid null", mine(raw("null")), malformed(`header: "kid": not a string`)},
		{"kid a number", mine(1), malformed(`header: "kid": not a string`)},
		{"kid a list", mine([]string{kid}), malformed(`header: "kid": not a string`)},
		{"kid an object", mine(object{"a": kid}), malformed(`header: "kid": not a string`)},
		{"kid empty is none", mine(""), isUser("jane")},
		{"kid missing", mine(nil), isUser("jane")},
		{"KID", issuer.Sign("ES256", good(nil), object{"kid": nil, "KID": "evil"}), isUser("jane")},
		{"kid of the RSA key", mine(issuer.KeyID("RS256")), unknownKey(issuer.KeyID("RS256"), "ES256")},
	})
	require.Zero(t, listener.KeyFetches()+listener.Discoveries())
}

// A token without kid is tried with so many keys and no more.
func TestTries(t *testing.T) {
	issuer, other := newIssuer(t), newIssuer(t)
	token := issuer.Sign("ES256", good(nil), object{"kid": nil})
	wrong := jwt.Key{ID: "w", Public: other.PublicKey("ES256")}
	unfit := jwt.Key{ID: "u", Public: other.PublicKey("EdDSA")}
	right := jwt.Key{ID: "r", Public: issuer.PublicKey("ES256")}
	list := func(n int, k jwt.Key) (keys jwt.StaticKeys) {
		for range n {
			keys = append(keys, k)
		}
		return keys
	}
	require.Equal(t, isUser("jane"), ask(t, newStatic(t, append(list(15, wrong), right)), token))
	require.Equal(t, isUser("jane"), ask(t, newStatic(t, append(list(100, unfit), right)), token))
	require.Equal(t, badSignature(""), ask(t, newStatic(t, append(list(16, wrong), right)), token))
}
