package bearer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/authnchain/authnchain/authn"
)

const (
	defaultInFlight = 256
	maxWait         = 500 * time.Millisecond // for a place among those in flight
	maxPaused       = 4                      // times as many as there are places may wait for the same for long
)

// places are for those in flight.
type places struct {
	taken chan struct{} // filled by those who have one

	mu     sync.Mutex  // guards paused
	paused map[any]int // how many have given theirs back for a while, by what they wait for
}

func newPlaces(n int) *places {
	return &places{taken: make(chan struct{}, n), paused: make(map[any]int)}
}

// place is that of one look-up, which has it unless it waits for something that others
// do. It may do so in several goroutines.
type place struct {
	of *places

	mu          sync.Mutex // guards all below
	held, ended bool
}

// enter waits for a place.
func (p *places) enter(ctx context.Context) (*place, error) {
	select {
	case p.taken <- struct{}{}:
		return &place{of: p, held: true}, nil
	default:
	}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case p.taken <- struct{}{}:
		return &place{of: p, held: true}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, &authn.Error{Reason: authn.Unavailable, RetryAfter: time.Second, Err: fmt.Errorf("bearer: cache: %d tokens are being looked up, and no place is free", cap(p.taken))}
	}
}

// leave gives the place back for good.
func (p *place) leave() {
	p.giveBack()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

// giveBack reports whether there was something to give back.
func (p *place) giveBack() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.held {
		return false
	}
	p.held = false
	<-p.of.taken
	return true
}

// takeAgain waits for a place once more, unless nobody needs it any more.
func (p *place) takeAgain(ctx context.Context) {
	select {
	case p.of.taken <- struct{}{}:
	case <-ctx.Done():
		return // the look-up is about to end
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held = !p.ended; p.ended {
		<-p.of.taken
	}
}

// pause implements pause.Func: who waits for the keys of an issuer that hangs, say,
// must not keep out the tokens of others.
func (p *place) pause(ctx context.Context, what any) (limited context.Context, resume func()) {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if p.of.count(what, 1) > maxPaused*cap(p.of.taken) {
		limited, cancel = context.WithTimeout(ctx, maxWait)
	}
	gave := p.giveBack()
	return limited, func() {
		cancel()
		p.of.count(what, -1)
		if gave {
			p.takeAgain(ctx)
		}
	}
}

// count counts who wait for something.
func (p *places) count(what any, more int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.paused[what] + more
	if p.paused[what] = n; n == 0 {
		delete(p.paused, what)
	}
	return n
}
