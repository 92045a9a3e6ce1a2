package bearer

import (
	"encoding/binary"
	"math"
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
	chains  []uint32   // the first entry of each, by its place plus one; a map takes twice the memory when entries come and go
	entries []entry[V]
	most    int
	hand    int
	weight  int // of all entries, in KiB
	heavy   int // how much that may be
}

type entry[V any] struct {
	key        digest
	value      V
	began      int64 // when it was asked for, in nanoseconds
	ends       int64
	generation uint64
	next       uint32 // of the chain, by its place plus one; 0 is the end
	weight     uint16 // of the value, in KiB; 0 if there is none any more
	uses       uint8  // how often it was asked for again, up to maxUses, less what the hand took
}

// maxUses is how often the hand passes an entry that was asked for often and now is
// not. With one, who asks twice for each token of a flood would make all entries alike.
const maxUses = 3

// Entries may have average KiB each, or light KiB in all if that is more. One that
// would have an eighth of a part for itself is not remembered.
const (
	average = 4
	light   = 16 << 10
	portion = 8
)

// moment is when something is asked for.
type moment struct {
	time       int64 // in nanoseconds
	generation uint64
}

// limit sets how many entries there may be, before the first.
func (t *table[V]) limit(entries int) {
	for i := range t.parts {
		most := max(1, (entries+shards-1)/shards)
		t.parts[i].most, t.parts[i].heavy = most, max(average*most, light/shards)
	}
}

// of returns the part for a key, whose bits are all alike.
func (t *table[V]) of(key digest) *part[V] { return &t.parts[key[0]%shards] }

// get returns what is remembered and still holds.
func (t *table[V]) get(key digest, at moment) (value V, ok bool) {
	p := t.of(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.find(key)
	if e == nil || !e.holds(at) {
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

// put remembers a value of so many bytes that was asked for at a moment, for ttl from
// then on.
func (t *table[V]) put(key digest, value V, at moment, ttl time.Duration, size int) {
	p, weight := t.of(key), 1+size>>10
	if ttl <= 0 || weight > min(p.heavy/portion, math.MaxUint16) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.find(key)
	if e == nil {
		e = p.add(key, at)
	} else {
		e.use()
	}
	p.weight += weight - int(e.weight)
	e.value, e.weight, e.began, e.ends, e.generation = value, uint16(weight), at.time, at.time+int64(ttl), at.generation
	for p.weight > p.heavy {
		p.lighten(e, at)
	}
}

// forget has what is remembered under a key hold no more.
func (t *table[V]) forget(key digest) {
	p := t.of(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.find(key); e != nil {
		e.ends = e.began
	}
}

// find returns the entry with that key, or nil.
func (p *part[V]) find(key digest) *entry[V] {
	if len(p.entries) == 0 {
		return nil
	}
	for i := *p.chain(key); i != 0; i = p.entries[i-1].next {
		if e := &p.entries[i-1]; e.key == key {
			return e
		}
	}
	return nil
}

// chain returns where the chain begins that key is in.
func (p *part[V]) chain(key digest) *uint32 {
	return &p.chains[binary.LittleEndian.Uint32(key[8:])%uint32(len(p.chains))]
}

// add returns a new entry for key.
func (p *part[V]) add(key digest, at moment) *entry[V] {
	i := len(p.entries)
	if i == p.most {
		i = p.makeRoom(at)
	} else {
		if i == cap(p.entries) {
			p.grow()
		}
		p.entries = p.entries[:i+1]
	}
	p.entries[i] = entry[V]{key: key}
	p.link(i)
	return &p.entries[i]
}

func (p *part[V]) grow() {
	n := len(p.entries)
	grown := make([]entry[V], n, min(p.most, max(16, 2*n)))
	copy(grown, p.entries)
	p.entries, p.chains = grown, make([]uint32, cap(grown))
	for i := range grown {
		p.link(i)
	}
}

// makeRoom returns the place of an entry that it has taken out of its chain.
func (p *part[V]) makeRoom(at moment) int {
	for {
		i := p.hand
		e := &p.entries[i]
		p.hand = (i + 1) % len(p.entries)
		if e.uses > 0 && e.holds(at) {
			e.uses--
			continue
		}
		p.weight -= int(e.weight)
		p.unlink(i)
		return i
	}
}

// lighten takes the value of another entry than keep, which makeRoom then takes first.
func (p *part[V]) lighten(keep *entry[V], at moment) {
	for {
		e := &p.entries[p.hand]
		p.hand = (p.hand + 1) % len(p.entries)
		switch {
		case e == keep || e.weight == 0:
		case e.uses > 0 && e.holds(at):
			e.uses--
		default:
			var none V
			p.weight -= int(e.weight)
			e.value, e.weight, e.ends = none, 0, e.began
			return
		}
	}
}

func (p *part[V]) link(i int) {
	first := p.chain(p.entries[i].key)
	p.entries[i].next, *first = *first, uint32(i+1)
}

func (p *part[V]) unlink(i int) {
	at := p.chain(p.entries[i].key)
	for *at != uint32(i+1) {
		at = &p.entries[*at-1].next
	}
	*at = p.entries[i].next
}
