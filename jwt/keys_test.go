package jwt_test

import (
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

// newRemote returns an authenticator that fetches the issuer's keys, and the
// clock of both.
func newRemote(t testing.TB, issuer *authntest.Issuer, edit ...func(*jwt.Config, *jwt.Options)) (*jwt.Authenticator, *clock) {
	t.Helper()
	clock := newClock()
	issuer.SetNow(clock.Now)
	c := jwt.Config{Issuer: issuer.URL(), Audiences: []string{audience}, User: bySub.User}
	o := &jwt.Options{Client: issuer.Client(), Now: clock.Now}
	for _, e := range edit {
		e(&c, o)
	}
	auth, err := jwt.New(c, o)
	require.NoError(t, err)
	return auth, clock
}

// jane returns a good token of the issuer's.
func jane(issuer *authntest.Issuer) string { return janeWith(issuer, nil) }

func janeWith(issuer *authntest.Issuer, header object) string {
	return issuer.Sign("ES256", object{"sub": "jane", "aud": audience}, header)
}

func unavailable(text string) answer { return answer{reason: authn.Unavailable, text: text} }

// modulus returns the base64url of an odd number that has as many bits.
func modulus(bits int) string { return b64(new(big.Int).SetBit(big.NewInt(1), bits-1, 1).Bytes()) }

func rsaJWK(bits int, e string) string {
	return `"kty":"RSA","n":"` + modulus(bits) + `","e":"` + e + `"`
}

const (
	ecJWK       = `"kty":"EC","crv":"P-256","x":"` + rfcECX + `","y":"` + rfcECY + `"`
	edJWK       = `"kty":"OKP","crv":"Ed25519","x":"` + rfcEdX + `"`
	unsupported = "go-jose/go-jose: unsupported key type, format, curve, or RSA modulus size"
	exponent    = "an RSA exponent that is even, below 3 or above 2^31-1"
)

// lowOrder returns the base64url of a point that is given in hex, zeros at its end
// left out.
func lowOrder(text string) string {
	point := make([]byte, 32)
	if _, err := hex.Decode(point, []byte(text)); err != nil {
		panic(err)
	}
	return b64(point)
}

// Members that are no keys for signatures are left out and noted, and do no harm
// to others. The kid of each is "bad".
func TestBadMembers(t *testing.T) {
	tests := []struct{ name, member, want string }{
		{"use enc", ecJWK + `,"use":"enc"`, `"use": not sig`},
		{"use SIG", ecJWK + `,"use":"SIG"`, `"use": not sig`},
		{"use null", ecJWK + `,"use":null`, `"use": not sig`},
		{"use a list", ecJWK + `,"use":["sig"]`, `"use": not sig`},
		{"key_ops sign", ecJWK + `,"key_ops":["sign"]`, `"key_ops": without verify`},
		{"key_ops empty", ecJWK + `,"key_ops":[]`, `"key_ops": without verify`},
		{"key_ops a string", ecJWK + `,"key_ops":"verify"`, `"key_ops": not a list`},
		{"key_ops of numbers", ecJWK + `,"key_ops":[1]`, `"key_ops": item 0 of the list is not a string`},
		{"alg of RSA", ecJWK + `,"alg":"RS256"`, `"alg" "RS256": does not fit the type of the key`},
		{"alg of another curve", ecJWK + `,"alg":"ES384"`, `"alg" "ES384": does not fit the type of the key`},
		{"alg of encryption", ecJWK + `,"alg":"ECDH-ES"`, `"alg" "ECDH-ES": does not fit the type of the key`},
		{"alg none", ecJWK + `,"alg":"none"`, `"alg" "none": does not fit the type of the key`},
		{"alg HS256", edJWK + `,"alg":"HS256"`, `"alg" "HS256": does not fit the type of the key`},
		{"alg a number", ecJWK + `,"alg":1`, `"alg": not a string`},
		{"oct", `"kty":"oct","k":"c2VjcmV0"`, `"kty" oct: a shared secret is no public key`},
		{"oct by an escape", `"kty":"\u006fct","k":"c2VjcmV0"`, `"kty" oct: a shared secret is no public key`},
		{"a private EC key", ecJWK + `,"d":"` + rfcECD + `"`, `"d": a private key, which is private no more`},
		{"a private RSA key", rsaJWK(2048, "AQAB") + `,"d":"` + rfcD + `"`, `"d": a private key, which is private no more`},
		{"a private Ed25519 key", edJWK + `,"d":"` + rfcEdD + `"`, `"d": a private key, which is private no more`},
		{"d null", ecJWK + `,"d":null`, `"d": a private key, which is private no more`},
		{"RSA of 1024 bits", rsaJWK(1024, "AQAB"), "an RSA key of 1024 bits, not 2048 to 8192"},
		{"RSA of 2047 bits", rsaJWK(2047, "AQAB"), "an RSA key of 2047 bits, not 2048 to 8192"},
		{"RSA of 8193 bits", rsaJWK(8193, "AQAB"), "an RSA key of 8193 bits, not 2048 to 8192"},
		{"RSA of 16384 bits", rsaJWK(16384, "AQAB"), "an RSA key of 16384 bits, not 2048 to 8192"},
		{"RSA of zeros in front", `"kty":"RSA","n":"` + strings.Repeat("A", 400) + modulus(1024) + `","e":"AQAB"`, "an RSA key of 1024 bits, not 2048 to 8192"},
		{"exponent empty", rsaJWK(2048, ""), exponent},
		{"exponent 0", rsaJWK(2048, "AA"), exponent},
		{"exponent 1", rsaJWK(2048, "AQ"), exponent},
		{"exponent 2", rsaJWK(2048, "Ag"), exponent},
		{"exponent even", rsaJWK(2048, "AQAA"), exponent},
		{"exponent 2^31+1", rsaJWK(2048, "gAAAAQ"), exponent},
		{"exponent 2^32-1", rsaJWK(2048, "_____w"), exponent},
		{"exponent 2^32+1", rsaJWK(2048, "AQAAAAE"), exponent},
		{"exponent 2^64+3", rsaJWK(2048, "AQAAAAAAAAAD"), exponent},
		{"exponent 2^2048", rsaJWK(2048, modulus(2049)), exponent},
		{"exponent padded", rsaJWK(2048, "AQAB=="), `"e": not base64url without padding`},
		{"exponent a number", `"kty":"RSA","n":"` + rfcN + `","e":65537`, `"e": not a string`},
		{"no exponent", `"kty":"RSA","n":"` + rfcN + `"`, `"e": missing`},
		{"no modulus", `"kty":"RSA","e":"AQAB"`, `"n": missing`},
		{"modulus empty", `"kty":"RSA","n":"","e":"AQAB"`, "an RSA key of 0 bits, not 2048 to 8192"},
		{"modulus with a line break", `"kty":"RSA","n":"AQAB\n","e":"AQAB"`, `"n": a line break in base64url`},
		{"P-224", `"kty":"EC","crv":"P-224","x":"` + rfcECX + `","y":"` + rfcECY + `"`, unsupported},
		{"secp256k1", `"kty":"EC","crv":"secp256k1","x":"` + rfcECX + `","y":"` + rfcECY + `"`, unsupported},
		{"off the curve", `"kty":"EC","crv":"P-256","x":"` + rfcECX + `","y":"` + rfcECX + `"`, "go-jose/go-jose: invalid EC key, X/Y are not on declared curve"},
		{"the point 0, 0", `"kty":"EC","crv":"P-256","x":"` + strings.Repeat("A", 43) + `","y":"` + strings.Repeat("A", 43) + `"`, "go-jose/go-jose: invalid EC key, X/Y are not on declared curve"},
		{"the wrong curve", `"kty":"EC","crv":"P-384","x":"` + rfcECX + `","y":"` + rfcECY + `"`, "go-jose/go-jose: invalid EC public key, wrong length for x"},
		{"no y", `"kty":"EC","crv":"P-256","x":"` + rfcECX + `"`, "go-jose/go-jose: invalid EC key, missing x/y values"},
		{"Ed25519 of 31 bytes", `"kty":"OKP","crv":"Ed25519","x":"` + b64(make([]byte, 31)) + `"`, "go-jose/go-jose: invalid Ed25519 public key, wrong length for x"},
		{"Ed25519 of 33 bytes", `"kty":"OKP","crv":"Ed25519","x":"` + b64(make([]byte, 33)) + `"`, "go-jose/go-jose: invalid Ed25519 public key, wrong length for x"},
		{"Ed25519 of low order", `"kty":"OKP","crv":"Ed25519","x":"` + b64(make([]byte, 32)) + `"`, "go-jose/go-jose: invalid Ed25519 public key, low-order point"},
		{"Ed25519 of order 1", `"kty":"OKP","crv":"Ed25519","x":"` + lowOrder("01") + `"`, "go-jose/go-jose: invalid Ed25519 public key, low-order point"},
		{"Ed25519 of order 2", `"kty":"OKP","crv":"Ed25519","x":"` + lowOrder("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f") + `"`, "go-jose/go-jose: invalid Ed25519 public key, low-order point"},
		{"Ed25519 of order 4", `"kty":"OKP","crv":"Ed25519","x":"` + lowOrder("0000000000000000000000000000000000000000000000000000000000000080") + `"`, "go-jose/go-jose: invalid Ed25519 public key, low-order point"},
		{"Ed25519 of order 8", `"kty":"OKP","crv":"Ed25519","x":"` + lowOrder("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a") + `"`, "go-jose/go-jose: invalid Ed25519 public key, low-order point"},
		{"Ed25519 of order 8, the other", `"kty":"OKP","crv":"Ed25519","x":"` + lowOrder("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05") + `"`, "go-jose/go-jose: invalid Ed25519 public key, low-order point"},
		{"Ed25519 of order 1, not reduced", `"kty":"OKP","crv":"Ed25519","x":"` + lowOrder("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f") + `"`, "go-jose/go-jose: invalid Ed25519 public key, low-order point"},
		{"Ed25519 of order 4, not reduced", `"kty":"OKP","crv":"Ed25519","x":"` + lowOrder("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f") + `"`, "go-jose/go-jose: invalid Ed25519 public key, low-order point"},
		{"Ed25519 of order 1, with a sign", `"kty":"OKP","crv":"Ed25519","x":"` + lowOrder("0100000000000000000000000000000000000000000000000000000000000080") + `"`, "go-jose/go-jose: invalid Ed25519 public key, low-order point"},
		{"Ed25519 padded", `"kty":"OKP","crv":"Ed25519","x":"` + rfcEdX + `="`, `"x": not base64url without padding`},
		{"Ed25519 with a line break", `"kty":"OKP","crv":"Ed25519","x":"` + rfcEdX + `\n"`, `"x": a line break in base64url`},
		{"Ed25519 with stray bits", `"kty":"OKP","crv":"Ed25519","x":"` + rfcEdX[:42] + `p"`, `"x": not base64url without padding`},
		{"Ed25519 without x", `"kty":"OKP","crv":"Ed25519"`, "go-jose/go-jose: invalid Ed key, missing x value"},
		{"Ed25519 as EC", `"kty":"EC","crv":"Ed25519","x":"` + rfcEdX + `"`, unsupported},
		{"P-256 as OKP", `"kty":"OKP","crv":"P-256","x":"` + rfcECX + `"`, unsupported},
		{"no crv", `"kty":"EC","x":"` + rfcECX + `","y":"` + rfcECY + `"`, unsupported},
		{"crv in lower case", `"kty":"EC","crv":"p-256","x":"` + rfcECX + `","y":"` + rfcECY + `"`, unsupported},
		{"crv a list", `"kty":"EC","crv":["P-256"],"x":"` + rfcECX + `","y":"` + rfcECY + `"`, "json: cannot unmarshal array into Go value of type string"},
		{"x a number", `"kty":"EC","crv":"P-256","x":1,"y":"` + rfcECY + `"`, "json: cannot unmarshal number into Go value of type string"},
		{"x padded", `"kty":"EC","crv":"P-256","x":"` + rfcECX + `=","y":"` + rfcECY + `"`, `"x": not base64url without padding`},
		{"y with a line break", `"kty":"EC","crv":"P-256","x":"` + rfcECX + `","y":"` + rfcECY + `\r"`, `"y": a line break in base64url`},
		{"RSA primes", rsaJWK(2048, "AQAB") + `,"p":"` + rfcP + `","q":"` + rfcQ + `"`, `"p": a private key, which is private no more`},
		{"an RSA CRT exponent", rsaJWK(2048, "AQAB") + `,"dp":"AQ"`, `"dp": a private key, which is private no more`},
		{"an even modulus", `"kty":"RSA","n":"` + rfcN[:len(rfcN)-2] + `oA","e":"AQAB"`, "an RSA key with an even modulus"},
		{"65 key_ops", ecJWK + `,"key_ops":["verify"` + strings.Repeat(`,"a"`, 64) + `]`, `"key_ops": more than 64`},
		{"x a byte longer", `"kty":"EC","crv":"P-256","x":"` + b64(append([]byte{0}, unb64(t, rfcECX)...)) + `","y":"` + rfcECY + `"`, "go-jose/go-jose: invalid EC public key, wrong length for x"},
		{"X and Y", `"kty":"EC","crv":"P-256","X":"` + rfcECX + `","Y":"` + rfcECY + `"`, "go-jose/go-jose: invalid EC key, missing x/y values"},
		{"modulus a list", `"kty":"RSA","n":["` + rfcN + `"],"e":"AQAB"`, `"n": not a string`},
		{"modulus with the other alphabet", `"kty":"RSA","n":"+/` + rfcN + `","e":"AQAB"`, `"n": not base64url without padding`},
		{"modulus padded", `"kty":"RSA","n":"` + rfcN + `==","e":"AQAB"`, `"n": not base64url without padding`},
		{"modulus in decimal", `"kty":"RSA","n":25957,"e":"AQAB"`, `"n": not a string`},
		{"exponent null", `"kty":"RSA","n":"` + rfcN + `","e":null`, `"e": not a string`},
		{"use empty", ecJWK + `,"use":""`, `"use": not sig`},
		{"use in a list of both", ecJWK + `,"use":["enc","sig"]`, `"use": not sig`},
		{"key_ops null", ecJWK + `,"key_ops":null`, `"key_ops": not a list`},
		{"key_ops of encryption", rsaJWK(2048, "AQAB") + `,"key_ops":["encrypt","wrapKey"]`, `"key_ops": without verify`},
		{"key_ops VERIFY", ecJWK + `,"key_ops":["VERIFY"]`, `"key_ops": without verify`},
		{"alg empty", ecJWK + `,"alg":""`, `"alg": empty`},
		{"alg null", ecJWK + `,"alg":null`, `"alg": not a string`},
		{"alg RSA-OAEP", rsaJWK(2048, "AQAB") + `,"alg":"RSA-OAEP"`, `"alg" "RSA-OAEP": does not fit the type of the key`},
		{"alg es256", ecJWK + `,"alg":"es256"`, `"alg" "es256": does not fit the type of the key`},
		{"kid twice", ecJWK + `,"kid":"bad"`, `offset 143: duplicate member "kid"`},
		{"kty null", `"kty":null`, `"kty": not a string`},
		{"kty AKP", `"kty":"AKP","alg":"ML-DSA-44","pub":"AA"`, unsupported},
		{"X25519", `"kty":"OKP","crv":"X25519","x":"` + rfcEdX + `"`, unsupported},
		{"Ed448", `"kty":"OKP","crv":"Ed448","x":"` + rfcEdX + `"`, unsupported},
		{"no kty", `"crv":"P-256"`, `"kty": missing`},
		{"kty in lower case", `"kty":"rsa","n":"` + rfcN + `","e":"AQAB"`, unsupported},
		{"kty a number", `"kty":1`, `"kty": not a string`},
		{"KTY", `"KTY":"RSA","n":"` + rfcN + `","e":"AQAB"`, `"kty": missing`},
		{"a member twice", `"kty":"RSA","kty":"RSA"`, `offset 30: duplicate member "kty"`},
		{"a member twice, deep down", ecJWK + `,"x-info":{"a":1,"a":2}`, `offset 157: duplicate member "a"`},
	}
	issuer := newIssuer(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			member := `{"kid":"bad",` + tt.member + `}`
			issuer.Withdraw()
			issuer.Publish(raw(member))
			auth, _ := newRemote(t, issuer)
			require.Equal(t, isUser("jane"), ask(t, auth, jane(issuer)))
			require.Equal(t, unknownKey("bad", "ES256"), ask(t, auth, janeWith(issuer, object{"kid": "bad"})))
			require.NoError(t, auth.HealthCheck())

			keys, notes, err := jwt.ParseKeySet([]byte(`{"keys":[` + member + `]}`))
			require.NoError(t, err)
			require.Empty(t, keys)
			require.Len(t, notes, 1)
			require.Contains(t, []string{`key 0 "bad": ` + tt.want, `key 0 "": ` + tt.want}, notes[0])
		})
	}
}

