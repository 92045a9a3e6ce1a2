package authconfig

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// MaxEvaluation is how long all expressions of one token may take together, if
// [Options] do not say otherwise.
const MaxEvaluation = 50 * time.Millisecond

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
	if err == nil && ctx.Err() == nil {
		return v, nil
	}
	if ended := ctx.Err(); ended != nil {
		return nil, e.stopped(ended)
	}
	return nil, authn.Errorf(reason, "%w", clip.Error(err))
}

// attempts is how often an evaluation is tried, each time with its part of the
// time: one that takes long may merely have been set aside by a busy machine.
const attempts = 2

// tooLong is the error of an evaluation that has used up its part of the time.
type tooLong struct{ most time.Duration }

func (t tooLong) Error() string {
	return fmt.Sprintf("the expressions, up to this one, take more than %s", t.most)
}

// stopped is the error of an evaluation that was stopped. That it takes long may
// be the machine's fault, so the token is not called bad.
func (e *evaluation) stopped(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		err = tooLong{e.most}
	}
	return authn.Errorf(authn.Unavailable, "%w", err)
}

// where says at which expression an evaluation was left.
func (e *evaluation) where(err error) error {
	if x := e.at.Load(); x != nil {
		return fmt.Errorf("%s: %w", x.path, err)
	}
	return err
}
