package jwt_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

func TestSignatureAttacks(t *testing.T) {
	issuer := newIssuer(t)
	run(t, newStatic(t, keysOf(issuer)), signatureAttacks(t, issuer))
}

func signatureAttacks(t *testing.T, issuer *authntest.Issuer) []row {
	token, ecToken := issuer.Token(good(nil)), issuer.Sign("ES256", good(nil), nil)
	h, p, s := parts(token)
	_, adminPayload, _ := parts(issuer.Token(good(object{"sub": "admin"})))
	rsaID, ecID := issuer.KeyID("RS256"), issuer.KeyID("ES256")
	modulusOf := issuer.PublicKey("RS256").(*rsa.PublicKey).N
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
	zeros := func(alg string, n int) string {
		h, p, _ := parts(issuer.Sign(alg, good(nil), nil))
		return h + "." + p + "." + b64(make([]byte, n))
	}
	zero, one := new(big.Int), big.NewInt(1)
	return []row{
		{"ES256 as it should be", ecToken, isUser("jane")},
		{"ES256 r=0 s=0", pair(zero, zero), badSignature(ecID)},
		{"ES256 r=0 s=1", pair(zero, one), badSignature(ecID)},
		{"ES256 r=1 s=0", pair(one, zero), badSignature(ecID)},
		{"ES256 r=1 s=1", pair(one, one), badSignature(ecID)},
		{"ES256 r=n s=n", pair(n, n), badSignature(ecID)},
		{"ES256 s=n", pair(r, n), badSignature(ecID)},
		{"ES256 r=n", pair(n, sValue), badSignature(ecID)},
		{"ES256 r=n+1", pair(new(big.Int).Add(n, one), sValue), badSignature(ecID)},
		{"ES256 s=n+1", pair(r, new(big.Int).Add(n, one)), badSignature(ecID)},
		{"ES256 r=0", pair(zero, sValue), badSignature(ecID)},
		{"ES256 s=0", pair(r, zero), badSignature(ecID)},
		{"ES256 r of the generator", pair(elliptic.P256().Params().Gx, one), badSignature(ecID)},
		{"ES384 r=0 s=0", zeros("ES384", 96), badSignature(issuer.KeyID("ES384"))},
		{"ES512 r=0 s=0", zeros("ES512", 132), badSignature(issuer.KeyID("ES512"))},
		{"ES512 of 128 bytes", zeros("ES512", 128), badSignature(issuer.KeyID("ES512"))},
		{"ES256 all ones", ec(bytes.Repeat([]byte{0xff}, 64)), badSignature(ecID)},
		{"ES256 in DER", ec(der), badSignature(ecID)},
		{"ES256 a byte longer", ec(append([]byte{0}, ecSignature...)), badSignature(ecID)},
		{"ES256 each half a byte longer", ec(append(append([]byte{0}, ecSignature[:32]...), append([]byte{0}, ecSignature[32:]...)...)), badSignature(ecID)},
		{"ES256 a byte shorter", ec(ecSignature[:63]), badSignature(ecID)},
		{"ES256 r alone", ec(ecSignature[:32]), badSignature(ecID)},
		{"ES256 a zero after it", ec(append(slices.Clone(ecSignature), 0)), badSignature(ecID)},
		{"ES256 halves swapped", pair(sValue, r), badSignature(ecID)},
		{"ES256 empty", ec(nil), badSignature(ecID)},
		{"stripped", h + "." + p + ".", badSignature(rsaID)},
		{"stripped with its dot", h + "." + p, foreign("not three parts with dots between them")},
		{"truncated", h + "." + p + "." + b64(unb64(t, s)[:255]), badSignature(rsaID)},
		{"half", h + "." + p + "." + b64(unb64(t, s)[:128]), badSignature(rsaID)},
		{"zeros", h + "." + p + "." + b64(make([]byte, 256)), badSignature(rsaID)},
		{"a zero in front", h + "." + p + "." + b64(append([]byte{0}, unb64(t, s)...)), badSignature(rsaID)},
		{"all ones", h + "." + p + "." + b64(bytes.Repeat([]byte{0xff}, 256)), badSignature(rsaID)},
		{"the modulus", h + "." + p + "." + b64(modulusOf.Bytes()), badSignature(rsaID)},
		{"one", h + "." + p + "." + b64(one.FillBytes(make([]byte, 256))), badSignature(rsaID)},
		{"negated", h + "." + p + "." + b64(new(big.Int).Sub(modulusOf, number(t, s)).FillBytes(make([]byte, 256))), badSignature(rsaID)},
		{"the modulus more", withModulus(t, issuer), badSignature(rsaID)},
		{"bytes the other way round", h + "." + p + "." + b64(backwards(unb64(t, s))), badSignature(rsaID)},
		{"ES256's", h + "." + p + "." + ecS, badSignature(rsaID)},
		{"encoded twice", h + "." + p + "." + b64([]byte(s)), badSignature(rsaID)},
		{"twice", h + "." + p + "." + b64(append(unb64(t, s), unb64(t, s)...)), badSignature(rsaID)},
		{"the digest", h + "." + p + "." + b64(digestOf(h+"."+p)), badSignature(rsaID)},
		{"the payload's blanks", h + "." + b64(append(unb64(t, p), ' ')) + "." + s, badSignature(rsaID)},
		{"a header's blanks", b64(append(unb64(t, h), ' ')) + "." + p + "." + s, badSignature(rsaID)},
		{"another's payload", h + "." + adminPayload + "." + s, badSignature(rsaID)},
		{"another issuer's key under the same kid", newIssuer(t).Token(good(nil)), badSignature(rsaID)},
	}
}

func digestOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// withModulus returns a token whose signature is the right one and the modulus,
// which are as good as the right one to who does not look at its size.
func withModulus(t *testing.T, issuer *authntest.Issuer) string {
	t.Helper()
	n := issuer.PublicKey("RS256").(*rsa.PublicKey).N
	for i := range 200 {
		h, p, s := parts(issuer.Sign("RS256", good(object{"i": i}), nil))
		if more := new(big.Int).Add(number(t, s), n); more.BitLen() <= 2048 {
			return h + "." + p + "." + b64(more.FillBytes(make([]byte, 256)))
		}
	}
	t.Fatal("a modulus that leaves no room")
	return ""
}

func backwards(b []byte) []byte {
	slices.Reverse(b)
	return b
}

// What a lax reader of RFC 8017, section 9.2, takes for a signature.
func TestPaddingAttacks(t *testing.T) {
	key := rfcRSAKey(t)
	weak := &rsa.PublicKey{N: number(t, rfcN), E: 3}
	auth := newStatic(t, jwt.StaticKeys{{ID: "65537", Public: &key.PublicKey}, {ID: "3", Public: weak}})
	signed := func(kid string) string {
		return b64([]byte(`{"alg":"RS256","kid":"`+kid+`"}`)) + "." + b64([]byte(`{`+full+`}`))
	}
	with := func(hash crypto.Hash, digest []byte) string {
		signature, err := rsa.SignPKCS1v15(nil, key, hash, digest)
		require.NoError(t, err)
		return signed("65537") + "." + b64(signature)
	}
	digest := digestOf(signed("65537"))
	short := sha1.Sum([]byte(signed("65537")))
	der, err := hex.DecodeString("3031300d060960864801650304020105000420")
	require.NoError(t, err)
	withoutNull, err := hex.DecodeString("302f300b0609608648016503040201" + "0420")
	require.NoError(t, err)
	run(t, auth, []row{
		{"as it should be", with(crypto.SHA256, digest), isUser("jane")},
		{"as it should be, by hand", with(0, slices.Concat(der, digest)), isUser("jane")},
		{"SHA-1", with(crypto.SHA1, short[:]), badSignature("65537")},
		{"no hash is named", with(0, digest), badSignature("65537")},
		{"no NULL", with(0, slices.Concat(withoutNull, digest)), badSignature("65537")},
		{"more after the digest", with(0, slices.Concat(der, digest, []byte{0})), badSignature("65537")},
		{"a cube root", signed("3") + "." + b64(cubeRoot(slices.Concat(der, digestOf(signed("3"))))), badSignature("3")},
	})
}

