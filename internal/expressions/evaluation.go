// Package expressions evaluates the CEL expressions of a configuration within a
// time, whatever they are about: who makes a user of them has an [Evaluation] for
// each credential.
package expressions

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// Expression is a compiled CEL expression and its place in the configuration.
type Expression struct {
	Path, Text string
	Program    cel.Program
}

// Variable returns the one variable that an expression has.
func Variable(name string, value traits.Mapper) interpreter.Activation {
	return variable{name, value}
}

type variable struct {
	name  string
	value traits.Mapper
}

// ResolveName implements [interpreter.Activation].
func (v variable) ResolveName(name string) (any, bool) { return v.value, name == v.name }

// Parent implements [interpreter.Activation].
func (variable) Parent() interpreter.Activation { return nil }

// Evaluation is one attempt at the expressions of one credential. It is part of a
// [Maker].
type Evaluation struct {
	Most time.Duration              // that all expressions may take, in all attempts
	at   atomic.Pointer[Expression] // the one that is evaluated, for those who do not wait
}

// Progress returns e, for a [Maker] that embeds it.
func (e *Evaluation) Progress() *Evaluation { return e }

// Evaluate runs one expression. An error has the reason given, unless the
// expression was stopped.
func (e *Evaluation) Evaluate(ctx context.Context, x *Expression, vars interpreter.Activation, reason authn.Reason) (ref.Val, error) {
	if err := ctx.Err(); err != nil {
		return nil, e.stopped(err)
	}
	e.at.Store(x)
	v, _, err := x.Program.ContextEval(ctx, vars)
	if err == nil && ctx.Err() == nil {
		return v, nil
	}
	if ended := ctx.Err(); ended != nil {
		return nil, e.stopped(ended)
	}
	return nil, authn.Errorf(reason, "%w", clip.Error(err))
}

// stopped is the error of an evaluation that was stopped. That it takes long may
// be the machine's fault, so the credential is not called bad.
func (e *Evaluation) stopped(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		err = tooLong{e.Most}
	}
	return authn.Errorf(authn.Unavailable, "%w", err)
}

// where says at which expression an evaluation was left.
func (e *Evaluation) where(err error) error {
	if x := e.at.Load(); x != nil {
		return fmt.Errorf("%s: %w", x.Path, err)
	}
	return err
}

// tooLong is the error of an evaluation that has used up its part of the time.
type tooLong struct{ most time.Duration }

func (t tooLong) Error() string {
	return fmt.Sprintf("the expressions, up to this one, take more than %s", t.most)
}

// CheckRule says why what a rule gave does not let the credential in: it must be
// true.
func CheckRule(v ref.Val, x *Expression, message string) error {
	switch v {
	case types.True:
		return nil
	case types.False:
		if message == "" {
			message = "not so"
		}
		return authn.Errorf(authn.RuleFailed, "%s (%s is false)", message, clip.Quote(x.Text))
	default:
		return WithReason(authn.RuleFailed, errNotBool)
	}
}

// WithReason returns err with a reason, unless it is nil, or says that the
// credential could not be judged.
func WithReason(reason authn.Reason, err error) error {
	if err == nil || authn.ReasonOf(err) == authn.Unavailable {
		return err
	}
	return &authn.Error{Reason: reason, Err: err}
}
