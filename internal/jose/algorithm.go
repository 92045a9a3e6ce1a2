package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
)

// algorithm is a signature algorithm of RFC 7518, section 3.1, or RFC 8037.
type algorithm struct {
	fits   func(crypto.PublicKey) bool // reports whether a key may be used with it
	hash   crypto.Hash                 // zero: it signs the text itself, and has no verify
	verify func(key crypto.PublicKey, digest, signature []byte) bool
}

// algorithms are those that there are. There is no "none" and nothing with a
// shared secret.
var algorithms = map[string]algorithm{
	"RS256": pkcs1(crypto.SHA256), "RS384": pkcs1(crypto.SHA384), "RS512": pkcs1(crypto.SHA512),
	"PS256": pss(crypto.SHA256), "PS384": pss(crypto.SHA384), "PS512": pss(crypto.SHA512),
	"ES256": ec(elliptic.P256(), crypto.SHA256), "ES384": ec(elliptic.P384(), crypto.SHA384), "ES512": ec(elliptic.P521(), crypto.SHA512),
	"EdDSA": {fits: isEd25519},
}

// Algorithms returns the names of all.
func Algorithms() []string { return append(DefaultAlgorithms(), "EdDSA") }

// Known reports whether there is an algorithm of this name.
func Known(name string) bool {
	_, ok := algorithms[name]
	return ok
}

// DefaultAlgorithms are those that kube-apiserver allows: all but EdDSA.
func DefaultAlgorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
}

func isRSA(key crypto.PublicKey) bool {
	_, ok := key.(*rsa.PublicKey)
	return ok
}

// pkcs1 implements RFC 7518, section 3.3.
func pkcs1(hash crypto.Hash) algorithm {
	return algorithm{isRSA, hash, func(key crypto.PublicKey, digest, signature []byte) bool {
		return rsa.VerifyPKCS1v15(key.(*rsa.PublicKey), hash, digest, signature) == nil
	}}
}

// pss implements RFC 7518, section 3.5.
func pss(hash crypto.Hash) algorithm {
	opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return algorithm{isRSA, hash, func(key crypto.PublicKey, digest, signature []byte) bool {
		return rsa.VerifyPSS(key.(*rsa.PublicKey), hash, digest, signature, opts) == nil
	}}
}

// ec implements RFC 7518, section 3.4: the signature is R and S, of the length
// of the curve's order each.
func ec(curve elliptic.Curve, hash crypto.Hash) algorithm {
	size := (curve.Params().N.BitLen() + 7) / 8
	return algorithm{
		hash: hash,
		fits: func(key crypto.PublicKey) bool {
			pub, ok := key.(*ecdsa.PublicKey)
			return ok && pub != nil && pub.Curve == curve
		},
		verify: func(key crypto.PublicKey, digest, signature []byte) bool {
			if len(signature) != 2*size {
				return false
			}
			r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
			return ecdsa.Verify(key.(*ecdsa.PublicKey), digest, r, s)
		},
	}
}

func isEd25519(key crypto.PublicKey) bool {
	pub, ok := key.(ed25519.PublicKey)
	return ok && len(pub) == ed25519.PublicKeySize // others would panic
}

// Verifies reports whether signature is one of signed by k. Under an algorithm that
// there is not, or that is not for keys of its type, nothing is. Whether k is weak, or
// for another algorithm, is for [Key.Fits] to say.
func (k Key) Verifies(name, signed string, signature []byte) bool {
	alg, ok := algorithms[name]
	if !ok || !alg.fits(k.Public) {
		return false
	}
	var few [2 << 10]byte // on the stack, where most tokens have room
	text := append(few[:0], signed...)
	switch alg.hash {
	case crypto.SHA256:
		digest := sha256.Sum256(text)
		return alg.verify(k.Public, digest[:], signature)
	case crypto.SHA384:
		digest := sha512.Sum384(text)
		return alg.verify(k.Public, digest[:], signature)
	case crypto.SHA512:
		digest := sha512.Sum512(text)
		return alg.verify(k.Public, digest[:], signature)
	}
	return ed25519.Verify(k.Public.(ed25519.PublicKey), text, signature) // RFC 8037, section 3.1
}
