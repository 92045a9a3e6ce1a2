package bearer

import (
	"context"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
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

func (t *Table) Put(key Digest, value int, at Moment, ttl time.Duration) {
	t.put(key, value, at, ttl, 0)
}

// PutHeavy is Put of a value of so many bytes.
func (t *Table) PutHeavy(key Digest, value int, at Moment, size int) { t.put(key, value, at, 10, size) }

// Len returns how many entries there are, and checks that all are where they belong.
func (t *table[V]) Len() int {
	n := 0
	for i := range t.parts {
		p := &t.parts[i]
		p.mu.Lock()
		n += len(p.entries)
		if len(p.entries) > p.most {
			panic("too many entries")
		}
		chained, weight := 0, 0
		for _, next := range p.chains {
			for ; next != 0; next = p.entries[next-1].next {
				chained++
			}
		}
		if chained != len(p.entries) {
			panic("an entry is in no chain")
		}
		for i := range p.entries {
			if p.find(p.entries[i].key) != &p.entries[i] {
				panic("an entry is not found")
			}
			weight += int(p.entries[i].weight)
		}
		if weight != p.weight || weight > p.heavy {
			panic("a wrong weight, or too much of it")
		}
		p.mu.Unlock()
	}
	return n
}

// Lens returns how many acceptances and refusals c remembers, stale ones included.
func (c *Cache) Lens() (accepted, refused int) { return c.accepted.Len(), c.refused.Len() }

// InFlight returns how many tokens are being looked up.
func (c *Cache) InFlight() int { return len(c.places.taken) }

// Paused returns for how many things somebody waits who has given the place back.
func (c *Cache) Paused() int {
	c.places.mu.Lock()
	defer c.places.mu.Unlock()
	return len(c.places.paused)
}

func NewGMAC(key [32]byte) *Hasher { return newGMAC(key) }

func NewSHA() *Hasher { return newSHA() }

func NewHasher() *Hasher { return newHasher() }

func (h *hasher) Sum(ctx context.Context, token string) Digest { return h.sum(ctx, token) }

// SetHasher is for before c is used.
func (c *Cache) SetHasher(h *Hasher) { c.hash = h }

// Ask asks the authenticator and remembers nothing.
func (c *Cache) Ask(ctx context.Context, token string) *authenticator.Response {
	return c.ask(ctx, token).resp
}

// NotVisible is notVisible.
var NotVisible = notVisible
