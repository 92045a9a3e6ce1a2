package expressions

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// attempts is how often an evaluation is tried, each time with its part of the
// time: one that takes long may merely have been set aside by a busy machine.
const attempts = 2

// Try makes a user in two attempts, of which the second is for one that took too
// long. What an attempt had in hand is nobody's if the error says
// [authn.Unavailable] or [authn.Panicked]: it may be going on.
func Try(ctx context.Context, attempt func() (user.Info, error)) (user.Info, error) {
	for left := attempts; ; left-- {
		u, err := attempt()
		var long tooLong
		switch {
		case authn.ReasonOf(err) != authn.Unavailable && authn.ReasonOf(err) != authn.Panicked:
			return u, err
		case ctx.Err() != nil:
			return nil, authn.Errorf(authn.Unavailable, "%w", ctx.Err())
		case left == 1 || !errors.As(err, &long):
			return nil, err
		}
	}
}

// Maker makes a user. It embeds an [Evaluation].
type Maker interface {
	// Make takes the steps.
	Make(context.Context) (user.Info, error)

	// Progress is of the Evaluation.
	Progress() *Evaluation
}

// Run makes a user within an attempt's time and as long as ctx lasts. A panic is an
// error.
func Run(ctx context.Context, m Maker) (user.Info, error) {
	limited, cancel := context.WithTimeout(ctx, m.Progress().Most/attempts)
	defer cancel()
	made := safely(limited, m)
	return made.user, made.err
}

// made is what an evaluation came to.
type made struct {
	user user.Info
	err  error
}

// safely is Make, of which a panic is an error.
func safely(ctx context.Context, maker Maker) (m made) {
	defer func() {
		if v := recover(); v != nil {
			m = made{err: authn.Errorf(authn.Panicked, "an expression panicked with a %s", clip.Text(fmt.Sprintf("%T", v)))}
		}
	}()
	m.user, m.err = maker.Make(ctx)
	return m
}

// Aside is [Run] for expressions that cannot be stopped everywhere: in a goroutine of
// their own they are left to themselves when their time is up. Who starts that
// goroutine has it call Run, and waits.
type Aside struct {
	maker  Maker
	begun  chan context.Context
	result chan made
}

// NewAside returns an attempt of m to be run aside.
func NewAside(m Maker) *Aside {
	return &Aside{m, make(chan context.Context, 1), make(chan made, 1)}
}

// Run makes the user. It returns when that has ended by itself.
func (a *Aside) Run(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, a.maker.Progress().Most/attempts) // from now on, not from when a busy machine had no time for it
	defer cancel()
	a.begun <- limited
	growStack(len(a.begun))
	a.result <- safely(limited, a.maker)
}

// Wait returns what came of Run, as long as the attempt's time and ctx last.
func (a *Aside) Wait(ctx context.Context) (user.Info, error) {
	select {
	case limited := <-a.begun:
		return a.ended(limited)
	case <-ctx.Done():
		return nil, a.left(ctx)
	}
}

// ended returns what an evaluation came to, as long as its time lasts.
func (a *Aside) ended(limited context.Context) (user.Info, error) {
	select {
	case m := <-a.result:
		return m.user, m.err
	case <-limited.Done():
	}
	select {
	case m := <-a.result: // it was in time
		return m.user, m.err
	default:
		return nil, a.left(limited)
	}
}

// left is the error of an attempt that is left to itself.
func (a *Aside) left(ctx context.Context) error {
	e := a.maker.Progress()
	return e.where(e.stopped(ctx.Err()))
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
