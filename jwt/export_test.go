package jwt

import (
	"crypto"

	"github.com/authnchain/authnchain/internal/jose"
)

// ParseKeySet is parseKeySet.
var ParseKeySet = parseKeySet

// Verifies reports whether signature is one of signed by an algorithm that the key
// is of the right type for.
func Verifies(alg string, key crypto.PublicKey, signed string, signature []byte) bool {
	k := jose.Key{Public: key}
	return k.Fits(alg) && k.Verifies(alg, signed, signature)
}

// Algorithms are the names of all algorithms that there are.
func Algorithms() []string { return jose.Algorithms() }
