package authn

import (
	"context"
	"errors"
)

// Mine marks the error of an authenticator that has found a token to be for itself
// and nobody else, as by its issuer: a union then tells those that it asks
// next ([Withheld]). The text and the reasons of err stay as they are; nil stays nil.
func Mine(err error) error {
	if err == nil {
		return nil
	}
	return &mine{err}
}

// IsMine reports whether err, or one that it wraps, comes from [Mine].
func IsMine(err error) bool {
	_, is := errors.AsType[*mine](err)
	return is
}

type mine struct{ error }

func (m *mine) Unwrap() error { return m.error }

type withheldKey struct{}

// Withhold returns a context under which the token asked about is not to be sent to
// anybody. It is for chains.
func Withhold(ctx context.Context) context.Context {
	if Withheld(ctx) {
		return ctx
	}
	return context.WithValue(ctx, withheldKey{}, true)
}

// Withheld reports whether an authenticator that was asked before knows the token to
// be its own ([Mine]) and has not accepted it. Who would send the token to a server
// that others run should have no opinion on it instead: that server could learn nothing
// from it but a credential.
func Withheld(ctx context.Context) bool { return ctx.Value(withheldKey{}) != nil }
