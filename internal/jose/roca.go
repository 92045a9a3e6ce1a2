package jose

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"math/big"
)

// checkRead is [CheckKey] of a key that was read, and refuses RSA keys that can be
// factored. It is not in CheckKey, which each signature pays for: whose program holds
// a key in its hands has other ways to know where it came from.
func checkRead(key crypto.PublicKey) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if k, ok := key.(*rsa.PublicKey); ok && isROCA(k.N) {
		return errors.New("an RSA key of a library whose keys can be factored (CVE-2017-15361)")
	}
	return nil
}

// rocaPrimes is the last of the primes that count for a key of 1,984 bits or more:
// of the first 126, and for some of the larger keys of those after them as well.
const rocaPrimes = 701

// isROCA reports whether a modulus of at least minRSABits bits is one of the Infineon
// library's (CVE-2017-15361), which can be factored. Its primes are powers of 65537
// modulo many small primes, and so is their product; one modulus in 2^167 is that by
// chance (Nemec and others, "The Return of Coppersmith's Attack", CCS 2017).
func isROCA(n *big.Int) bool {
	var prime, rest big.Int
	for p := int64(3); p <= rocaPrimes; p += 2 {
		if isPrime(p) && !isPower(rest.Mod(n, prime.SetInt64(p)).Int64(), 65537%p, p) {
			return false // as a rule soon: of eleven's ten residues, two are powers
		}
	}
	return true
}

func isPrime(odd int64) bool {
	for d := int64(3); d*d <= odd; d += 2 {
		if odd%d == 0 {
			return false
		}
	}
	return true
}

// isPower reports whether x is a power of g modulo the prime p, which does not divide
// g.
func isPower(x, g, p int64) bool {
	for power := int64(1); power != x; {
		if power = power * g % p; power == 1 {
			return false
		}
	}
	return true
}
