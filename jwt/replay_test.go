package jwt_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/jwt"
)

// Things live for a minute on each side of when they were made, as proofs do.
const (
	proofAge  = 60
	proofLife = 2 * proofAge
)

func TestReplays(t *testing.T) {
	type take struct {
		id, by    string
		now, made int64
		want      any
	}
	tests := []struct {
		name  string
		takes []take
	}{
		{"once", []take{{"a", "x", 0, 0, jwt.Fresh}, {"a", "x", 0, 0, jwt.Replayed}, {"a", "x", 60, 0, jwt.Replayed}}},
		{"others", []take{{"a", "x", 0, 0, jwt.Fresh}, {"b", "x", 0, 0, jwt.Fresh}, {"a", "y", 0, 0, jwt.Fresh}, {"b", "y", 0, 0, jwt.Fresh}}},
		{"no two look alike", []take{{"a", "xy", 0, 0, jwt.Fresh}, {"ya", "x", 0, 0, jwt.Fresh}, {"a\x00", "x", 0, 0, jwt.Fresh}}},
		{"made ahead, to the last second", []take{{"a", "x", 0, 60, jwt.Fresh}, {"a", "x", 119, 60, jwt.Replayed}, {"a", "x", 120, 60, jwt.Replayed}}},
		{"ahead, at the end of a span", []take{{"z", "x", 0, 0, jwt.Fresh}, {"a", "x", 119, 179, jwt.Fresh}, {"b", "x", 120, 120, jwt.Fresh}, {"a", "x", 239, 179, jwt.Replayed}}},
		{"the same id later", []take{{"a", "x", 0, 0, jwt.Fresh}, {"a", "x", 1000, 1000, jwt.Fresh}, {"a", "x", 1000, 1000, jwt.Replayed}}},
		{"back by little", []take{{"a", "x", 1000, 1000, jwt.Fresh}, {"a", "x", 941, 1000, jwt.Replayed}, {"b", "x", 941, 941, jwt.Fresh}}},
		{"back once it was forgotten", []take{{"z", "x", 1000, 1000, jwt.Fresh}, {"a", "x", 1119, 1179, jwt.Fresh}, {"b", "x", 1240, 1240, jwt.Fresh}, {"a", "x", 1200, 1179, jwt.Stale}, {"c", "x", 1200, 1179, jwt.Stale}, {"c", "x", 1200, 1200, jwt.Fresh}}},
		{"back by a span", []take{{"a", "x", 1000, 1000, jwt.Fresh}, {"a", "x", 880, 1000, jwt.Replayed}, {"b", "x", 880, 880, jwt.Fresh}, {"b", "x", 880, 880, jwt.Replayed}}},
		{"back by a day", []take{{"a", "x", 100_000, 100_000, jwt.Fresh}, {"b", "x", 0, 0, jwt.Fresh}, {"c", "x", 120, 120, jwt.Fresh}, {"d", "x", 240, 240, jwt.Fresh}, {"d", "x", 240, 240, jwt.Replayed}}},
		{"ahead by a day", []take{{"a", "x", 0, 0, jwt.Fresh}, {"b", "x", 100_000, 100_000, jwt.Fresh}, {"b", "x", 100_000, 100_000, jwt.Replayed}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			replays := jwt.NewReplays(1000)
			for i, take := range tt.takes {
				require.EqualValues(t, take.want, replays.Take(take.id, take.by, take.now, take.made+proofAge, proofLife), "take %d", i)
			}
		})
	}
}

// Nothing is taken twice while it can be used, though the clock goes back by up to a
// span of time; and what is new is taken, if it is not older than the clock was set
// back.
func TestReplaysAgainstModel(t *testing.T) {
	type thing struct {
		id, by string
		made   int64
	}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		replays := jwt.NewReplays(1 << 20)
		back := int64(1) + int64(seed%proofLife) // how far the clock goes back at most
		taken := map[thing]bool{}
		latest := int64(1_000_000)
		var known []thing
		for i := range 2000 {
			now := latest - random.Int64N(back)
			switch random.IntN(10) {
			case 0:
				now = latest + random.Int64N(3*proofLife)
			case 1, 2, 3:
				now = latest + random.Int64N(20)
			}
			latest = max(latest, now)
			one := thing{fmt.Sprint(i), fmt.Sprint(random.IntN(3)), now + random.Int64N(proofLife+1) - proofAge}
			if len(known) > 0 && random.IntN(3) == 0 {
				one = known[len(known)-1-random.IntN(min(len(known), 100))]
			}
			if age := now - one.made; age > proofAge || age < -proofAge {
				continue // is refused before
			}
			got := replays.Take(one.id, one.by, now, one.made+proofAge, proofLife)
			switch {
			case taken[one]:
				require.NotEqual(t, jwt.Fresh, got, "seed %d: %v at %d", seed, one, now)
			case got == jwt.Fresh:
				taken[one] = true
				known = append(known, one)
			default:
				require.Equal(t, jwt.Stale, got, "seed %d: %v at %d", seed, one, now)
				require.Less(t, one.made+proofAge, latest, "seed %d: %v at %d", seed, one, now)
			}
		}
		require.Greater(t, len(taken), 300)
	}
}

// One key fills its share and no more; what was taken is known all the same.
func TestReplaysFull(t *testing.T) {
	const most = 1024
	replays := jwt.NewReplays(most)
	count := func(by string, now int64) (fresh int) {
		for i := range 2 * most {
			switch got := replays.Take(fmt.Sprint(now, i), by, now, now+proofAge, proofLife); got {
			case jwt.Fresh:
				fresh++
			default:
				require.Equal(t, jwt.Full, got)
			}
		}
		return fresh
	}
	require.Equal(t, most/16, count("one", 0))
	require.Equal(t, jwt.Replayed, replays.Take("0 0", "one", 0, proofAge, proofLife))
	require.Equal(t, jwt.Fresh, replays.Take("0", "another", 0, proofAge, proofLife))
	for i := range 20 {
		count(fmt.Sprint("k", i), 1)
	}
	require.Equal(t, jwt.Full, replays.Take("new", "new", 1, 1+proofAge, proofLife))
	require.Equal(t, most/2, replays.Len())
	require.Equal(t, most/16, count("one", proofLife)) // the next span
	require.Equal(t, most/2+most/16, replays.Len())
	require.Equal(t, most/16, count("one", 100*proofLife))
	require.Equal(t, most/16, replays.Len())
}

// A million ids take no more room than those that are remembered.
func TestReplaysMemory(t *testing.T) {
	const most = 1 << 16
	replays := jwt.NewReplays(most)
	size := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := size()
	for i := range 1_000_000 {
		now := int64(i / 10_000)
		replays.Take(fmt.Sprint(i), fmt.Sprintf("%043d", i), now, now+proofAge, proofLife)
	}
	for i := range 1_000_000 { // in the next span
		replays.Take(fmt.Sprint(i), fmt.Sprintf("%043d", i), proofLife, proofLife+proofAge, proofLife)
	}
	require.Equal(t, most, replays.Len())
	after := size()
	require.Less(t, after-before, int64(250*most)) // each has a key of its own
	runtime.KeepAlive(replays)
}
