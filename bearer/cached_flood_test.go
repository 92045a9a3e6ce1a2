package bearer_test

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
)

var bad = flag.Int("bad", 200_000, "how many distinct tokens there are in a flood")

// A flood is of distinct tokens, while the thousand of the regulars come again.
type flood struct {
	cache    *bearer.Cache
	judge    *judge
	clock    *clock
	regulars []string
	hits     int // of the regulars that were answered from memory
	misses   int
}

const regulars = 1000

// newFlood returns a flood at a cache in which the regulars have been once.
func newFlood(t *testing.T) *flood {
	f := &flood{clock: newClock()}
	f.judge = &judge{judgment: func(_ context.Context, token string) (*authenticator.Response, bool, error) {
		switch kind, name, _ := strings.Cut(token, "-"); kind {
		case "good":
			return &authenticator.Response{User: authntest.User(name, "ops", "dev")}, true, nil
		case "forged":
			return nil, false, authn.Errorf(authn.BadSignature, "judge: issuer %q: no key verifies token %s", "https://login.example.com", name)
		}
		return nil, false, nil
	}}
	f.cache = bearer.Cached(f.judge, &bearer.CacheOptions{Now: f.clock.now})
	for i := range regulars {
		f.regulars = append(f.regulars, fmt.Sprint("good-regular", i))
		mustKnow(t, f.cache, t.Context(), f.regulars[i], fmt.Sprint("regular", i))
	}
	return f
}

// regular lets the next of the regulars come.
func (f *flood) regular(t *testing.T, i int) {
	before := f.judge.asked.Load()
	mustKnow(t, f.cache, t.Context(), f.regulars[i%regulars], fmt.Sprint("regular", i%regulars))
	if f.judge.asked.Load() == before {
		f.hits++
	} else {
		f.misses++
	}
}

func (f *flood) rate() float64 { return float64(f.hits) / float64(f.hits+f.misses) }

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what is in a sync.Pool lives for two
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Bad tokens, 100,000 in a second, neither fill the memory nor push out the good ones,
// of which one comes with each.
func TestCachedFloodOfBadTokens(t *testing.T) {
	f := newFlood(t)
	before, start := heap(), time.Now()
	for i := range *bad {
		kind := [...]string{"forged", "unknown"}[i%2]
		_, ok, _ := f.cache.AuthenticateToken(t.Context(), fmt.Sprint(kind, "-", i))
		require.False(t, ok)
		f.regular(t, i)
		f.clock.pass(10 * time.Microsecond)
	}
	took, grown := time.Since(start), heap()-before
	accepted, refused := f.cache.Lens()
	t.Logf("%d bad tokens: %.1f MiB more, %.3f %% of the good ones hit, %v for a bad one and a good one",
		*bad, float64(grown)/(1<<20), 100*f.rate(), took/time.Duration(*bad))
	require.Greater(t, f.rate(), 0.99)
	require.Equal(t, regulars, accepted)
	require.LessOrEqual(t, refused, 32<<10/4)
	require.LessOrEqual(t, grown, int64(64<<20))
	runtime.KeepAlive(f)
}

// Neither do good tokens that nobody has seen before, even if they come a few times: it
// is enough for a regular to come while 10,000 others do.
func TestCachedFloodOfGoodTokens(t *testing.T) {
	for _, tt := range []struct {
		name  string
		times int // that a token comes
		each  int // how many of the flood come for one of the regulars
	}{
		{"once", 1, 20},
		{"three times", 3, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFlood(t)
			before := heap()
			for i := range *bad / 2 {
				for range tt.times {
					mustKnow(t, f.cache, t.Context(), fmt.Sprint("good-", i), fmt.Sprint(i))
				}
				if i%tt.each == 0 {
					f.regular(t, i/tt.each)
				}
			}
			grown := heap() - before
			accepted, _ := f.cache.Lens()
			t.Logf("%.1f MiB more, %.3f %% of %d regulars hit", float64(grown)/(1<<20), 100*f.rate(), f.hits+f.misses)
			require.Greater(t, f.rate(), 0.99)
			require.LessOrEqual(t, accepted, 32<<10)
			require.LessOrEqual(t, grown, int64(64<<20))
			runtime.KeepAlive(f)
		})
	}
}
