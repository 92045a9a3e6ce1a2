package bearer_test

import (
	"crypto/rand"
	"math/bits"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/bearer"
)

func hashers() map[string]*bearer.Hasher {
	var k [32]byte
	rand.Read(k[:])
	return map[string]*bearer.Hasher{"GMAC": bearer.NewGMAC(k), "SHA-256": bearer.NewSHA(), "the usual": bearer.NewHasher()}
}

// Questions that have the same letters in them have different digests, and one
// question always has the same.
func TestDigestsTellQuestionsApart(t *testing.T) {
	for name, h := range hashers() {
		t.Run(name, func(t *testing.T) {
			seen := make(map[bearer.Digest]ask)
			for _, a := range asks {
				d := h.Sum(a.context(t.Context()), a.token)
				require.NotContains(t, seen, d, "%+v and %+v", a, seen[d])
				seen[d] = a
			}
			for _, a := range asks {
				require.Equal(t, a, seen[h.Sum(a.context(t.Context()), a.token)])
			}
		})
	}
}

// All lengths around those of blocks, of zeros: padding tells nothing apart that the
// length does not.
func TestDigestsTellLengthsApart(t *testing.T) {
	for name, h := range hashers() {
		t.Run(name, func(t *testing.T) {
			seen := make(map[bearer.Digest]int)
			zeros := strings.Repeat("\x00", 4*bearer.MaxToken)
			for n := range 300 {
				seen[h.Sum(t.Context(), zeros[:n])] = n
			}
			for _, n := range []int{bearer.MaxToken - 1, bearer.MaxToken, 2 * bearer.MaxToken, 4 * bearer.MaxToken} {
				seen[h.Sum(t.Context(), zeros[:n])] = n
			}
			require.Len(t, seen, 304)
		})
	}
}

// A bit of the token changes about half of the bits of its digest, also the first,
// by which a table is divided.
func TestDigestsAreLikeRandom(t *testing.T) {
	for name, h := range hashers() {
		t.Run(name, func(t *testing.T) {
			token := []byte(strings.Repeat("a", 100))
			before := h.Sum(t.Context(), string(token))
			changed, parts := 0, make(map[byte]int)
			for i := range 8 * len(token) {
				token[i/8] ^= 1 << (i % 8)
				d := h.Sum(t.Context(), string(token))
				token[i/8] ^= 1 << (i % 8)
				for j := range d {
					changed += bits.OnesCount8(d[j] ^ before[j])
				}
				parts[d[0]%bearer.Shards]++
			}
			require.InDelta(t, 64, float64(changed)/800, 3) // standard deviation 0.2
			require.Len(t, parts, bearer.Shards)
			for part, n := range parts {
				require.InDelta(t, 50, n, 50, "part %d", part) // standard deviation 7
			}
		})
	}
}

// Under another key all digests are others: of what one cache has nothing can be told
// of another.
func TestDigestsDependOnTheKey(t *testing.T) {
	seen := make(map[bearer.Digest]bool)
	for _, half := range []int{0, 15, 16, 31} { // both keys count, all of them
		var k [32]byte
		k[half] = 1
		seen[bearer.NewGMAC(k).Sum(t.Context(), "a")] = true
	}
	for range 10 {
		seen[bearer.NewSHA().Sum(t.Context(), "a")] = true
		seen[bearer.NewHasher().Sum(t.Context(), "a")] = true
	}
	require.Len(t, seen, 24)

	var k [32]byte
	require.Equal(t, bearer.NewGMAC(k).Sum(t.Context(), "a"), bearer.NewGMAC(k).Sum(t.Context(), "a"))
}

func TestDigestsConcurrently(t *testing.T) {
	for name, h := range hashers() {
		t.Run(name, func(t *testing.T) {
			want := make([]bearer.Digest, len(asks))
			for i, a := range asks {
				want[i] = h.Sum(a.context(t.Context()), a.token)
			}
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					for i, a := range asks {
						if h.Sum(a.context(t.Context()), a.token) != want[i] {
							t.Errorf("another digest of %+v", a)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestDigestsAllocateNothing(t *testing.T) {
	if racing {
		t.Skip("a sync.Pool loses things")
	}
	for name, h := range hashers() {
		t.Run(name, func(t *testing.T) {
			ctx := ask{limited: true, audiences: []string{"a", "b"}, promised: true}.context(t.Context())
			token := strings.Repeat("a", bearer.MaxToken)
			require.Zero(t, testing.AllocsPerRun(1000, func() { h.Sum(ctx, token) }))
		})
	}
}
