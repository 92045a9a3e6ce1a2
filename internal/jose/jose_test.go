// Package jose_test has what does not show through package jwt, or is said plainer
// here. The tables of tokens, headers and key sets are jwt's: TestForms,
// TestTrailingBits and TestHeaderForms in form_test.go, TestBadMembers and
// TestGoodMembers in keys_test.go, TestBadKeySets and TestKeyNames in
// keyset_test.go; its FuzzToken and FuzzKeySet end here too. The corpora that
// others made are in internal/parity.
package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/jose"
)

func TestSplit(t *testing.T) {
	for token, want := range map[string]jose.Compact{
		"h.p.s": {Header: "h", Payload: "p", Signature: "s", Signed: "h.p"},
		"..":    {Signed: "."},
		"h..s":  {Header: "h", Signature: "s", Signed: "h."},
		".p.":   {Payload: "p", Signed: ".p"},
	} {
		got, err := jose.Split(token)
		require.NoError(t, err)
		require.Equal(t, want, got, "%q", token)
	}
	for _, token := range []string{"", ".", "h", "h.p", "h.p.s.", ".h.p.s", "h...s", strings.Repeat(".", 1<<20)} {
		got, err := jose.Split(token)
		require.EqualError(t, err, "not three parts with dots between them")
		require.Zero(t, got)
	}
}

// RFC 7515, appendix C, and RFC 4648, section 10, in the other alphabet. What is
// refused, jwt's tables have.
func TestDecode(t *testing.T) {
	for encoded, want := range map[string]string{
		"": "", "Zg": "f", "Zm8": "fo", "Zm9v": "foo", "Zm9vYg": "foob", "A-z_4ME": "\x03\xec\xff\xe0\xc1",
	} {
		got, err := jose.Decode(encoded)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
}

func TestHeader(t *testing.T) {
	for text, want := range map[string]jose.Header{
		`{"alg":"RS256"}`:                             {Algorithm: "RS256"},
		`{"alg":"","kid":"","typ":""}`:                {Typed: true},
		`{"typ":"JWT","kid":"a","alg":"x","jwk":"!"}`: {Algorithm: "x", KeyID: "a", Type: "JWT", Typed: true},
		`{"alg":"none","Alg":"RS256","KID":"a"}`:      {Algorithm: "none"},
	} {
		got, err := jose.ParseHeader(b64([]byte(text)))
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		`{}`:                        `"alg": missing`,
		`{"alg":null}`:              `"alg": not a string`,
		`{"alg":["RS256"]}`:         `"alg": not a string`,
		`{"ALG":"RS256"}`:           `"alg": missing`,
		`{"alg":"RS256","kid":7}`:   `"kid": not a string`,
		`{"alg":"RS256","kid":{}}`:  `"kid": not a string`,
		`{"alg":"RS256","typ":[]}`:  `"typ": not a string`,
		`{"alg":"RS256","crit":""}`: `"crit": not understood`,
	} {
		_, err := jose.ParseHeader(b64([]byte(text)))
		require.EqualError(t, err, want, text)
	}
}

// HeaderObject has the members that ParseHeader passes over, and does not mind those
// that it minds.
func TestHeaderObject(t *testing.T) {
	object, err := jose.HeaderObject(b64([]byte(`{"crit":["x"],"x5t":"a"}`)))
	require.NoError(t, err)
	require.Equal(t, `["x"]`, string(object.Get("crit")))
	require.Equal(t, `"a"`, string(object.Get("x5t")))
	require.True(t, object.Get("alg").Missing())
}

func TestAlgorithms(t *testing.T) {
	all := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	require.Equal(t, all, jose.Algorithms())
	require.Equal(t, all[:9], jose.DefaultAlgorithms())
	for _, name := range all {
		require.True(t, jose.Known(name), name)
		require.False(t, jose.Known(strings.ToLower(name)), name)
	}
	for _, name := range []string{"", "none", "None", "HS256", "HS512", "ES256K", "RS1", "Ed25519", "RSA-OAEP", "dir", " RS256"} {
		require.False(t, jose.Known(name), name)
	}
}

func rsaOf(bits uint, e int) *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: e}
}

