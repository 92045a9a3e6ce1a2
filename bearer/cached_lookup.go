package bearer

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/confirm"
	"github.com/authnchain/authnchain/internal/pause"
)

// join looks a token up, or waits for somebody's look-up of the same.
func (c *Cache) join(ctx context.Context, q question, token string) outcome {
	if err := ctx.Err(); err != nil {
		return outcome{err: err}
	}
	found, err := c.flights.Do(ctx, q, func(detached context.Context) (outcome, error) {
		return c.lookUp(authn.Carry(detached, ctx), q, token), nil
	})
	switch {
	case err == nil:
		return found
	case errors.Is(err, ctx.Err()):
		return outcome{err: err}
	}
	return outcome{err: authn.Errorf(authn.Panicked, "bearer: cache: the look-up failed: %w", err)}
}

func (c *Cache) lookUp(ctx context.Context, q question, token string) (found outcome) {
	defer func() {
		if v := recover(); v != nil {
			found = outcome{err: &authn.Error{Reason: authn.Panicked, Err: &authn.PanicError{Value: v, Stack: debug.Stack()}}}
		}
	}()
	if found, ok := c.remembered(q); ok { // since a look-up that ended a moment ago
		authn.Note(ctx, "remembered")
		return found
	}
	place, err := c.places.enter(ctx)
	if err != nil {
		return outcome{err: err}
	}
	defer place.leave()
	began := c.now()
	found = c.ask(pause.With(ctx, place.pause), token)
	if ctx.Err() == nil && c.Generation() == q.generation { // else nobody waits, or nobody asks so any more
		c.remember(q, began, found)
	}
	return found
}

// askAnew is for who wants the whole story of a refusal. What comes of it is not
// remembered.
func (c *Cache) askAnew(ctx context.Context, token string) outcome {
	place, err := c.places.enter(ctx)
	if err != nil {
		return outcome{err: err}
	}
	defer place.leave()
	return c.ask(pause.With(ctx, place.pause), token)
}

// ask asks the authenticator. What comes of it shares no memory with what it said.
func (c *Cache) ask(ctx context.Context, token string) outcome {
	var promise *confirm.Promise
	if confirm.From(ctx) != nil {
		ctx, promise = confirm.New(ctx) // for all who wait, and for those who come later
	}
	resp, ok, err := authn.AskToken(ctx, c.token, token)
	if !ok {
		return outcome{err: err}
	}
	if promise != nil && promise.Lost(resp.User) {
		return outcome{err: authn.Errorf(authn.Unavailable, "bearer: cache: %w", confirm.ErrLost)}
	}
	own := &authenticator.Response{Audiences: copyOf(resp.Audiences), User: authn.ReadOnly(copied{resp.User})}
	return outcome{resp: own, ok: true}
}

// remember keeps an answer that was asked for when it began, if it may be kept.
func (c *Cache) remember(q question, began time.Time, found outcome) {
	at := moment{began.UnixNano(), q.generation}
	switch {
	case found.ok:
		ttl := c.ttl
		if expiry, known := authn.ExpiryOf(found.resp.User); known {
			ttl = min(ttl, expiry.Sub(began))
		}
		c.accepted.put(q.key, found.resp, at, ttl, sizeOf(found.resp))
		c.refused.forget(q.key)
	case found.err == nil || authn.Conclusive(found.err):
		c.refused.put(q.key, found.err, at, c.failureTTL, 0)
		c.accepted.forget(q.key) // or it would hold again if the clock went back
	}
}
