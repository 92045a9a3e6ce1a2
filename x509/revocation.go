package x509

import (
	"context"
	"crypto/x509"
	"time"
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
