package bearer_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/bearer"
)

// keyOf returns the n-th key of a part.
func keyOf(part byte, n int) (d bearer.Digest) {
	d[0] = part
	binary.BigEndian.PutUint64(d[8:], uint64(n))
	return d
}

// key returns a key of one part only, where the order of things can be told.
func key(n int) bearer.Digest { return keyOf(3, n) }

// have returns which of the first n keys are remembered. It marks them as asked for.
func have(table *bearer.Table, n int, at bearer.Moment) (found []int) {
	for i := range n {
		if v, ok := table.Get(key(i), at); ok {
			found = append(found, v)
		}
	}
	return found
}

func TestTableHolds(t *testing.T) {
	tests := []struct {
		name string
		ttl  time.Duration
		at   bearer.Moment
		ok   bool
	}{
		{"at once", 10, bearer.At(100, 7), true},
		{"later", 10, bearer.At(109, 7), true},
		{"too late", 10, bearer.At(110, 7), false},
		{"much later", 10, bearer.At(1<<63-1, 7), false},
		{"before", 10, bearer.At(99, 7), false},
		{"long before", 10, bearer.At(-1<<63, 7), false},
		{"generation before", 10, bearer.At(105, 6), false},
		{"generation after", 10, bearer.At(105, 8), false},
		{"no time", 0, bearer.At(100, 7), false},
		{"less than no time", -1 << 63, bearer.At(100, 7), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := bearer.NewTable(64)
			table.Put(key(1), 42, bearer.At(100, 7), tt.ttl)
			got, ok := table.Get(key(1), tt.at)
			require.Equal(t, tt.ok, ok)
			if ok {
				require.Equal(t, 42, got)
			} else {
				require.Zero(t, got)
			}
			_, ok = table.Get(key(2), tt.at)
			require.False(t, ok)
		})
	}
}

// What was not asked for since the hand last passed makes room, in order.
func TestTableHand(t *testing.T) {
	at := bearer.At(1, 0)
	tests := []struct {
		name string
		ask  []int // of 0 to 3, which fill a part
		put  int   // how many more, from 4 on
		want []int
	}{
		{"none asked for", nil, 1, []int{1, 2, 3, 4}},
		{"none asked for, two more", nil, 2, []int{2, 3, 4, 5}},
		{"once around", nil, 5, []int{5, 6, 7, 8}},
		{"the first asked for", []int{0}, 1, []int{0, 2, 3, 4}},
		{"one in the middle", []int{1}, 2, []int{1, 3, 4, 5}},
		{"one lives for a round", []int{1}, 3, []int{1, 4, 5, 6}},
		{"and goes in the next", []int{1}, 5, []int{5, 6, 7, 8}},
		{"all asked for", []int{0, 1, 2, 3}, 1, []int{1, 2, 3, 4}},
		{"all asked for, twice", []int{3, 2, 1, 0, 0, 1, 2, 3}, 2, []int{2, 3, 4, 5}},
		{"all asked for, one twice", []int{0, 0, 1, 2, 3}, 3, []int{0, 4, 5, 6}},
		{"one asked for twice", []int{1, 1}, 6, []int{1, 7, 8, 9}},
		{"goes in the third round", []int{1, 1}, 8, []int{8, 9, 10, 11}},
		{"as often as counts", []int{1, 1, 1}, 9, []int{1, 10, 11, 12}},
		{"more often", []int{1, 1, 1, 1, 1, 1}, 9, []int{1, 10, 11, 12}},
		{"more often, and goes", []int{1, 1, 1, 1, 1, 1}, 11, []int{11, 12, 13, 14}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := bearer.NewTable(4 * bearer.Shards)
			for i := range 4 {
				table.Put(key(i), i, at, 10)
			}
			for _, i := range tt.ask {
				_, ok := table.Get(key(i), at)
				require.True(t, ok)
			}
			for i := range tt.put {
				table.Put(key(4+i), 4+i, at, 10)
			}
			require.Equal(t, 4, table.Len())
			require.Equal(t, tt.want, have(table, 100, at))
		})
	}
}

// What no longer holds makes room although it was asked for.
func TestTableStaleMakesRoom(t *testing.T) {
	for name, later := range map[string]bearer.Moment{"ended": bearer.At(5, 0), "of a generation before": bearer.At(2, 1), "of the future": bearer.At(-1, 0)} {
		t.Run(name, func(t *testing.T) {
			table := bearer.NewTable(3 * bearer.Shards)
			for i := range 3 {
				table.Put(key(i), i, bearer.At(1, 0), 4)
			}
			require.Equal(t, []int{0, 1, 2}, have(table, 3, bearer.At(1, 0)))
			table.Put(key(3), 3, later, 4)
			require.Equal(t, []int{3}, have(table, 4, later))
			table.Put(key(4), 4, later, 4)
			table.Put(key(5), 5, later, 4) // 3 has been asked for
			require.Equal(t, []int{3, 4, 5}, have(table, 6, later))
			require.Equal(t, 3, table.Len())
		})
	}
}

