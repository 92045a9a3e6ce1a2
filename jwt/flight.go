package jwt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/authnchain/authnchain/internal/pause"
)

// flight is one fetch and those who wait for it.
type flight struct {
	done      chan struct{} // closed when it is over
	cancel    context.CancelFunc
	err       error // once done is closed
	waiting   int   // callers; this and the following are guarded by remoteKeys.mu
	timer     *time.Timer
	abandoned bool
}

var errTooSoon = errors.New("not among those known, and it is too soon to fetch them again")

// fetch joins the fetch under way or begins one, if it is time. If it does not
// wait, it returns at once.
func (r *remoteKeys) fetch(ctx context.Context, wait bool) error {
	r.mu.Lock()
	f := r.flight
	if f == nil {
		if !r.due() {
			r.mu.Unlock()
			return errTooSoon
		}
		f = r.start()
	}
	f.waiting++ // for good, if nobody waits: then nobody's leaving ends it
	r.mu.Unlock()
	if !wait {
		return nil
	}
	limited, resume := pause.Begin(ctx, r)
	defer resume()
	select {
	case <-f.done:
		return f.err
	case <-limited.Done():
		r.leave(f)
	}
	return cmp.Or(ctx.Err(), pause.ErrCrowded)
}

// due reports whether a fetch may begin, and takes a spare if it needs one. A
// time that is further ahead than any fetch was put off means that the clock has
// gone back. r.mu is held.
func (r *remoteKeys) due() bool {
	left := r.next.Sub(r.now())
	return left <= 0 || left > 2*fetchInterval || r.spares.take()
}

// start begins a fetch, of which no caller is the owner. r.mu is held.
func (r *remoteKeys) start() *flight {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	f := &flight{done: make(chan struct{}), cancel: cancel}
	r.flight = f
	go func() {
		defer cancel()
		var set *keySet
		err := errors.New("the fetch did not end")
		defer func() {
			if v := recover(); v != nil { // of a Client's transport, say
				set, err = nil, fmt.Errorf("the fetch panicked with a %T", v)
			}
			r.land(f, set, err)
		}()
		set, err = r.source.fetch(ctx)
	}()
	return f
}

// leave counts one waiting caller out. While there are no keys, a fetch that
// nobody waits for ends soon; else what it brings is for everybody.
func (r *remoteKeys) leave(f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f.waiting--
	switch {
	case f.waiting > 0 || r.current.Load() != nil:
	case f.timer != nil:
		f.timer.Reset(abandonAfter)
	default:
		f.timer = time.AfterFunc(abandonAfter, func() { r.abandon(f) })
	}
}

func (r *remoteKeys) abandon(f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.waiting == 0 {
		f.abandoned = true
		f.cancel()
	}
}

// land ends a fetch and puts its keys to use.
func (r *remoteKeys) land(f *flight, set *keySet, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(f.done)
	now := r.now()
	r.flight, f.err = nil, err
	if !f.abandoned || err == nil { // else it says nothing of the issuer
		r.last = err
	}
	if err == nil {
		set.fetched = now
		set.number = r.Generation()
		if before := r.current.Load(); before == nil || !sameKeys(before.keys, set.keys) {
			r.spares.earn(now)
			set.number++
		}
		r.current.Store(set)
	}
	interval := fetchInterval
	if inUse := r.current.Load(); inUse == nil || r.tooOld(inUse, now) {
		interval = firstInterval
	}
	r.next = now.Add(jitter(interval))
}

// spares are fetches that may come before their time, since keys that have just
// changed may change once more. An issuer whose keys are others each time does
// not get more than maxSpares in an hour.
type spares struct {
	left  bool
	count int
	since time.Time
}

func (s *spares) earn(now time.Time) {
	if age := now.Sub(s.since); age < 0 || age > time.Hour {
		s.count, s.since = 0, now
	}
	if s.count < maxSpares {
		s.count++
		s.left = true
	}
}

func (s *spares) take() bool {
	had := s.left
	s.left = false
	return had
}

// jitter returns d and up to a tenth more, so that servers which started
// together do not ask together.
func jitter(d time.Duration) time.Duration { return d + rand.N(d/10) }
