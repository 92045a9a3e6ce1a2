// Package confirm takes the check of what binds a token to its sender (RFC 7800)
// from who knows the token to who has the request.
//
// An authenticator of tokens sees no request. It gives such a user a [Func], which
// is asked about every request, also where the user comes out of a cache. Lest
// nobody asks, it gives none to a caller that has not promised to ([Promise]).
package confirm

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/authnchain/authnchain/internal/authscheme"
)

// Func says why a request with a token that was verified does not prove that its
// sender may use it.
type Func func(r *http.Request, token string) error

// Of returns the check that a user is accepted under; nil: none.
func Of(user any) Func {
	if bound, ok := user.(interface{ Confirmation() Func }); ok {
		return bound.Confirmation()
	}
	return nil
}

// Promise is a caller's word that it will ask.
type Promise struct{ expected atomic.Bool }

type key struct{}

// New returns a context under which an authenticator may accept tokens that are to
// be confirmed, by [Promise.Keep].
func New(ctx context.Context) (context.Context, *Promise) {
	p := &Promise{}
	return context.WithValue(ctx, key{}, p), p
}

// From returns the promise that was given; nil: none.
func From(ctx context.Context) *Promise {
	p, _ := ctx.Value(key{}).(*Promise)
	return p
}

// With returns a context with a promise that was given to another; p may be nil.
func With(ctx context.Context, p *Promise) context.Context {
	if p == nil {
		return ctx
	}
	return context.WithValue(ctx, key{}, p)
}

// Expect tells who has promised that the user about to be returned has a check.
func (p *Promise) Expect() { p.expected.Store(true) }

// Lost reports whether a check was to come with the user, who has none.
func (p *Promise) Lost(user any) bool { return p.expected.Load() && Of(user) == nil }

// Keep checks the request that a user was accepted for. The error is ErrLost if a
// check was to come, ErrUnbound if the scheme is DPoP and there is none, or the
// check's own.
func (p *Promise) Keep(user any, r *http.Request, token string) error {
	check := Of(user)
	switch {
	case check != nil:
		return check(r, token)
	case p.Lost(user):
		return ErrLost
	}
	if _, isDPoP := authscheme.DPoP(r.Header.Get("Authorization")); isDPoP {
		return ErrUnbound
	}
	return nil
}

// What [Promise.Keep] returns.
var (
	ErrLost    = errors.New("the check of the token's sender was lost on the way, by an authenticator that gives another user")
	ErrUnbound = errors.New("the scheme is DPoP, and the token is not bound to a key")
)
