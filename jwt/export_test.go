package jwt

import "crypto"

// ParseKeySet is parseKeySet.
var ParseKeySet = parseKeySet

// Verifies reports whether signature is one of signed by an algorithm, as its
// entry in the table has it.
func Verifies(alg string, key crypto.PublicKey, signed string, signature []byte) bool {
	a, ok := algorithms[alg]
	return ok && a.fits(key) && a.verify(key, signed, signature)
}

// Algorithms are the names of all entries in the table.
func Algorithms() []string {
	var names []string
	for name := range algorithms {
		names = append(names, name)
	}
	return names
}
