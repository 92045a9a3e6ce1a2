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
	verify func(key crypto.PublicKey, signed string, signature []byte) bool
}

// hash is a hash function. Its sum takes a string, which the compiler then need
// not copy.
type hash struct {
	id  crypto.Hash
	sum func(string) []byte
}

var (
	s256 = hash{crypto.SHA256, func(s string) []byte { d := sha256.Sum256([]byte(s)); return d[:] }}
	s384 = hash{crypto.SHA384, func(s string) []byte { d := sha512.Sum384([]byte(s)); return d[:] }}
	s512 = hash{crypto.SHA512, func(s string) []byte { d := sha512.Sum512([]byte(s)); return d[:] }}
)

// algorithms are those that there are. There is no "none" and nothing with a
// shared secret.
var algorithms = map[string]algorithm{
	"RS256": pkcs1(s256), "RS384": pkcs1(s384), "RS512": pkcs1(s512),
	"PS256": pss(s256), "PS384": pss(s384), "PS512": pss(s512),
	"ES256": ec(elliptic.P256(), s256), "ES384": ec(elliptic.P384(), s384), "ES512": ec(elliptic.P521(), s512),
	"EdDSA": {isEd25519, verifyEd25519},
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
func pkcs1(hash hash) algorithm {
	return algorithm{isRSA, func(key crypto.PublicKey, signed string, signature []byte) bool {
		return rsa.VerifyPKCS1v15(key.(*rsa.PublicKey), hash.id, hash.sum(signed), signature) == nil
	}}
}

// pss implements RFC 7518, section 3.5.
func pss(hash hash) algorithm {
	opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return algorithm{isRSA, func(key crypto.PublicKey, signed string, signature []byte) bool {
		return rsa.VerifyPSS(key.(*rsa.PublicKey), hash.id, hash.sum(signed), signature, opts) == nil
	}}
}

// ec implements RFC 7518, section 3.4: the signature is R and S, of the length
// of the curve's order each.
func ec(curve elliptic.Curve, hash hash) algorithm {
	size := (curve.Params().N.BitLen() + 7) / 8
	return algorithm{
		fits: func(key crypto.PublicKey) bool {
			pub, ok := key.(*ecdsa.PublicKey)
			return ok && pub != nil && pub.Curve == curve
		},
		verify: func(key crypto.PublicKey, signed string, signature []byte) bool {
			if len(signature) != 2*size {
				return false
			}
			r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
			return ecdsa.Verify(key.(*ecdsa.PublicKey), hash.sum(signed), r, s)
		},
	}
}

func isEd25519(key crypto.PublicKey) bool {
	pub, ok := key.(ed25519.PublicKey)
	return ok && len(pub) == ed25519.PublicKeySize // others would panic
}

// verifyEd25519 implements RFC 8037, section 3.1.
func verifyEd25519(key crypto.PublicKey, signed string, signature []byte) bool {
	return ed25519.Verify(key.(ed25519.PublicKey), []byte(signed), signature)
}
