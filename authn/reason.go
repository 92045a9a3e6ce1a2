package authn

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Reason says in one stable word why a credential was not accepted. Reasons
// are the label values of metrics and part of the compatibility promise; error
// texts are not.
type Reason string

const (
	NoCredential         Reason = "NoCredential"         // the request carries nothing that any authenticator looks at
	Malformed            Reason = "Malformed"            // the credential is not of the form that its kind prescribes
	Expired              Reason = "Expired"              // its time is over
	NotYetValid          Reason = "NotYetValid"          // its time has not come
	WrongAudience        Reason = "WrongAudience"        // it was made for another service
	UntrustedIssuer      Reason = "UntrustedIssuer"      // no authenticator trusts who issued it
	WrongAlgorithm       Reason = "WrongAlgorithm"       // it is signed with an algorithm that is not allowed
	UnknownKey           Reason = "UnknownKey"           // its issuer has no such key
	BadSignature         Reason = "BadSignature"         // no key of its issuer verifies the signature
	ClaimMissing         Reason = "ClaimMissing"         // it lacks a claim, or a claim is of another type, than the user is made from
	RuleFailed           Reason = "RuleFailed"           // it breaks a rule of the configuration
	BadProof             Reason = "BadProof"             // it is bound to its sender, and the request does not prove to be theirs
	Revoked              Reason = "Revoked"              // it was good, and was taken back
	UntrustedCertificate Reason = "UntrustedCertificate" // the certificate does not lead to a trusted authority, or is not for clients
	UnknownToken         Reason = "UnknownToken"         // no authenticator recognizes the token
	InvalidUser          Reason = "InvalidUser"          // the user it names is no user: empty, not UTF-8, control characters
	Unavailable          Reason = "Unavailable"          // it could not be judged now; it may be good
	Panicked             Reason = "Panicked"             // an authenticator panicked
	Refused              Reason = "Refused"              // refused by an authenticator that gave no reason
)

// Error is why a credential was not accepted.
type Error struct {
	// Reason is the stable word for it. Empty means [Refused].
	Reason Reason

	// Err is the whole story, for the operator. It is required.
	Err error

	// RetryAfter, with [Unavailable], is when asking again is worth while.
	// Zero means that nobody knows.
	RetryAfter time.Duration
}

// Errorf returns an [*Error] with the given reason and the text, and wrapped
// errors, of [fmt.Errorf].
func Errorf(reason Reason, format string, args ...any) error {
	return &Error{Reason: reason, Err: fmt.Errorf(format, args...)}
}

func (e *Error) Error() string {
	if e == nil || e.Err == nil {
		return "authn: refused for no reason that was told"
	}
	return e.Err.Error()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// ErrNoCredential is returned for a request that no authenticator had an
// opinion on. Its reason is [NoCredential].
var ErrNoCredential error = &Error{Reason: NoCredential, Err: errors.New("authn: no credential in the request")}

// ReasonOf returns the reason that err carries: "" for nil, [Refused] for an
// error without a reason. The error of a union has several; [Unavailable] comes
// before all others, since then nobody knows whether the credential is good, and
// of the others the first counts. A context that ended is Unavailable too.
func ReasonOf(err error) Reason {
	var first Reason
	for e := range reasons(err) {
		if e.Reason == Unavailable {
			return Unavailable
		}
		if first == "" {
			first = e.Reason
		}
	}
	if first == "" && err != nil {
		return Refused // a tree without a leaf
	}
	return first
}

// reasons yields the outermost [Error] of each branch of err's tree, and makes
// one up for a branch that has none.
func reasons(err error) func(yield func(Error) bool) {
	return func(yield func(Error) bool) { walk(err, yield) }
}

func walk(err error, yield func(Error) bool) bool {
	switch e := err.(type) {
	case nil:
		return true
	case *Error:
		found := Error{Reason: Refused}
		if e != nil {
			found = *e
		}
		if found.Reason == "" {
			found.Reason = Refused
		}
		return yield(found)
	case interface{ Unwrap() []error }:
		for _, branch := range e.Unwrap() {
			if !walk(branch, yield) {
				return false
			}
		}
		return true
	}
	if ended(err) {
		return yield(Error{Reason: Unavailable, Err: err})
	}
	if inner := errors.Unwrap(err); inner != nil {
		return walk(inner, yield)
	}
	return yield(Error{Reason: Refused, Err: err})
}

// ended reports whether err is the end of a context, or says that it is one, as
// the errors of package net do. It does not unwrap.
func ended(err error) bool {
	if err == context.Canceled || err == context.DeadlineExceeded {
		return true
	}
	is, ok := err.(interface{ Is(error) bool })
	return ok && (is.Is(context.Canceled) || is.Is(context.DeadlineExceeded))
}
