package jose

import "math/big"

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
