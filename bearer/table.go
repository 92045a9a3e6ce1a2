package bearer

import (
	"sync"
	"time"
)

// shards is into how many parts a table is divided, each with a lock of its own.
const shards = 16

// table remembers answers by digests, up to a number of them.
type table[V any] struct{ parts [shards]part[V] }

// part is a table of its own. When it is full, the hand goes round its entries. It
// takes one use off each that has any, and the first that has none makes room: one
// that is seen once or twice goes before one that comes again and again.
type part[V any] struct {
	mu      sync.Mutex // guards all below
	places  map[digest]uint32
	entries []entry[V]
	most    int
	hand    int
}

type entry[V any] struct {
	key        digest
	value      V
	began      int64 // when it was asked for, in nanoseconds
	ends       int64
	generation uint64
	uses       uint8 // how often it was asked for again, up to maxUses, less what the hand took
}

// maxUses is how often the hand passes an entry that was asked for often and now is
// not. With one, who asks twice for each token of a flood would make all entries alike.
const maxUses = 3

// moment is when something is asked for.
type moment struct {
	time       int64 // in nanoseconds
	generation uint64
}

// limit sets how many entries there may be, before the first.
func (t *table[V]) limit(entries int) {
	for i := range t.parts {
		t.parts[i].most = max(1, (entries+shards-1)/shards)
	}
}

// of returns the part for a key, whose bits are all alike.
func (t *table[V]) of(key digest) *part[V] { return &t.parts[key[0]%shards] }

// get returns what is remembered and still holds.
func (t *table[V]) get(key digest, at moment) (value V, ok bool) {
	p := t.of(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.places[key]
	if !ok {
		return value, false
	}
	e := &p.entries[i]
	if !e.holds(at) {
		return value, false
	}
	e.use()
	return e.value, true
}

// holds reports whether an answer is still one. If it is of the future, the clock
// has gone back.
func (e *entry[V]) holds(at moment) bool {
	return e.generation == at.generation && e.began <= at.time && at.time < e.ends
}

func (e *entry[V]) use() { e.uses = min(e.uses+1, maxUses) }

// put remembers a value that was asked for at a moment, for ttl from then on.
func (t *table[V]) put(key digest, value V, at moment, ttl time.Duration) {
	if ttl <= 0 {
		return
	}
	p := t.of(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.places[key]
	if !ok {
		i = p.room(at)
		if p.places == nil {
			p.places = make(map[digest]uint32)
		}
		p.places[key] = i
		p.entries[i] = entry[V]{key: key}
	} else {
		p.entries[i].use()
	}
	e := &p.entries[i]
	e.value, e.began, e.ends, e.generation = value, at.time, at.time+int64(ttl), at.generation
}

// room returns the place for a new entry.
func (p *part[V]) room(at moment) uint32 {
	if n := len(p.entries); n < p.most {
		if n == cap(p.entries) {
			grown := make([]entry[V], n, min(p.most, max(16, 2*n)))
			copy(grown, p.entries)
			p.entries = grown
		}
		p.entries = append(p.entries, entry[V]{})
		return uint32(n)
	}
	for {
		e := &p.entries[p.hand]
		i := p.hand
		p.hand = (p.hand + 1) % len(p.entries)
		if e.uses > 0 && e.holds(at) {
			e.uses--
			continue
		}
		delete(p.places, e.key)
		return uint32(i)
	}
}
