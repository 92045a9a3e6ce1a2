package serviceaccount

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/jwt"
)

// leeway is how far the cluster's clocks may be apart.
const leeway = time.Minute

// Authenticator authenticates the tokens of a cluster's service accounts.
type Authenticator struct {
	config   Config
	options  Options
	verifier *jwt.Verifier
	now      func() time.Time
}

// New returns an Authenticator. o may be nil. It does not touch the network: keys are
// fetched when a token first needs them, or by [Authenticator.Preload].
func New(c Config, o *Options) (*Authenticator, error) {
	if o == nil {
		o = &Options{}
	}
	c.Issuers, c.Audiences = slices.Clone(c.Issuers), slices.Clone(c.Audiences)
	err := c.check(o)
	if err != nil {
		return nil, fmt.Errorf("serviceaccount: %w", err)
	}
	if c.Audiences == nil {
		c.Audiences = c.Issuers
	}
	a := &Authenticator{config: c, options: *o, now: o.Now}
	if a.now == nil {
		a.now = time.Now
	}
	if a.verifier, err = c.verifier(o); err != nil {
		return nil, fmt.Errorf("serviceaccount: %w", err)
	}
	return a, nil
}

// String returns "serviceaccount", its name in traces.
func (a *Authenticator) String() string { return "serviceaccount" }

// Preload fetches the keys if they are not known yet, for a server that would rather not
// start, or not be ready, without them.
func (a *Authenticator) Preload(ctx context.Context) error {
	if err := a.verifier.Preload(ctx); err != nil {
		return fmt.Errorf("serviceaccount: %w", err)
	}
	return nil
}

// HealthCheck returns what is wrong with the keys and, if they have such a method, with
// the Objects.
func (a *Authenticator) HealthCheck() error {
	err := errors.Join(a.verifier.HealthCheck(), authn.HealthOf(a.config.Objects))
	if err != nil {
		return fmt.Errorf("serviceaccount: %w", err)
	}
	return nil
}

// Generation returns a number that is another one whenever the keys, or Objects that
// are [authn.Generational], have changed. That an object is gone is found when a token is
// looked up, or when what a cache remembers has ended.
func (a *Authenticator) Generation() uint64 {
	return a.verifier.Generation() + authn.GenerationOf(a.config.Objects)
}

// AuthenticateToken implements [authenticator.Token]. It has no opinion on what is not a
// JWT of one of the issuers.
func (a *Authenticator) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	t := verified{raw: token, now: a.now()}
	c, mine, err := a.verifier.Verify(ctx, token, func(c jwt.Claims) error { return a.read(ctx, c, &t) })
	if !mine {
		return nil, false, nil
	}
	if err == nil {
		if err = a.lookUp(ctx, &t); err != nil {
			err = fmt.Errorf("issuer %q: %w", c.Issuer(), err)
		}
	}
	if err != nil {
		return nil, false, authn.Mine(fmt.Errorf("serviceaccount: %w", err))
	}
	a.tell(ctx, &t)
	return &authenticator.Response{User: t.user(), Audiences: t.audiences}, true, nil
}

// verified is a token and what has been read of its claims.
type verified struct {
	raw        string
	now        time.Time
	legacy     bool
	audiences  authenticator.Audiences // that it is good for, of those asked for
	expiry     time.Time               // zero: never
	issued     time.Time               // zero: it does not tell
	credential string
	claims     claims
	secret     Object // of a legacy token that was looked up
	generated  bool   // that Secret was made for the account without being asked for
}

// read reads and checks all that depends on nothing but the claims.
func (a *Authenticator) read(ctx context.Context, c jwt.Claims, t *verified) (err error) {
	t.legacy = a.isLegacy(c)
	if t.credential, err = readCredential(c); err != nil {
		return err
	}
	if t.audiences, err = a.checkAudiences(ctx, c, t.legacy); err != nil {
		return err
	}
	if !t.legacy || c.Has("exp") {
		if t.expiry, err = c.CheckTimes(t.now, leeway); err != nil {
			return err
		}
		if c.Has("iat") {
			t.issued, _ = c.Time("iat") // which was checked
		}
	}
	if t.legacy {
		t.claims, err = readLegacy(c)
	} else {
		t.claims, err = readBound(c)
	}
	return cmp.Or(err, t.claims.checkSubject(c))
}

// isLegacy reports whether a token is a Secret's. A cluster may use the issuer of those
// for others as well.
func (a *Authenticator) isLegacy(c jwt.Claims) bool {
	if !a.config.Legacy || c.Issuer() != LegacyIssuer {
		return false
	}
	return !slices.Contains(a.config.Issuers, LegacyIssuer) || !c.Has(boundClaim)
}

// checkAudiences returns which of the audiences that are asked for a token is good for.
func (a *Authenticator) checkAudiences(ctx context.Context, c jwt.Claims, legacy bool) (authenticator.Audiences, error) {
	var own authenticator.Audiences
	if c.Has("aud") || !legacy {
		var err error
		if own, err = c.Strings("aud"); err != nil {
			return nil, authn.Errorf(authn.WrongAudience, "%w", err)
		}
	}
	if len(own) == 0 && legacy {
		own = a.config.Audiences
	}
	wanted, ok := authenticator.AudiencesFrom(ctx)
	if !ok {
		wanted = a.config.Audiences
	}
	if both := own.Intersect(wanted); len(both) > 0 {
		return both, nil
	}
	return nil, authn.Errorf(authn.WrongAudience, "the token is for %s, not for any of %q", cmp.Or(clip.Some(own), "nobody"), []string(wanted))
}
