package authconfig

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// maxQueue is how long an evaluation waits for its turn.
const maxQueue = time.Second

// limiter bounds how many evaluations of one issuer's tokens go on at once that
// cannot be stopped in the middle of a long function. Nobody waits for one whose
// time is up, but it has its place until it ends by itself. One user has half of
// the places, lest others have none.
type limiter struct {
	places chan struct{}

	mu        sync.Mutex // guards bySubject and the users of each share
	bySubject map[string]*share
}

// share is the places of one user.
type share struct {
	places chan struct{}
	users  int // who have a place, or wait for one
}

func newLimiter() *limiter {
	return &limiter{places: make(chan struct{}, max(4, 2*runtime.GOMAXPROCS(0))), bySubject: make(map[string]*share)}
}

// enter waits for a place, and returns how to leave it.
func (l *limiter) enter(ctx context.Context, subject string) (leave func(), err error) {
	s := l.share(subject)
	timer := time.NewTimer(maxQueue)
	defer timer.Stop()
	if err := wait(ctx, s.places, timer); err != nil {
		l.forget(subject, s)
		return nil, err
	}
	if err := wait(ctx, l.places, timer); err != nil {
		<-s.places
		l.forget(subject, s)
		return nil, err
	}
	return func() {
		<-l.places
		<-s.places
		l.forget(subject, s)
	}, nil
}

// wait takes a place as soon as there is one.
func wait(ctx context.Context, places chan<- struct{}, timer *time.Timer) error {
	select {
	case places <- struct{}{}:
		return nil
	default:
	}
	select {
	case places <- struct{}{}:
		return nil
	case <-timer.C:
		return authn.Errorf(authn.Unavailable, "the expressions of other tokens take too long")
	case <-ctx.Done():
		return authn.Errorf(authn.Unavailable, "%w", ctx.Err())
	}
}

func (l *limiter) share(subject string) *share {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.bySubject[subject]
	if s == nil {
		s = &share{places: make(chan struct{}, cap(l.places)/2)}
		l.bySubject[subject] = s
	}
	s.users++
	return s
}

func (l *limiter) forget(subject string, s *share) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.users--; s.users == 0 {
		delete(l.bySubject, subject)
	}
}

// made is what an evaluation came to.
type made struct {
	user user.Info
	err  error
}

// run makes the user within an attempt's time and as long as ctx lasts. A panic is
// an error.
func run(ctx context.Context, e *evaluation) (user.Info, error) {
	limited, cancel := context.WithTimeout(ctx, e.most/attempts)
	defer cancel()
	m := e.safely(limited)
	return m.user, m.err
}

// runAway is [run] for expressions that cannot be stopped everywhere: they are left
// to themselves when their time is up.
func (l *limiter) runAway(ctx context.Context, e *evaluation) (user.Info, error) {
	leave, err := l.enter(ctx, e.subject())
	if err != nil {
		return nil, err
	}
	begun, result := make(chan context.Context, 1), make(chan made, 1)
	go func() {
		defer leave()
		limited, cancel := context.WithTimeout(ctx, e.most/attempts) // from now on, not from when a busy machine had no time for it
		defer cancel()
		begun <- limited
		growStack(len(l.places))
		result <- e.safely(limited)
	}()
	select {
	case limited := <-begun:
		return e.ended(limited, result)
	case <-ctx.Done():
		return nil, e.where(e.stopped(ctx.Err()))
	}
}

// ended returns what an evaluation came to, as long as its time lasts.
func (e *evaluation) ended(limited context.Context, result <-chan made) (user.Info, error) {
	select {
	case m := <-result:
		return m.user, m.err
	case <-limited.Done():
	}
	select {
	case m := <-result: // it was in time
		return m.user, m.err
	default:
		return nil, e.where(e.stopped(limited.Err()))
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

// growStack makes room on a new goroutine's stack for an evaluation, at once and
// while there is little on it to copy. Growing step by step takes a tenth of the
// time of all.
//
//go:noinline
func growStack(n int) byte {
	var room [24 << 10]byte
	return room[n%len(room)] // or the compiler would do without it
}
