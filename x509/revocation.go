package x509

import (
	"context"
	"crypto/x509"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
)

// Revocation knows which certificates were taken back.
//
// If it is [authn.Generational] too, a nil that it has returned is believed for
// [RevocationInterval] as long as its generation stays the same. Else it is asked on
// every request; so it is if the user is ([Authenticator].UserOnce).
type Revocation interface {
	// Check returns nil if none of the certificates of chain was taken back, which
	// has been verified and has the client's first and the root last. An error with
	// the reason [authn.Revoked] says that one was, and one with [authn.Unavailable]
	// that nobody can tell now. Check must be safe for concurrent use and not change
	// chain.
	Check(ctx context.Context, chain []*x509.Certificate) error
}

// RevocationInterval is how long a [Revocation] is believed that a certificate was
// not taken back. What changes with time alone, such as that a list is out of date,
// may be noticed so much later.
const RevocationInterval = 10 * time.Second

// answer is what was said of a verified certificate.
type answer struct {
	resp       *authenticator.Response
	until      time.Time // the end of its chain
	generation uint64    // of the Revocation
	asked      time.Time // when the Revocation was
}

// mayRemember reports whether answers may be remembered at all.
func (a *Authenticator) mayRemember() bool {
	if a.User != nil && !a.UserOnce {
		return false
	}
	_, generational := a.Revocation.(authn.Generational)
	return generational || a.Revocation == nil
}

// holds reports whether known is still what would be said.
func (a *Authenticator) holds(known *answer, generation uint64, now time.Time) bool {
	if a.Revocation == nil {
		return true
	}
	age := now.Sub(known.asked)
	return known.generation == generation && age >= 0 && age < RevocationInterval
}
