package introspection

import (
	"cmp"
	"context"
	"maps"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

// identity is the user of a token, who is one as long as the token holds.
type identity struct {
	user.DefaultInfo
	expiry time.Time // zero: the server does not tell
	issued time.Time // likewise
}

// Expiry is for [authn.ExpiryOf].
func (i *identity) Expiry() time.Time { return i.expiry }

// Issued is for [authn.IssuedOf].
func (i *identity) Issued() time.Time { return i.issued }

// identify returns the user of a token that the server knows, if it is accepted.
func (a *Authenticator) identify(ctx context.Context, c jwt.Claims) (user.Info, error) {
	if err := cmp.Or(a.server.check(c), a.leeway.check(c, a.now())); err != nil {
		return nil, err
	}
	u, err := a.user(ctx, c)
	if err != nil {
		return nil, err
	}
	if u == nil {
		return nil, authn.Errorf(authn.InvalidUser, "Config.User returned no user")
	}
	if err := authn.CheckName(u.GetName()); err != nil {
		return nil, authn.Errorf(authn.InvalidUser, "%w", err)
	}
	i := newIdentity(u, c)
	i.expiry = a.leeway.expiry(c)
	if own, known := authn.ExpiryOf(u); known && (i.expiry.IsZero() || own.Before(i.expiry)) {
		i.expiry = own
	}
	return i, nil
}

// newIdentity returns the identity of a user with the extra attribute by which the
// token can be revoked, which takes the place of what a mapping may have put there.
func newIdentity(u user.Info, c jwt.Claims) *identity {
	i := &identity{DefaultInfo: user.DefaultInfo{Name: u.GetName(), UID: u.GetUID(), Groups: u.GetGroups()}}
	if c.Has("iat") {
		i.issued, _ = c.Time("iat") // which was checked to be one
	}
	extra := maps.Clone(u.GetExtra())
	delete(extra, user.CredentialIDKey)
	if id := c.CredentialID(); id != "" {
		if extra == nil {
			extra = make(map[string][]string, 1)
		}
		extra[user.CredentialIDKey] = []string{id}
	}
	i.Extra = extra
	return i
}

// leeway is how far the clocks may be apart for each claim.
type leeway struct{ exp, others time.Duration }

func newLeeway(setting time.Duration) leeway {
	switch {
	case setting == 0:
		return leeway{0, time.Minute} // as package jwt has it
	case setting < 0:
		return leeway{}
	}
	return leeway{setting, setting}
}

// check implements RFC 7662, section 2.2, for the times that the server tells, should
// it not have looked at them.
func (l leeway) check(c jwt.Claims, now time.Time) error {
	if c.Has("exp") {
		exp, err := c.Time("exp")
		if err != nil {
			return err
		}
		if !now.Before(exp.Add(l.exp)) {
			return authn.Errorf(authn.Expired, "expired at %s", instant(exp))
		}
	}
	for _, name := range []string{"nbf", "iat"} {
		if !c.Has(name) {
			continue
		}
		t, err := c.Time(name)
		if err != nil {
			return err
		}
		if t.After(now.Add(l.others)) {
			return authn.Errorf(authn.NotYetValid, "not valid until %s (%s)", instant(t), name)
		}
	}
	return nil
}

// expiry returns from when on check refuses claims that it has accepted; zero: never.
func (l leeway) expiry(c jwt.Claims) time.Time {
	if !c.Has("exp") {
		return time.Time{}
	}
	exp, _ := c.Time("exp")
	return exp.Add(l.exp)
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }
