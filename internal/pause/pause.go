// Package pause lets who is one of a limited number of workers make room for others
// while there is nothing to do but wait.
package pause

import (
	"context"
	"errors"
)

// Func makes room for others until resume is called. What says for what there is to
// wait: if too many wait for the same, the context that it returns ends soon.
type Func func(ctx context.Context, what any) (limited context.Context, resume func())

type key struct{}

// With returns a context under which [Begin] calls f.
func With(ctx context.Context, f Func) context.Context { return context.WithValue(ctx, key{}, f) }

// Begin makes room if ctx is that of somebody who has to. Who calls it waits no longer
// than limited lasts, and then calls resume.
func Begin(ctx context.Context, what any) (limited context.Context, resume func()) {
	if f, ok := ctx.Value(key{}).(Func); ok {
		return f(ctx, what)
	}
	return ctx, func() {}
}

// ErrCrowded is for who has not waited until the end, though ctx goes on.
var ErrCrowded = errors.New("too many wait for it")
