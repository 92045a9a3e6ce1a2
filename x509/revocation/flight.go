package revocation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// The policy on asking other servers. The package's comment tells it to users.
const (
	timeout       = 5 * time.Second
	fetchInterval = 30 * time.Second // between two fetches, once there is an answer
	firstInterval = 2 * time.Second  // between two fetches, while there is none
)

// flight is one fetch that is under way. It is for whoever asks, and ends in time by
// itself, so it goes on when those who waited have left: what it brings is for the
// next.
type flight struct {
	done chan struct{} // closed when it is over
	err  error         // once done is closed
}

// fly begins a flight to what is called so. end is told what came of work, before those who wait are.
func fly(to string, work func(context.Context) error, end func(error)) *flight {
	f := &flight{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		f.err = safely(ctx, to, work)
		end(f.err)
	}()
	return f
}

// safely is work, of which a panic is an error.
func safely(ctx context.Context, to string, work func(context.Context) error) (err error) {
	defer func() {
		if v := recover(); v != nil { // of a Client's transport, say
			err = fmt.Errorf("%s: panicked with a %T", to, v)
		}
	}()
	return work(ctx)
}

// wait returns what came of a flight, or the end of ctx.
func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// due reports whether the time has come that something was put off to. One that is
// further ahead than anything is put off means that the clock has gone back.
func due(next, now time.Time) bool {
	left := next.Sub(now)
	return left <= 0 || left > 2*fetchInterval
}

// jitter returns d and up to a tenth more, so that servers which started together do
// not ask together.
func jitter(d time.Duration) time.Duration { return d + rand.N(d/10+1) }
