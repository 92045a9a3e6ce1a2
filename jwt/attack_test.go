package jwt_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"hash"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
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
	run(t, newStatic(t, keysOf(issuer)), algorithmAttacks(t, issuer))
}

func algorithmAttacks(t *testing.T, issuer *authntest.Issuer) []row {
	token := issuer.Token(good(nil))
	_, p, s := parts(token)
	unsigned := func(header string) string { return b64([]byte(header)) + "." + p + "." }
	pub := issuer.PublicKey("RS256").(*rsa.PublicKey)
	pkix, err := x509.MarshalPKIXPublicKey(pub)
	require.NoError(t, err)
	hs := func(alg string, hash func() hash.Hash, secret []byte, kid string) string {
		signed := b64([]byte(`{"alg":"`+alg+`","kid":"`+kid+`"}`)) + "." + p
		mac := hmac.New(hash, secret)
		mac.Write([]byte(signed))
		return signed + "." + b64(mac.Sum(nil))
	}
	hs256 := func(secret []byte, kid string) string { return hs("HS256", sha256.New, secret, kid) }
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})
	point, err := issuer.PublicKey("ES256").(*ecdsa.PublicKey).Bytes()
	require.NoError(t, err)
	rsaID, ecID := issuer.KeyID("RS256"), issuer.KeyID("ES256")
	return []row{
		{"as it should be", token, isUser("jane")},
		{"none", unsigned(`{"alg":"none"}`), wrongAlgorithm("none")},
		{"None", unsigned(`{"alg":"None"}`), wrongAlgorithm("None")},
		{"NONE", unsigned(`{"alg":"NONE"}`), wrongAlgorithm("NONE")},
		{"nOnE", unsigned(`{"alg":"nOnE"}`), wrongAlgorithm("nOnE")},
		{"none by an escape", unsigned(`{"alg":"\u006eone"}`), wrongAlgorithm("none")},
		{"none with a kid", unsigned(`{"alg":"none","kid":"` + rsaID + `"}`), wrongAlgorithm("none")},
		{"none with a signature", b64([]byte(`{"alg":"none"}`)) + "." + p + "." + s, wrongAlgorithm("none")},
		{"none with a blank", unsigned(`{"alg":" none"}`), wrongAlgorithm(" none")},
		{"none after NUL", unsigned(`{"alg":"\u0000none"}`), wrongAlgorithm("\x00none")},
		{"none as ｎｏｎｅ", unsigned(`{"alg":"ｎｏｎｅ"}`), wrongAlgorithm("ｎｏｎｅ")},
		{"none in a list", unsigned(`{"alg":["none"]}`), malformed(`header: "alg": not a string`)},
		{"none without an alg", unsigned(`{"typ":"JWT"}`), malformed(`header: "alg": missing`)},
		{"empty", issuer.Sign("RS256", good(nil), object{"alg": ""}), wrongAlgorithm("")},
		{"false", unsigned(`{"alg":false}`), malformed(`header: "alg": not a string`)},
		{"lower case", issuer.Sign("RS256", good(nil), object{"alg": "rs256"}), wrongAlgorithm("rs256")},
		{"blank after it", issuer.Sign("RS256", good(nil), object{"alg": "RS256 "}), wrongAlgorithm("RS256 ")},
		{"NUL after it", issuer.Sign("RS256", good(nil), object{"alg": "RS256\x00"}), wrongAlgorithm("RS256\x00")},
		{"missing", issuer.Sign("RS256", good(nil), object{"alg": nil}), malformed(`header: "alg": missing`)},
		{"null", issuer.Sign("RS256", good(nil), object{"alg": raw("null")}), malformed(`header: "alg": not a string`)},
		{"number", issuer.Sign("RS256", good(nil), object{"alg": 256}), malformed(`header: "alg": not a string`)},
		{"list", issuer.Sign("RS256", good(nil), object{"alg": []string{"RS256"}}), malformed(`header: "alg": not a string`)},
		{"ALG alone", issuer.Sign("RS256", good(nil), object{"alg": nil, "ALG": "RS256"}), malformed(`header: "alg": missing`)},
		{"ALG none beside", issuer.Sign("RS256", good(nil), object{"ALG": "none"}), isUser("jane")},
		{"HS256 with the PEM", hs256(publicPEM, rsaID), wrongAlgorithm("HS256")},
		{"HS256 with the PKCS 1 PEM", hs256(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(pub)}), rsaID), wrongAlgorithm("HS256")},
		{"HS256 with the PEM without its end of line", hs256(bytes.TrimSpace(publicPEM), rsaID), wrongAlgorithm("HS256")},
		{"HS256 with the PKCS 1 DER", hs256(x509.MarshalPKCS1PublicKey(pub), rsaID), wrongAlgorithm("HS256")},
		{"HS256 with the JWK", hs256([]byte(memberOf(t, issuer, rsaID)), rsaID), wrongAlgorithm("HS256")},
		{"HS256 with the key set", hs256(issuer.KeySet(), rsaID), wrongAlgorithm("HS256")},
		{"HS256 with the encoded modulus", hs256([]byte(b64(pub.N.Bytes())), rsaID), wrongAlgorithm("HS256")},
		{"HS256 with the elliptic point", hs256(point, ecID), wrongAlgorithm("HS256")},
		{"HS256 with the Ed25519 key", hs256(issuer.PublicKey("EdDSA").(ed25519.PublicKey), issuer.KeyID("EdDSA")), wrongAlgorithm("HS256")},
		{"HS256 with the kid", hs256([]byte(rsaID), rsaID), wrongAlgorithm("HS256")},
		{"HS384 with the PEM", hs("HS384", sha512.New384, publicPEM, rsaID), wrongAlgorithm("HS384")},
		{"HS512 with the PEM", hs("HS512", sha512.New, publicPEM, rsaID), wrongAlgorithm("HS512")},
		{"hs256 with the PEM", hs("hs256", sha256.New, publicPEM, rsaID), wrongAlgorithm("hs256")},
		{"HS256 with the DER", hs256(pkix, rsaID), wrongAlgorithm("HS256")},
		{"HS256 with the modulus", hs256(pub.N.Bytes(), rsaID), wrongAlgorithm("HS256")},
		{"HS256 with no secret", hs256(nil, ""), wrongAlgorithm("HS256")},
		{"ES256K", issuer.Sign("ES256", good(nil), object{"alg": "ES256K"}), wrongAlgorithm("ES256K")},
		{"RSA-OAEP", issuer.Sign("RS256", good(nil), object{"alg": "RSA-OAEP", "enc": "A256GCM"}), wrongAlgorithm("RSA-OAEP")},
		{"dir", issuer.Sign("RS256", good(nil), object{"alg": "dir", "enc": "A256GCM"}), wrongAlgorithm("dir")},
		{"PBES2", issuer.Sign("RS256", good(nil), object{"alg": "PBES2-HS256+A128KW", "p2c": 1 << 30, "p2s": "AA"}), wrongAlgorithm("PBES2-HS256+A128KW")},
		{"RS1", issuer.Sign("RS256", good(nil), object{"alg": "RS1"}), wrongAlgorithm("RS1")},
		{"ML-DSA-44", issuer.Sign("RS256", good(nil), object{"alg": "ML-DSA-44"}), wrongAlgorithm("ML-DSA-44")},
		{"Ed25519", issuer.Sign("EdDSA", good(nil), object{"alg": "Ed25519"}), wrongAlgorithm("Ed25519")},
		{"EdDSA, not listed", issuer.Sign("EdDSA", good(nil), nil), wrongAlgorithm("EdDSA")},
		{"RS256 says RS512", issuer.Sign("RS256", good(nil), object{"alg": "RS512"}), badSignature(rsaID)},
		{"RS256 says PS256", issuer.Sign("RS256", good(nil), object{"alg": "PS256"}), badSignature(rsaID)},
		{"PS256 says RS256", issuer.Sign("PS256", good(nil), object{"alg": "RS256"}), badSignature(rsaID)},
		{"ES256 says RS256", issuer.Sign("ES256", good(nil), object{"alg": "RS256"}), unknownKey(ecID, "RS256")},
		{"RS256 says ES256", issuer.Sign("RS256", good(nil), object{"alg": "ES256"}), unknownKey(rsaID, "ES256")},
	}
}

