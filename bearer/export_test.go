package bearer

import (
	"context"
	"time"
)

// Table is what a Cache remembers in, of numbers.
type Table struct{ table[int] }

type (
	Digest = digest
	Moment = moment
	Hasher = hasher
)

// Shards is how many parts a table has.
const Shards = shards

func NewTable(entries int) *Table {
	t := &Table{}
	t.limit(entries)
	return t
}

func At(time int64, generation uint64) Moment { return moment{time, generation} }

func (t *Table) Get(key Digest, at Moment) (int, bool) { return t.get(key, at) }

func (t *Table) Put(key Digest, value int, at Moment, ttl time.Duration) { t.put(key, value, at, ttl) }

// Len returns how many entries there are, and checks that places and entries agree.
func (t *table[V]) Len() int {
	n := 0
	for i := range t.parts {
		p := &t.parts[i]
		p.mu.Lock()
		n += len(p.entries)
		if len(p.places) != len(p.entries) || len(p.entries) > p.most {
			panic("places and entries do not agree")
		}
		for key, i := range p.places {
			if p.entries[i].key != key {
				panic("a place is another's")
			}
		}
		p.mu.Unlock()
	}
	return n
}

// Lens returns how many acceptances and refusals c remembers, stale ones included.
func (c *Cache) Lens() (accepted, refused int) { return c.accepted.Len(), c.refused.Len() }

// InFlight returns how many tokens are being looked up.
func (c *Cache) InFlight() int { return len(c.places) }

func NewGMAC(key [32]byte) *Hasher { return newGMAC(key) }

func NewSHA() *Hasher { return newSHA() }

func NewHasher() *Hasher { return newHasher() }

func (h *hasher) Sum(ctx context.Context, token string) Digest { return h.sum(ctx, token) }
