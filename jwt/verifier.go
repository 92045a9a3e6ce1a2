package jwt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/authnchain/authnchain/internal/jose"
)

// VerifierConfig says which tokens a [Verifier] verifies.
type VerifierConfig struct {
	// Issuers are those that the tokens may be of ("iss"), to the letter. At least one is
	// required, and each token may be signed with any of the Keys.
	Issuers []string

	// Keys are the issuers' keys: [StaticKeys], a [FileKeys], a [URLKeys], or a [KeySet] of
	// one's own. It is required.
	Keys KeySet

	// Algorithms are as in [Config].
	Algorithms []string

	// Types are as in [Config].
	Types []string

	// MaxBytes is how long a token may be. Zero means [MaxToken].
	MaxBytes int
}

// Verifier verifies the form, the type, the algorithm and the signature of tokens, and
// leaves what they must claim to who uses it. It is for tokens that are not like those
// of OpenID Connect, such as those of Kubernetes' service accounts: a server that is to
// know users by ID or access tokens wants an [Authenticator].
type Verifier struct {
	auth    *Authenticator // without an issuer of its own
	issuers []string
}

// NewVerifier returns a Verifier. It does not touch the network.
func NewVerifier(c VerifierConfig) (*Verifier, error) {
	a := &Authenticator{
		algorithms: slices.Clone(c.Algorithms),
		types:      slices.Clone(c.Types),
		keys:       c.Keys,
		headers:    jose.NewHeaders(),
		maxBytes:   c.MaxBytes,
		now:        time.Now,
	}
	a.setDefaults(c.Algorithms == nil, c.Types == nil)
	if err := a.checkVerifier(c); err != nil {
		return nil, fmt.Errorf("jwt: verifier: %w", err)
	}
	v := &Verifier{auth: a}
	for _, issuer := range c.Issuers {
		v.issuers = append(v.issuers, canonical(issuer))
	}
	return v, nil
}

// checkVerifier says what is wrong with a configuration.
func (a *Authenticator) checkVerifier(c VerifierConfig) error {
	for i, issuer := range c.Issuers {
		switch {
		case issuer == "":
			return errors.New("issuers: one is empty")
		case slices.Contains(c.Issuers[:i], issuer):
			return fmt.Errorf("issuers: %q is there twice", issuer)
		}
	}
	switch {
	case len(c.Issuers) == 0:
		return errors.New("issuers: at least one is required")
	case c.Keys == nil:
		return errors.New("keys: required")
	}
	return a.checkLists()
}

// Verify returns the claims of a token once its signature is verified and check has
// found nothing wrong with them. That the token is of none of the issuers is no error,
// and told in a [authn.Note]; it is then not mine.
//
// check must look at all that the token is to claim but its issuer: for whom it is, and
// until when. It may be called for claims that are not verified, if the keys cannot be
// had now: then the token is [authn.Unavailable], unless check says that no key could
// make it good. So it must have no effects.
//
// The error names the issuer, but no package; who calls Verify does, and says
// [authn.Mine].
func (v *Verifier) Verify(ctx context.Context, token string, check func(Claims) error) (c Claims, mine bool, err error) {
	t, err := parse(token, v.auth.maxBytes, v.auth.headers)
	if t.issuer == "" || !slices.Contains(v.issuers, t.issuer) {
		noteForeign(ctx, t.issuer, err)
		return Claims{}, false, nil
	}
	c, err = v.auth.verifiedBy(ctx, &t, err, check)
	if err != nil {
		return Claims{}, true, fmt.Errorf("issuer %q: %w", t.issuer, err)
	}
	return c, true, nil
}

// Preload fetches the keys if they are not known yet, for a server that would rather not
// start, or not be ready, without them.
func (v *Verifier) Preload(ctx context.Context) error { return v.auth.preload(ctx) }

// HealthCheck returns what is wrong with the keys, as [Authenticator.HealthCheck] does.
func (v *Verifier) HealthCheck() error { return v.auth.health() }

// Generation returns a number that is another one whenever the keys have changed, as
// [Authenticator.Generation] does.
func (v *Verifier) Generation() uint64 { return v.auth.Generation() }