// cubeRoot returns a number whose cube begins like a signature of 2048 bits, with
// garbage after the digest: what Bleichenbacher showed at CRYPTO 2006.
func cubeRoot(digest []byte) []byte {
	block := make([]byte, 256)
	copy(block, slices.Concat([]byte{0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 0}, digest))
	for i := 11 + len(digest); i < len(block); i++ {
		block[i] = 255
	}
	want, root := new(big.Int).SetBytes(block), new(big.Int)
	for bit := 700; bit >= 0; bit-- {
		root.SetBit(root, bit, 1)
		if new(big.Int).Exp(root, big.NewInt(3), nil).Cmp(want) > 0 {
			root.SetBit(root, bit, 0)
		}
	}
	return root.FillBytes(block)
}

// RFC 8032, section 5.1.7: S is below the order of the group.
func TestEd25519Attacks(t *testing.T) {
	issuer := newIssuer(t)
	run(t, newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) { c.Algorithms = allAlgorithms }), ed25519Attacks(t, issuer))
}

func ed25519Attacks(t *testing.T, issuer *authntest.Issuer) []row {
	token := issuer.Sign("EdDSA", good(nil), nil)
	h, p, s := parts(token)
	signature := unb64(t, s)
	kid := issuer.KeyID("EdDSA")
	with := func(parts ...[]byte) string { return h + "." + p + "." + b64(slices.Concat(parts...)) }
	order, ok := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	require.True(t, ok)
	more := func(times int64) []byte { // the other S, with so many orders more
		value := new(big.Int).SetBytes(backwards(slices.Clone(signature[32:])))
		value.Add(value, new(big.Int).Mul(order, big.NewInt(times)))
		return backwards(value.FillBytes(make([]byte, 32)))
	}
	identity, zeros := append([]byte{1}, make([]byte, 31)...), make([]byte, 32)
	public := []byte(issuer.PublicKey("EdDSA").(ed25519.PublicKey))
	return []row{
		{"EdDSA as it should be", token, isUser("jane")},
		{"EdDSA as it should be, by hand", with(signature[:32], more(0)), isUser("jane")},
		{"EdDSA S+L", with(signature[:32], more(1)), badSignature(kid)},
		{"EdDSA S+8L", with(signature[:32], more(8)), badSignature(kid)},
		{"EdDSA S+14L", with(signature[:32], more(14)), badSignature(kid)},
		{"EdDSA S=L", with(signature[:32], backwards(order.FillBytes(make([]byte, 32)))), badSignature(kid)},
		{"EdDSA S with its highest bit", with(signature[:63], []byte{signature[63] | 0x80}), badSignature(kid)},
		{"EdDSA S=0", with(signature[:32], zeros), badSignature(kid)},
		{"EdDSA zeros", with(zeros, zeros), badSignature(kid)},
		{"EdDSA R of small order", with(identity, zeros), badSignature(kid)},
		{"EdDSA R is the key", with(public, zeros), badSignature(kid)},
		{"EdDSA R negated", with(signature[:31], []byte{signature[31] ^ 0x80}, signature[32:]), badSignature(kid)},
		{"EdDSA halves swapped", with(signature[32:], signature[:32]), badSignature(kid)},
		{"EdDSA a byte shorter", with(signature[:63]), badSignature(kid)},
		{"EdDSA a byte longer", with(signature, []byte{0}), badSignature(kid)},
		{"EdDSA empty", with(nil), badSignature(kid)},
		{"EdDSA another's payload", h + "." + b64(bytes.Replace(unb64(t, p), []byte("jane"), []byte("joan"), 1)) + "." + s, badSignature(kid)},
		{"EdDSA under the RSA key's kid", issuer.Sign("EdDSA", good(nil), object{"kid": issuer.KeyID("RS256")}), unknownKey(issuer.KeyID("RS256"), "EdDSA")},
	}
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

	// Of slow keys it is fewer, so that a token never costs more than a few.
	slow := jwt.Key{ID: "s", Public: &rsa.PublicKey{N: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 8191), big.NewInt(1)), E: 1<<31 - 1}}
	fast := jwt.Key{ID: "f", Public: issuer.PublicKey("RS256")}
	byRSA := issuer.Sign("RS256", good(nil), object{"kid": nil})
	require.Equal(t, isUser("jane"), ask(t, newStatic(t, append(list(2, slow), fast)), byRSA))
	require.Equal(t, badSignature(""), ask(t, newStatic(t, append(list(3, slow), fast)), byRSA))
}