func TestKeyAttacks(t *testing.T) {
	issuer := newIssuer(t)
	listener, connections := countingListener(t)
	rows := keyAttacks(t, issuer, listener)
	run(t, newStatic(t, keysOf(issuer)), rows)

	remote, _ := newRemote(t, issuer) // which has a client that could be misled
	for _, r := range rows {
		h, p, s := parts(r.token)
		p = b64([]byte(strings.Replace(string(unb64(t, p)), login, issuer.URL(), 1)))
		require.NotContains(t, []authn.Reason{"", notMine}, ask(t, remote, h+"."+p+"."+s).reason, r.name)
	}
	require.Zero(t, connections())
	require.Equal(t, 2, issuer.KeyFetches(), "the first, and one for a kid that is unknown")
	_, err := http.Get(listener)
	require.Error(t, err)
	require.Equal(t, 1, connections(), "the listener itself")
}

// countingListener returns the URL of a listener that hangs up, and how many
// connections it has seen.
func countingListener(t *testing.T) (url string, connections func() int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	var seen atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			seen.Add(1)
			conn.Close()
		}
	}()
	return "http://" + l.Addr().String(), func() int { return int(seen.Load()) }
}

func keyAttacks(t *testing.T, issuer *authntest.Issuer, listener string) []row {
	attacker := newIssuer(t)
	kid := issuer.KeyID("ES256")
	pub := attacker.PublicKey("ES256").(*ecdsa.PublicKey)
	point, err := pub.Bytes()
	require.NoError(t, err)
	jwk := object{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:]), "kid": "evil"}
	cert := authntest.NewCA(t).IssueServer([]string{"localhost"})
	sign := func(header object) string { return attacker.Sign("ES256", good(nil), header) }
	mine := func(kid any) string { return issuer.Sign("ES256", good(nil), object{"kid": kid}) }
	keys := listener + "/keys"
	return []row{
		{"jwk and its kid", sign(object{"jwk": jwk, "kid": "evil"}), unknownKey("evil", "ES256")},
		{"jwk and the issuer's kid", sign(object{"jwk": jwk, "kid": kid}), badSignature(kid)},
		{"jwk and no kid", sign(object{"jwk": jwk, "kid": nil}), badSignature("")},
		{"x5c", sign(object{"x5c": []string{string(pem.EncodeToMemory(&pem.Block{Bytes: cert.Certificate[0]}))}, "kid": "evil"}), unknownKey("evil", "ES256")},
		{"jku", sign(object{"jku": keys, "kid": "evil"}), unknownKey("evil", "ES256")},
		{"jku and the issuer's kid", sign(object{"jku": keys}), badSignature(kid)},
		{"jku a file", sign(object{"jku": "file:///etc/passwd", "kid": "evil"}), unknownKey("evil", "ES256")},
		{"jku not a string", sign(object{"jku": []string{keys}, "kid": "evil"}), unknownKey("evil", "ES256")},
		{"x5u and the issuer's kid", sign(object{"x5u": keys}), badSignature(kid)},
		{"x5c and the issuer's kid", sign(object{"x5c": []string{base64.StdEncoding.EncodeToString(cert.Certificate[0])}}), badSignature(kid)},
		{"x5t of the certificate", sign(object{"x5t#S256": b64(digestOf(string(cert.Certificate[0]))), "kid": "evil"}), unknownKey("evil", "ES256")},
		{"jwk a private key", sign(object{"jwk": object{"kty": "oct", "k": "c2VjcmV0"}, "kid": "evil"}), unknownKey("evil", "ES256")},
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
		{"kid true", mine(true), malformed(`header: "kid": not a string`)},
		{"kid in upper case", mine(strings.ToUpper(kid)), unknownKey(strings.ToUpper(kid), "ES256")},
		{"kid with a blank", mine(kid + " "), unknownKey(kid+" ", "ES256")},
		{"kid LDAP", mine("*)(uid=*"), unknownKey("*)(uid=*", "ES256")},
		{"kid a template", mine("{{.}}${jndi:ldap://a}"), unknownKey("{{.}}${jndi:ldap://a}", "ES256")},
		{"kid with a newline", mine("a\nkid: b"), unknownKey("a\nkid: b", "ES256")},
		{"kid with a K of Kelvin", issuer.Sign("ES256", good(nil), object{"kid": nil, "\u212aid": "evil"}), isUser("jane")},
		{"KID", issuer.Sign("ES256", good(nil), object{"kid": nil, "KID": "evil"}), isUser("jane")},
		{"kid of the RSA key", mine(issuer.KeyID("RS256")), unknownKey(issuer.KeyID("RS256"), "ES256")},
	}
}
