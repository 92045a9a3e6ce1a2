package serviceaccount

import (
	"context"
	"time"

	"github.com/authnchain/authnchain/authn"
)

// StaleToken is a token that was accepted, and whose holder should have had a new one.
type StaleToken struct {
	Subject      string        // the user's name
	CredentialID string        // as in the user's extra attributes; empty: none
	Pod          Reference     // that it is bound to; without a name if to none
	Since        time.Duration // for how long it has been stale, in whole seconds
}

// LegacyToken is a token of a Secret that was used.
type LegacyToken struct {
	Subject      string    // the user's name
	Secret       Reference // with its UID
	Generated    bool      // the Secret was made for the account without being asked for
	InvalidSince string    // the label of the Secret; if not empty, the token was refused
	LastUsed     string    // the label of the Secret
}

// tell tells those who want to know that a token was used. Whoever only wants it explained
// has not used it.
func (a *Authenticator) tell(ctx context.Context, t *verified) {
	if authn.Explaining(ctx) {
		return
	}
	if a.options.Stale != nil && !t.claims.warnAfter.IsZero() && t.now.After(t.claims.warnAfter) {
		since := time.Duration(t.now.Unix()-t.claims.warnAfter.Unix()) * time.Second
		a.options.Stale(ctx, StaleToken{Subject: t.claims.username(), CredentialID: t.credential, Pod: t.claims.pod, Since: since})
	}
	if a.options.LegacyUsed != nil && t.legacy && !a.options.SkipLegacyLookup {
		secret := t.claims.secret
		secret.UID = t.secret.UID
		a.options.LegacyUsed(ctx, LegacyToken{
			Subject: t.claims.username(), Secret: secret, Generated: t.generated, InvalidSince: t.secret.InvalidSince, LastUsed: t.secret.LastUsed,
		})
	}
}