// Keys that no key set, but a program's own, may hand in.
var badKeys = []struct {
	name string
	key  crypto.PublicKey
	want string
}{
	{"nil", nil, "a <nil> is no public key for signatures"},
	{"a secret", []byte("secret"), "a []uint8 is no public key for signatures"},
	{"RSA by value", *rsaOf(2048, 3), "a rsa.PublicKey is no public key for signatures"},
	{"RSA, private", &rsa.PrivateKey{PublicKey: *rsaOf(2048, 3)}, "a *rsa.PrivateKey is no public key for signatures"},
	{"RSA, nil", (*rsa.PublicKey)(nil), "an RSA key without a modulus"},
	{"RSA, empty", &rsa.PublicKey{}, "an RSA key without a modulus"},
	{"RSA of 2047 bits", rsaOf(2047, 3), "an RSA key of 2047 bits, not 2048 to 8192"},
	{"RSA of 8193 bits", rsaOf(8193, 3), "an RSA key of 8193 bits, not 2048 to 8192"},
	{"RSA, exponent -3", rsaOf(2048, -3), "an RSA exponent that is even, below 3 or above 2^31-1"},
	{"RSA, exponent 1", rsaOf(2048, 1), "an RSA exponent that is even, below 3 or above 2^31-1"},
	{"RSA, exponent 4", rsaOf(2048, 4), "an RSA exponent that is even, below 3 or above 2^31-1"},
	{"EC, nil", (*ecdsa.PublicKey)(nil), "an elliptic key without a point"},
	{"EC, empty", &ecdsa.PublicKey{Curve: elliptic.P256()}, "an elliptic key without a point"},
	{"EC, no curve", &ecdsa.PublicKey{X: big.NewInt(1), Y: big.NewInt(1)}, "an elliptic curve that no algorithm has"},                      //lint:ignore SA1019 a key that is refused
	{"EC, P-224", &ecdsa.PublicKey{Curve: elliptic.P224(), X: big.NewInt(1), Y: big.NewInt(1)}, "an elliptic curve that no algorithm has"}, //lint:ignore SA1019 a key that is refused
	{"Ed25519, nil", ed25519.PublicKey(nil), "an Ed25519 key of the wrong length"},
	{"Ed25519, private", ed25519.PublicKey(make([]byte, 64)), "an Ed25519 key of the wrong length"},
}

func TestCheckKey(t *testing.T) {
	for _, tt := range badKeys {
		require.EqualError(t, jose.CheckKey(tt.key), tt.want, tt.name)
		for _, alg := range jose.Algorithms() {
			require.False(t, jose.Key{Public: tt.key}.Fits(alg), "%s: %s", tt.name, alg)
		}
	}
	for _, key := range []crypto.PublicKey{rsaOf(2048, 3), rsaOf(8192, 1<<31-1), keyOf(t, a3.jwk).Public, keyOf(t, a4.jwk).Public, keyOf(t, ed.jwk).Public} {
		require.NoError(t, jose.CheckKey(key))
	}
}

// A key fits the algorithms of its type, and if it names one, that alone.
func TestFits(t *testing.T) {
	for _, v := range []struct {
		jwk  string
		fits []string
	}{
		{a2.jwk, []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}},
		{a3.jwk, []string{"ES256"}},
		{a4.jwk, []string{"ES512"}},
		{ed.jwk, []string{"EdDSA"}},
		{strings.Replace(a2.jwk, "{", `{"alg":"PS384",`, 1), []string{"PS384"}},
	} {
		key, got := keyOf(t, v.jwk), []string(nil)
		for _, alg := range append(jose.Algorithms(), "none", "", "HS256") {
			if key.Fits(alg) {
				got = append(got, alg)
			}
		}
		require.Equal(t, v.fits, got)
	}
}

// A good signature of a key is none under another name, asked for or not whether the
// key fits.
func TestVerifiesUnderItsNameAlone(t *testing.T) {
	for _, v := range []vector{a2, a3, a4, ed} {
		key := keyOf(t, v.jwk)
		token, err := jose.Split(v.token)
		require.NoError(t, err)
		signature, err := jose.Decode(token.Signature)
		require.NoError(t, err)
		var got []string
		for _, alg := range append(jose.Algorithms(), "none", "", "HS256", "eddsa") {
			if key.Verifies(alg, token.Signed, signature) {
				got = append(got, alg)
			}
		}
		require.Equal(t, []string{v.alg}, got)
	}
}

// Keys come out in the order of the set, and the notes say which are left out.
func TestOrder(t *testing.T) {
	keys, notes, err := jose.ParseKeySet([]byte(`{"keys":[{"kid":"a",` + a3.jwk[1:] + `,7,{"kid":"b","kty":"oct"},{"kid":"a","alg":"RS512",` + a2.jwk[1:] + `]}`))
	require.NoError(t, err)
	require.Equal(t, []string{`key 1 "": not an object`, `key 2 "b": "kty" oct: a shared secret is no public key`}, notes)
	require.Equal(t, []jose.Key{
		{ID: "a", Public: keyOf(t, a3.jwk).Public},
		{ID: "a", Algorithm: "RS512", Public: keyOf(t, a2.jwk).Public},
	}, keys)
}
