package jwt

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"math/big"
	"slices"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
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

func defaultAlgorithms() []string {
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

// maxTries is how many keys a token without "kid", or with one that several keys
// have, is tried with.
const maxTries = 16

func (a *Authenticator) checkAlgorithm(h header) error {
	if !slices.Contains(a.algorithms, h.algorithm) {
		return authn.Errorf(authn.WrongAlgorithm, `"alg" %s: not one of %q`, clip.Quote(h.algorithm), a.algorithms)
	}
	return nil
}

// verify checks the signature with the issuer's keys. A failure may come of keys
// that are not up to date, so it is tried again if newer ones can be had.
func (a *Authenticator) verify(ctx context.Context, t *token) error {
	h := t.header
	keys, err := a.keys.Keys(ctx, h.keyID)
	if err != nil {
		return keysError(err)
	}
	if verifiesWith(keys, t) {
		return nil
	}
	if r, ok := a.keys.(Refresher); ok && len(keys) > 0 {
		tried := keys
		failed := r.Refresh(ctx)
		if keys, err = a.keys.Keys(ctx, h.keyID); err != nil {
			return keysError(err)
		}
		if !slices.EqualFunc(tried, keys, Key.equal) && verifiesWith(keys, t) {
			return nil
		}
		if failed != nil && h.keyID == "" {
			return keysError(failed) // it may be of a key that is new
		}
	}
	if !slices.ContainsFunc(keys, func(k Key) bool { return k.fits(h.algorithm) }) {
		return authn.Errorf(authn.UnknownKey, "no key %s for %s among the issuer's", clip.Quote(h.keyID), h.algorithm)
	}
	if h.keyID == "" {
		return authn.Errorf(authn.BadSignature, "there is no \"kid\", and the signature is not one of the issuer's keys that were tried")
	}
	return authn.Errorf(authn.BadSignature, "the signature is not one of the issuer's key %s", clip.Quote(h.keyID))
}

// keysError is the error of a key set that could not be had. One without a
// reason of its own makes the token Unavailable.
func keysError(err error) error {
	if authn.ReasonOf(err) == authn.Refused {
		return authn.Errorf(authn.Unavailable, "keys: %w", err)
	}
	return fmt.Errorf("keys: %w", err)
}

func verifiesWith(keys []Key, t *token) bool {
	tries := 0
	for _, key := range keys {
		if !key.fits(t.header.algorithm) {
			continue
		}
		if algorithms[t.header.algorithm].verify(key.Public, t.signed, t.signature) {
			return true
		}
		if tries++; tries == maxTries {
			return false
		}
	}
	return false
}
