package webhook

import (
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// The policy of the breaker. The package's comment tells it to users.
const (
	opensAfter = 5           // failures in a row, each with another token
	quiet      = time.Second // and no answer for so long
	probeEvery = time.Second // while it is open
)

// breaker keeps a reviewer that is unwell from being asked, but for one review a
// second. A token on its own does not open it, whatever it makes the reviewer do; nor
// do several, while others are answered.
type breaker struct {
	seed maphash.Seed

	mu       sync.Mutex // guards all below
	row      []uint64   // failures since the last answer, by their tokens
	answered time.Time  // when the last answer came, good or not
	open     bool
	next     time.Time // when the next review may begin, while it is open
	since    time.Time // of the first failure after the last good answer
	last     error     // the last failure; nil after a good answer
}

func newBreaker() *breaker { return &breaker{seed: maphash.MakeSeed()} }

// openError says why a reviewer is not asked.
type openError struct {
	last error
	wait time.Duration // until somebody may ask again
}

func (e *openError) Error() string { return fmt.Sprintf("not asked, since it failed: %v", e.last) }

// check returns an error while nobody may ask.
func (b *breaker) check() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refusal(time.Now())
}

// refusal is check. b.mu is held.
func (b *breaker) refusal(now time.Time) error {
	if b.open && now.Before(b.next) {
		return &openError{b.last, b.next.Sub(now)}
	}
	return nil
}

// admit lets an attempt begin. A probe is one of those that may while it is open.
func (b *breaker) admit() (probe bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if err := b.refusal(now); err != nil {
		return false, err
	}
	if b.open {
		b.next = now.Add(probeEvery)
	}
	return b.open, nil
}

// abandoned is for a probe that says nothing: another may begin.
func (b *breaker) abandoned() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next = time.Now()
}

// succeeded is for a good answer.
func (b *breaker) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = nil
	b.close()
}

// failed is for anything else.
func (b *breaker) failed(token string, f *failure) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.last == nil {
		b.since = now
	}
	b.last = f.error
	switch {
	case !f.unwell:
		b.close() // it is there, whatever it says
	case !b.open && b.count(token, f) && now.Sub(b.answered) >= quiet:
		b.open, b.next = true, now.Add(probeEvery)
	}
}

// count reports whether there are enough failures in a row. One with a token that has
// failed before tells nothing new, unless the token was not even sent. b.mu is held.
func (b *breaker) count(token string, f *failure) bool {
	id := maphash.String(b.seed, token)
	if len(b.row) < opensAfter && (f.unsent || !slices.Contains(b.row, id)) {
		b.row = append(b.row, id)
	}
	return len(b.row) == opensAfter
}

// close is for an answer. b.mu is held.
func (b *breaker) close() {
	b.row, b.open, b.answered = b.row[:0], false, time.Now()
}

// health says what is wrong with the reviewer, and since when.
func (b *breaker) health() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == nil {
		return nil
	}
	how := "failing"
	if b.open {
		how = "asked once a second at most, failing"
	}
	return fmt.Errorf("%s since %s: %w", how, b.since.UTC().Format(time.RFC3339), b.last)
}
