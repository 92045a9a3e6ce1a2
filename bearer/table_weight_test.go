package bearer_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/bearer"
)

// A part of a small table holds 1,024 KiB, and nothing of 128 KiB.
func TestTableWeight(t *testing.T) {
	const kib = 1 << 10
	at := bearer.At(1, 0)
	tests := []struct {
		name  string
		ask   []int // of 0 to 7, which are as heavy as may be
		sizes []int // of those after them, in bytes
		want  []int
	}{
		{"all have room", nil, nil, []int{0, 1, 2, 3, 4, 5, 6, 7}},
		{"one more that is light", nil, []int{0}, []int{1, 2, 3, 4, 5, 6, 7, 8}},
		{"one more that is as heavy", nil, []int{127 * kib}, []int{1, 2, 3, 4, 5, 6, 7, 8}},
		{"one that is too heavy", nil, []int{128 * kib}, []int{0, 1, 2, 3, 4, 5, 6, 7}},
		{"asked for", []int{0, 1, 5}, []int{0}, []int{0, 1, 3, 4, 5, 6, 7, 8}},
		{"light ones stay", nil, []int{0, 0, 127 * kib, 127 * kib}, []int{3, 4, 5, 6, 7, 8, 9, 10, 11}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := bearer.NewTable(64 * bearer.Shards)
			for i := range 8 {
				table.PutHeavy(key(i), i, at, 127*kib)
			}
			for _, i := range tt.ask {
				_, _ = table.Get(key(i), at)
			}
			for i, size := range tt.sizes {
				table.PutHeavy(key(8+i), 8+i, at, size)
			}
			table.Len()
			require.Equal(t, tt.want, have(table, 20, at))
		})
	}
}

// Whatever comes, the weights add up, and what was put last is there if it may be.
func TestTableWeights(t *testing.T) {
	table := bearer.NewTable(20 * bearer.Shards)
	for i := range 20_000 {
		k, size := rand.IntN(60), rand.IntN(140<<10)
		if rand.IntN(4) == 0 {
			size = rand.IntN(2 << 10)
		}
		at := bearer.At(int64(i/3), uint64(i/5000))
		for range rand.IntN(3) {
			_, _ = table.Get(key(rand.IntN(60)), at)
		}
		table.PutHeavy(key(k), i, at, size)
		if got, ok := table.Get(key(k), at); size < 127<<10 {
			require.True(t, ok)
			require.Equal(t, i, got)
		}
		if i%100 == 0 {
			table.Len()
		}
	}
}

// Users with many groups take no more memory than others.
func TestCachedMemoryOfHugeUsers(t *testing.T) {
	for name, group := range map[string]string{"short groups": "", "long groups": strings.Repeat("g", 100)} {
		t.Run(name, func(t *testing.T) {
			groups := make([]string, (60<<10)/(16+len(group)))
			for i := range groups {
				groups[i] = group
			}
			c := bearer.Cached(&judge{judgment: always(&user.DefaultInfo{Name: "ann", Groups: groups, Extra: map[string][]string{"a": groups}}, nil)}, &bearer.CacheOptions{MaxEntries: 1024, Now: newClock().now})
			mustKnow(t, c, t.Context(), "first", "ann")
			before := heap()
			for i := range 1000 {
				mustKnow(t, c, t.Context(), fmt.Sprint(i), "ann")
			}
			require.Less(t, heap()-before, int64(24<<20), "16 MiB, and what the allocator rounds up")
			runtime.KeepAlive(c)
		})
	}
}
