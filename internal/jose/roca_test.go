package jose_test

import (
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/jose"
)

const rocaNote = `key 0 "a": an RSA key of a library whose keys can be factored (CVE-2017-15361)`

// rocaN is the modulus of Wycheproof's key jws_rsa_roca_key.
const rocaN = "AanFpofbj7KjD4Lf-N2hVMKR7yewSyXhhbirIMTGpfYEhZ_lnt5UoK98DnKIgArXGTu3MaW_HhFw16HGaTDUHqPrId7fe4r11CqRw09yBFuW79V8sYIwHdzCaWflUI6auImYbVfoN9_nD5n8N8SY9DwXw7mwZM9wREPXoDPgOoIWl6q_MPsp7n0zs3Z5ZaiQWOOzl1S9OhwAfSiiOwz6efnXEaxuTEtPd7BjSx7NaFka8Dx9U7YqXy2RFj1O9PjyaDGuRh7YXsX3iMUSP_wSyHQg_c_qHRtKUsNSGCT7OZg0hzm2KphtjnayKJvC64vAbROBR4Ubg6Bxg9IQVZ-QYyE"

// notesOf returns what ParseKeySet says of an RSA key with a modulus.
func notesOf(t *testing.T, n string) []string {
	t.Helper()
	keys, notes, err := jose.ParseKeySet([]byte(rsaSet(n)))
	require.NoError(t, err)
	require.Len(t, append(notes, make([]string, len(keys))...), 1)
	return notes
}

func rsaSet(n string) string { return `{"keys":[{"kid":"a","kty":"RSA","n":"` + n + `","e":"AQAB"}]}` }

// powerModulo returns a number of some bits that is a power of 65537 modulo the first
// primes.
func powerModulo(primes, bits int) *big.Int {
	m := big.NewInt(1)
	for p := int64(2); primes > 0; p++ {
		if prime := big.NewInt(p); prime.ProbablyPrime(0) {
			m.Mul(m, prime)
			primes--
		}
	}
	power := new(big.Int).Exp(big.NewInt(65537), big.NewInt(1_000_003), m)
	k := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return power.Add(power, k.Add(k, m).Sub(k, new(big.Int).Mod(k, m)))
}

func TestROCA(t *testing.T) {
	plus := func(n *big.Int, i int64) string { return b64(new(big.Int).Add(n, big.NewInt(i)).Bytes()) }
	tests := []struct {
		name, n string
		want    []string
	}{
		{"of the corpus", rocaN, []string{rocaNote}},
		{"126 primes, 2048 bits", plus(powerModulo(126, 2048), 0), []string{rocaNote}},
		{"126 primes, 3072 bits", plus(powerModulo(126, 3072), 0), []string{rocaNote}},
		{"225 primes, 4096 bits", plus(powerModulo(225, 4096), 0), []string{rocaNote}},
		{"124 primes", plus(powerModulo(124, 2048), 0), nil}, // all are powers modulo the last, 701
		{"71 primes, as shorter keys have", plus(powerModulo(71, 2048), 0), nil},
		{"the next odd number", plus(powerModulo(126, 2048), 2), nil},
		{"the odd number before", plus(powerModulo(126, 2048), -2), nil},
		{"divisible by eleven", b64(new(big.Int).Mul(big.NewInt(11), powerModulo(126, 2048)).Bytes()), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, notesOf(t, tt.n)) })
	}
}

// The moduli of fresh keys, each prime of which takes part in several: no key is
// made in less than a twentieth of a second.
func TestFreshKeysAreNotROCA(t *testing.T) {
	var primes []*big.Int
	for range 11 {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
		primes = append(primes, key.Primes...)
	}
	moduli := 0
	for i, p := range primes {
		for _, q := range primes[:i] {
			require.Empty(t, notesOf(t, b64(new(big.Int).Mul(p, q).Bytes())))
			moduli++
		}
	}
	require.GreaterOrEqual(t, moduli, 200)
}

// BenchmarkParseKeySet shows what the look for such keys costs: of another key two
// or three primes are tried, of such a one all.
func BenchmarkParseKeySet(b *testing.B) {
	for name, n := range map[string]string{"ROCA": rocaN, "RSA": rfc7638N} {
		set := []byte(rsaSet(n))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = jose.ParseKeySet(set)
			}
		})
	}
}