// Members that are fine, some of which are unusual.
func TestGoodMembers(t *testing.T) {
	for name, member := range map[string]string{
		"plain": ecJWK, "use": ecJWK + `,"use":"sig"`, "key_ops": ecJWK + `,"key_ops":["verify"]`,
		"key_ops of both": ecJWK + `,"key_ops":["sign","verify"]`, "alg": ecJWK + `,"alg":"ES256"`, "Ed25519": edJWK,
		"RSA of 2048 bits": rsaJWK(2048, "AQAB"), "RSA of 4097 bits": rsaJWK(4097, "AQAB"), "RSA of 8192 bits": rsaJWK(8192, "AQAB"),
		"exponent 3": rsaJWK(2048, "Aw"), "exponent 2^31-1": rsaJWK(2048, "f____w"), "alg PS512": rsaJWK(2048, "AQAB") + `,"alg":"PS512"`,
		"a zero before the modulus":  `"kty":"RSA","n":"` + b64(append([]byte{0}, unb64(t, rfcN)...)) + `","e":"AQAB"`,
		"certificates that are none": ecJWK + `,"x5c":["garbage"],"x5u":"http://nowhere","x5t":"!"`,
		"members of others":          ecJWK + `,"KTY":"oct","D":"x","exp":1,"n":1`,
	} {
		t.Run(name, func(t *testing.T) {
			keys, notes, err := jwt.ParseKeySet([]byte(`{"keys":[{"kid":"a",` + member + `}],"keys2":1}`))
			require.NoError(t, err)
			require.Empty(t, notes)
			require.Len(t, keys, 1)
			require.Equal(t, "a", keys[0].ID)
		})
	}
}
