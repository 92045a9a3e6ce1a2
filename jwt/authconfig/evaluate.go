package authconfig

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// MaxEvaluation is how long all expressions of one token may take together.
const MaxEvaluation = 50 * time.Millisecond

// maxRunaways is how many evaluations may go on that nobody waits for any more.
const maxRunaways = 4

// activation is the one variable that an expression has.
type activation struct {
	name  string
	value traits.Mapper
}

// ResolveName implements [interpreter.Activation].
func (a activation) ResolveName(name string) (any, bool) { return a.value, name == a.name }

// Parent implements [interpreter.Activation].
func (activation) Parent() interpreter.Activation { return nil }

// evaluate runs one expression. An error has the reason given, unless the
// expression was stopped.
func (e *evaluation) evaluate(ctx context.Context, x *expression, vars interpreter.Activation, reason authn.Reason) (ref.Val, error) {
	if err := ctx.Err(); err != nil {
		return nil, e.stopped(err)
	}
	e.at.Store(x)
	v, _, err := x.program.ContextEval(ctx, vars)
	if err == nil {
		return v, nil
	}
	if ended := ctx.Err(); ended != nil {
		return nil, e.stopped(ended)
	}
	return nil, authn.Errorf(reason, "%w", clip.Error(err))
}

// stopped is the error of an evaluation that was stopped. That it takes long may
// be the machine's fault, so the token is not called bad.
func (e *evaluation) stopped(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return authn.Errorf(authn.Unavailable, "the expressions, up to this one, take more than %s", e.most)
	}
	return authn.Errorf(authn.Unavailable, "%w", err)
}

// limiter bounds evaluations. They notice that their time is up between two turns
// of a loop and between two expressions, but not in the middle of one function, so
// nobody waits for them any longer than that.
type limiter struct {
	runaways atomic.Int32 // evaluations that nobody waits for
}

var errRunaways = authn.Errorf(authn.Unavailable, "%d expressions of other tokens take too long", maxRunaways)

type made struct {
	user user.Info
	err  error
}

// bounded makes the user, and waits no longer than e.most, nor than ctx lasts. A
// panic is an error.
func (l *limiter) bounded(ctx context.Context, e *evaluation) (user.Info, error) {
	if l.runaways.Load() >= maxRunaways {
		return nil, errRunaways
	}
	limited, cancel := context.WithTimeout(ctx, e.most)
	defer cancel()
	var state atomic.Int32 // who leaves first: 1 the caller, 2 the evaluation
	result := make(chan made, 1)
	go func() {
		growStack(l.runaways.Load())
		m := made{err: authn.Errorf(authn.Panicked, "the evaluation did not end")}
		defer func() {
			if v := recover(); v != nil {
				m = made{err: authn.Errorf(authn.Panicked, "an expression panicked with a %s", clip.Text(fmt.Sprintf("%T", v)))}
			}
			result <- m
			if !state.CompareAndSwap(0, 2) {
				l.runaways.Add(-1)
			}
		}()
		m.user, m.err = e.run(limited)
	}()
	select {
	case m := <-result:
		return m.user, m.err
	case <-limited.Done():
		if state.CompareAndSwap(0, 1) {
			l.runaways.Add(1)
		}
		return nil, e.where(e.stopped(limited.Err()))
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

// where says at which expression an evaluation was left.
func (e *evaluation) where(err error) error {
	if x := e.at.Load(); x != nil {
		return fmt.Errorf("%s: %w", x.path, err)
	}
	return err
}