// An answer takes the place of the one before, and no other.
func TestTableReplaces(t *testing.T) {
	table := bearer.NewTable(2 * bearer.Shards)
	table.Put(key(1), 1, bearer.At(1, 0), 4)
	table.Put(key(2), 2, bearer.At(1, 0), 4)
	table.Put(key(1), 10, bearer.At(2, 0), 4)
	require.Equal(t, []int{10, 2}, have(table, 3, bearer.At(2, 0)))
	require.Equal(t, []int{10}, have(table, 3, bearer.At(5, 0)))
}

// To be looked up again is to come again.
func TestTableRenews(t *testing.T) {
	table := bearer.NewTable(2 * bearer.Shards)
	table.Put(key(1), 1, bearer.At(1, 0), 4)
	table.Put(key(2), 2, bearer.At(5, 0), 4)
	table.Put(key(1), 1, bearer.At(5, 0), 4)
	table.Put(key(3), 3, bearer.At(5, 0), 4)
	require.Equal(t, []int{1, 3}, have(table, 4, bearer.At(5, 0)))
}

// Each part has its own bound, and all together have the table's.
func TestTableBounds(t *testing.T) {
	for _, tt := range []struct{ entries, want int }{{-1, 16}, {0, 16}, {1, 16}, {16, 16}, {17, 32}, {1000, 1008}} {
		table := bearer.NewTable(tt.entries)
		for i := range 5000 {
			table.Put(keyOf(byte(i), i), i, bearer.At(1, 0), 1)
		}
		require.Equal(t, tt.want, table.Len(), tt.entries)
	}
}

// A table does what a list does that is searched from one end to the other.
func TestTableIsLikeAList(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		most := 1 + r.IntN(6)
		table, list := bearer.NewTable(most*bearer.Shards), &list{most: most}
		now, generation := int64(0), uint64(0)
		for step := range 300 {
			switch r.IntN(20) {
			case 0:
				generation += uint64(r.IntN(2))
			case 1:
				now -= int64(r.IntN(3)) // a clock that goes back
			default:
				now += int64(r.IntN(2))
			}
			n, at := r.IntN(10), bearer.At(now, generation)
			if r.IntN(2) == 0 {
				ttl := r.IntN(12) - 1
				table.Put(key(n), step, at, time.Duration(ttl))
				list.put(item{n, step, now, now + int64(ttl), generation, 0})
			}
			n = r.IntN(10)
			got, ok := table.Get(key(n), at)
			want, wantOK := list.get(n, now, generation)
			require.Equal(t, wantOK, ok, "seed %d, step %d", seed, step)
			require.Equal(t, want, got, "seed %d, step %d", seed, step)
			require.Equal(t, len(list.items), table.Len())
		}
	}
}

// list is what a part of a table is to do, in the slowest way.
type list struct {
	items []item // the next to go is the first
	most  int
}

type item struct {
	key, value  int
	began, ends int64
	generation  uint64
	uses        int
}

func (i item) holds(now int64, generation uint64) bool {
	return i.generation == generation && i.began <= now && now < i.ends
}

func (l *list) get(key int, now int64, generation uint64) (int, bool) {
	for i := range l.items {
		if it := &l.items[i]; it.key == key && it.holds(now, generation) {
			it.uses = min(it.uses+1, 3)
			return it.value, true
		}
	}
	return 0, false
}

func (l *list) put(new item) {
	if new.ends <= new.began {
		return
	}
	for i := range l.items {
		if l.items[i].key == new.key {
			new.uses = min(l.items[i].uses+1, 3)
			l.items[i] = new
			return
		}
	}
	for len(l.items) == l.most {
		first := l.items[0]
		l.items = l.items[1:]
		if first.uses > 0 && first.holds(new.began, new.generation) {
			first.uses--
			l.items = append(l.items, first)
		}
	}
	l.items = append(l.items, new)
}

func TestTableConcurrently(t *testing.T) {
	table := bearer.NewTable(64)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(worker), 2))
			for range 5000 {
				n := r.IntN(200)
				if v, ok := table.Get(keyOf(byte(n), n), bearer.At(1, 0)); ok && v != n {
					panic(fmt.Sprint(v, " is not of ", n))
				}
				table.Put(keyOf(byte(n), n), n, bearer.At(1, 0), 1)
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, table.Len(), 64)
}
