// Package union makes one authenticator of several.
//
// The members are asked in order and the first that accepts wins. A member that
// refuses does not stop the others: a request with a stale token and a good
// certificate is the certificate's. If none accepts, the refusals come back
// together as an [*Error]; if none has an opinion, the union has none.
//
// A token that a member knows to be its own ([authn.Mine]) and does not accept is not
// sent to other servers by the members after it, as package webhook would: put those
// last. That holds for all tokens of a request, and for each member that takes its token
// from the request by itself.
//
// A member that lets the request in as anonymous comes last, wherever it stands:
// it counts only if no other accepts and none refuses. (Package anonymous wraps
// a union rather than being in it.)
package union

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
)

// Requests tries each of auths in turn. It panics if one of them is nil.
// A union of none has no opinion on any request.
func Requests(auths ...authenticator.Request) authenticator.Request {
	refuseNil("union.Requests", auths)
	return requests(slices.Clone(auths))
}

// Tokens is [Requests] for authenticators of tokens.
func Tokens(auths ...authenticator.Token) authenticator.Token {
	refuseNil("union.Tokens", auths)
	return tokens(slices.Clone(auths))
}

func refuseNil[A comparable](what string, auths []A) {
	var missing A
	for i, a := range auths {
		if a == missing {
			panic(fmt.Sprintf("%s: authenticator %d of %d is nil", what, i+1, len(auths)))
		}
	}
}

type requests []authenticator.Request

// AuthenticateRequest implements [authenticator.Request].
func (u requests) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	asked := r
	return first(r.Context(), u, func(a authenticator.Request) (*authenticator.Response, bool, error) {
		resp, ok, err := authn.AskRequest(a, asked)
		if err != nil && authn.IsMine(err) {
			asked = r.WithContext(authn.Withhold(r.Context()))
		}
		return resp, ok, err
	})
}

// Links implements [authn.Chain].
func (u requests) Links() []any { return links(u) }

type tokens []authenticator.Token

// AuthenticateToken implements [authenticator.Token].
func (u tokens) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	asked := ctx
	return first(ctx, u, func(a authenticator.Token) (*authenticator.Response, bool, error) {
		resp, ok, err := authn.AskToken(asked, a, token)
		if err != nil && authn.IsMine(err) {
			asked = authn.Withhold(asked)
		}
		return resp, ok, err
	})
}

// Links implements [authn.Chain].
func (u tokens) Links() []any { return links(u) }

// Generation implements [authn.Generational]. It grows whenever that of a member does.
func (u tokens) Generation() uint64 {
	var sum uint64
	for _, a := range u {
		sum += authn.GenerationOf(a)
	}
	return sum
}

// first asks each of auths until one accepts. An acceptance as anonymous waits
// until all have been asked: it is none if one of them refuses, or accepts.
func first[A any](ctx context.Context, auths []A, ask func(A) (*authenticator.Response, bool, error)) (*authenticator.Response, bool, error) {
	var nobody *authenticator.Response
	var errs []error
	for i, a := range auths {
		resp, ok, err := ask(a)
		switch {
		case err != nil:
			errs = append(errs, err)
		case ok && !authn.IsAnonymous(resp.User):
			skip(ctx, auths[i+1:])
			return resp, true, nil
		case ok && nobody == nil:
			nobody = resp
		}
	}
	if errs != nil {
		return nil, false, &Error{errs}
	}
	return nobody, nobody != nil, nil
}

func links[A any](auths []A) []any {
	all := make([]any, len(auths))
	for i, a := range auths {
		all[i] = a
	}
	return all
}

// skip records that the rest was not asked.
func skip[A any](ctx context.Context, rest []A) {
	if len(rest) == 0 || !authn.Traced(ctx) {
		return
	}
	for _, a := range rest {
		authn.Skip(ctx, a, "accepted before it")
	}
}

// Error is returned by a union of which no member accepted and at least one
// refused. [authn.ReasonOf] looks into it.
type Error struct {
	// Errors is what each refusing member said, in the order asked.
	Errors []error
}

func (e *Error) Error() string {
	texts := make([]string, len(e.Errors))
	for i, err := range e.Errors {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap lets [errors.Is] and [errors.As] see every refusal.
func (e *Error) Unwrap() []error { return e.Errors }
