package authn

import (
	"context"
	"errors"
	"slices"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/confirm"
)

// ExpiryOf returns when the credential ends that u was accepted for, and whether
// that is known. It is the time that a method Expiry() time.Time of u returns, if
// it has one and the time is not zero. Users of this module have it if their credential
// tells (certificates, tokens of jwt, bootstrap tokens and more), also those that
// [UserFrom] returns; a cache must not remember them for longer, and a handler that
// answers for hours may want to end then.
func ExpiryOf(u user.Info) (time.Time, bool) {
	if e, ok := u.(interface{ Expiry() time.Time }); ok {
		t := e.Expiry()
		return t, !t.IsZero()
	}
	return time.Time{}, false
}

// Generational is an authenticator that knows when its answers may have changed
// other than by time: because its keys are others, or its configuration.
type Generational interface {
	// Generation returns a number that grows with every such change, before the first
	// answer that is another by it. It is cheap, and safe for concurrent use.
	Generation() uint64
}

// GenerationOf returns the generation of auth, or 0 if it is not [Generational].
func GenerationOf(auth any) uint64 {
	if g, ok := auth.(Generational); ok {
		return g.Generation()
	}
	return 0
}

// HealthOf returns what the method HealthCheck() error of auth returns: why what it
// judges by is not up to date, for whoever watches. Of a [Chain] without one it is
// that of all that the chain asks, together. It is nil for an authenticator that has
// nothing to tell.
func HealthOf(auth any) error {
	switch a := auth.(type) {
	case interface{ HealthCheck() error }:
		return a.HealthCheck()
	case Chain:
		var errs []error
		for _, link := range a.Links() {
			errs = append(errs, HealthOf(link))
		}
		return errors.Join(errs...)
	}
	return nil
}

// Conclusive reports whether a refusal would be the same a moment later, so that it
// may be remembered: every reason in err says that the credential is bad, and none
// that it could not be judged ([Unavailable], [Panicked]), is not good yet
// ([NotYetValid]), or nothing at all ([Refused]). A nil error is not conclusive.
func Conclusive(err error) bool {
	some := false
	for e := range reasons(err) {
		switch e.Reason {
		case Malformed, Expired, WrongAudience, UntrustedIssuer, WrongAlgorithm, UnknownKey, BadSignature,
			ClaimMissing, RuleFailed, Revoked, UntrustedCertificate, UnknownToken, InvalidUser:
			some = true
		default:
			return false
		}
	}
	return some
}

// Carry returns to with what an answer may depend on of what from carries: the
// audiences, the trace, the word of who asks to check the sender of a bound token, and
// whether the token is to be sent to nobody ([Withheld]).
// It is for work that is done for several requests, or goes on when the request is
// over, and so must not know more of it: no user, and neither Kubernetes' audit
// annotations nor its warnings.
func Carry(to, from context.Context) context.Context {
	if audiences, ok := authenticator.AudiencesFrom(from); ok {
		to = authenticator.WithAudiences(to, slices.Clone(audiences)) // whose array may be changed once from is over
	}
	if l := linkFrom(from); l != nil {
		to = l.context(to)
	}
	if Withheld(from) {
		to = Withhold(to)
	}
	return confirm.With(to, confirm.From(from))
}
