package authconfig

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

const (
	maxRunaways    = 64 // evaluations that may go on though nobody waits for them
	maxRunawaysOne = 4  // of tokens with the same "sub" of one issuer
)

// limiter bounds evaluations that cannot be stopped, since they are in the middle
// of one long function. Nobody waits for them, but they take processor time until
// they end by themselves. One user has few of them, lest others have none.
type limiter struct {
	count atomic.Int32 // of all; so that nobody takes the lock while there are none

	mu        sync.Mutex // guards bySubject
	bySubject map[string]int
}

// made is what an evaluation came to.
type made struct {
	user user.Info
	err  error
}

// run makes the user within an attempt's time and as long as ctx lasts. A panic is
// an error.
func (l *limiter) run(ctx context.Context, e *evaluation) (user.Info, error) {
	limited, cancel := context.WithTimeout(ctx, e.most/attempts)
	defer cancel()
	m := e.safely(limited)
	return m.user, m.err
}

// runAway is [limiter.run] for expressions that cannot be stopped everywhere: they
// are left to themselves when their time is up.
func (l *limiter) runAway(ctx context.Context, e *evaluation) (user.Info, error) {
	subject := e.claims.Issuer() + " " + e.subject()
	if err := l.check(subject); err != nil {
		return nil, err
	}
	var left atomic.Bool // by whoever comes first: the caller, or the end
	begun, result := make(chan context.Context, 1), make(chan made, 1)
	go func() {
		limited, cancel := context.WithTimeout(ctx, e.most/attempts) // from now on, not from when a busy machine had no time for it
		defer cancel()
		begun <- limited
		growStack(l.count.Load())
		result <- e.safely(limited)
		if !left.CompareAndSwap(false, true) {
			l.add(subject, -1)
		}
	}()
	ended, err := wait(ctx, begun, result)
	if err == nil {
		return ended.user, ended.err
	}
	if left.CompareAndSwap(false, true) {
		l.add(subject, 1)
	}
	return nil, e.where(e.stopped(err))
}

// wait returns what an evaluation came to, or why nobody waits for it any more.
func wait(ctx context.Context, begun <-chan context.Context, result <-chan made) (made, error) {
	var limited context.Context
	select {
	case limited = <-begun:
	case <-ctx.Done():
		return made{}, ctx.Err()
	}
	select {
	case m := <-result:
		return m, nil
	case <-limited.Done():
	}
	select {
	case m := <-result: // it was in time
		return m, nil
	default:
		return made{}, limited.Err()
	}
}

// safely is run, of which a panic is an error.
func (e *evaluation) safely(ctx context.Context) (m made) {
	defer func() {
		if v := recover(); v != nil {
			m = made{err: authn.Errorf(authn.Panicked, "an expression panicked with a %s", clip.Text(fmt.Sprintf("%T", v)))}
		}
	}()
	m.user, m.err = e.run(ctx)
	return m
}

// check refuses an evaluation while too many go on that nobody waits for.
func (l *limiter) check(subject string) error {
	switch n := l.count.Load(); {
	case n == 0:
		return nil
	case n >= maxRunaways:
		return authn.Errorf(authn.Unavailable, "%d expressions of other tokens take too long", n)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.bySubject[subject]; n >= maxRunawaysOne {
		return authn.Errorf(authn.Unavailable, "%d expressions of other tokens of the same subject take too long", n)
	}
	return nil
}

func (l *limiter) add(subject string, n int) {
	l.count.Add(int32(n))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bySubject == nil {
		l.bySubject = make(map[string]int)
	}
	if l.bySubject[subject] += n; l.bySubject[subject] == 0 {
		delete(l.bySubject, subject)
	}
}

// growStack makes room on a new goroutine's stack for an evaluation, at once and
// while there is little on it to copy. Growing step by step takes a tenth of the
// time of all.
//
//go:noinline
func growStack(n int32) byte {
	var room [24 << 10]byte
	return room[int(n)%len(room)] // or the compiler would do without it
}
