package jwt

import (
	"crypto/sha256"
	"sync"
)

// replays remembers what may be used once only, for a time and up to a number. It is
// kept in two halves: what was taken in the present span of time, and in the one
// before, which is forgotten as a whole.
type replays struct {
	most int // in each half

	mu     sync.Mutex // guards all below
	since  int64      // when the present span began, in seconds
	now    span
	before span
	gone   int64 // up to when what was forgotten could be used
}

// span is what was taken in one span of time.
type span struct {
	taken map[[16]byte]bool
	by    map[owner]int // how many, by whom
	until int64         // when the last of it cannot be used any more
}

// owner stands for the user of a token, of whom each may have many keys.
type owner [16]byte

func ownerOf(subject string) owner {
	sum := sha256.Sum256([]byte(subject))
	return owner(sum[:])
}

// taking is what came of taking something.
type taking int

const (
	fresh taking = iota
	replayed
	full
	stale // perhaps taken, and forgotten
)

// share is which part of a span one may fill.
const share = 8

func newReplays(most int) *replays { return &replays{most: max(most/2, share)} }

// take takes the id that a key's owner has given to something, at a time, if that was
// not taken before. It can be used until a time which is no more than lifetime ahead.
// That holds also if the clock goes back, by less than a lifetime: if it goes back by
// more, what was taken is remembered for one lifetime only.
func (r *replays) take(id, key string, by owner, now, until, lifetime int64, look bool) taking {
	sum := sha256.Sum256([]byte(key + "\x00" + id)) // key is a thumbprint, without NUL
	digest := [16]byte(sum[:16])
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(now, lifetime)
	switch {
	case r.now.taken[digest] || r.before.taken[digest]:
		return replayed
	case until <= r.gone:
		return stale
	case len(r.now.taken) >= r.most || r.now.by[by] >= r.most/share:
		return full
	case look:
		return fresh
	}
	r.now.taken[digest] = true
	r.now.by[by]++
	r.now.until = max(r.now.until, until)
	return fresh
}

// turn begins a new span when it is time, or when the clock has gone back by a span.
func (r *replays) turn(now, lifetime int64) {
	age := now - r.since
	if r.now.taken != nil && age < lifetime && age > -lifetime {
		return
	}
	r.gone = max(r.gone, r.before.until)
	r.before = r.now
	if age >= 2*lifetime {
		r.gone = max(r.gone, r.before.until)
		r.before = span{} // nothing of it can be used again
	}
	if age < 0 {
		r.gone, r.before.until = 0, 0 // or nothing could be used until the clock has caught up
	}
	r.since, r.now = now, span{taken: make(map[[16]byte]bool), by: make(map[owner]int)}
}
