package authconfig

import (
	"context"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/expressions"
)

// MaxEvaluation is how long all expressions of one token may take together, if
// [Options] do not say otherwise.
const MaxEvaluation = 50 * time.Millisecond

// limiter bounds how many evaluations of one issuer's tokens go on at once that
// cannot be stopped in the middle of a long function.
type limiter struct{ *expressions.Places }

func newLimiter() *limiter { return &limiter{expressions.NewPlaces("tokens")} }

// run makes the user within an attempt's time.
func run(ctx context.Context, e *evaluation) (user.Info, error) { return expressions.Run(ctx, e) }

// runAway is [run] for expressions that cannot be stopped everywhere: they are left
// to themselves when their time is up.
func (l *limiter) runAway(ctx context.Context, e *evaluation) (user.Info, error) {
	leave, err := l.Enter(ctx, e.subject())
	if err != nil {
		return nil, err
	}
	aside := expressions.NewAside(e)
	go func() {
		defer leave()
		aside.Run(ctx)
	}()
	return aside.Wait(ctx)
}
