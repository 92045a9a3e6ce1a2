package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/bits"
)

// Key is a public key of somebody who signs tokens.
type Key struct {
	ID        string // empty: none
	Algorithm string // that it is for; empty: all that its type fits
	Public    crypto.PublicKey
}

// Fits reports whether k may verify a signature of an algorithm (RFC 8725, section
// 3.1). A key that is weak may verify none, wherever it comes from.
func (k Key) Fits(name string) bool {
	alg, ok := algorithms[name]
	return ok && (k.Algorithm == "" || k.Algorithm == name) && alg.fits(k.Public) && CheckKey(k.Public) == nil
}

const (
	minRSABits     = 2048      // RFC 7518, section 3.3
	maxRSABits     = 8192      // more only costs time
	maxRSAExponent = 1<<31 - 1 // what crypto/rsa takes
)

var errExponent = errors.New("an RSA exponent that is even, below 3 or above 2^31-1")

// CheckKey refuses keys that are weak, slow or of a type that no algorithm has.
func CheckKey(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k == nil || k.N == nil {
			return errors.New("an RSA key without a modulus")
		}
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return fmt.Errorf("an RSA key of %d bits, not %d to %d", bits, minRSABits, maxRSABits)
		}
		if k.N.Bit(0) == 0 {
			return errors.New("an RSA key with an even modulus")
		}
		if k.E < 3 || k.E%2 == 0 || int64(k.E) > maxRSAExponent {
			return errExponent
		}
	case *ecdsa.PublicKey:
		//lint:ignore SA1019 the coordinates are only looked at for being there
		if k == nil || k.X == nil || k.Y == nil {
			return errors.New("an elliptic key without a point")
		}
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() && k.Curve != elliptic.P521() {
			return errors.New("an elliptic curve that no algorithm has")
		}
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return errors.New("an Ed25519 key of the wrong length")
		}
		if isLowOrder(k) {
			return errors.New("an Ed25519 key of low order, which verifies what nobody has signed")
		}
	default:
		return fmt.Errorf("a %T is no public key for signatures", key)
	}
	return nil
}

// Cost is about how often RS256 with 2,048 bits could be verified in the time that one
// signature takes under a key that [CheckKey] likes.
func (k Key) Cost() int {
	switch key := k.Public.(type) {
	case *rsa.PublicKey:
		size := (key.N.BitLen() + 2047) / 2048 // the work grows with its square
		exponent := bits.Len(uint(key.E)) + bits.OnesCount(uint(key.E))
		return size * size * max(1, exponent/18) // of 65537 it is 19
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P384():
			return 16
		case elliptic.P521():
			return 48
		}
	}
	return 2
}
