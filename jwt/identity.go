package jwt

import (
	"context"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/confirm"
)

// identity is the user of a token, who is one as long as the token holds.
type identity struct {
	user.DefaultInfo
	expiry  time.Time
	issued  time.Time    // zero: the token does not tell
	confirm confirm.Func // nil: the token need not be presented by anybody in particular
}

// Expiry is for [authn.ExpiryOf].
func (i *identity) Expiry() time.Time { return i.expiry }

// Issued is for [authn.IssuedOf].
func (i *identity) Issued() time.Time { return i.issued }

// Confirmation is for package confirm.
func (i *identity) Confirmation() confirm.Func { return i.confirm }

// identify returns the user of verified claims.
func (a *Authenticator) identify(ctx context.Context, c Claims) (user.Info, error) {
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
	if own, known := authn.ExpiryOf(u); known && own.Before(i.expiry) {
		i.expiry = own
	}
	i.confirm, err = a.binding.of(ctx, c)
	return i, err
}

// newIdentity returns the identity of a user with the extra attribute by which the
// token can be revoked, which takes the place of what a mapping may have put there.
func newIdentity(u user.Info, c Claims) *identity {
	i := &identity{DefaultInfo: user.DefaultInfo{Name: u.GetName(), UID: u.GetUID(), Groups: u.GetGroups(), Extra: u.GetExtra()}}
	if c.Has("iat") {
		i.issued, _ = c.Time("iat") // which was checked to be one
	}
	id, now := c.CredentialID(), i.Extra[user.CredentialIDKey]
	if id == "" && now == nil || id != "" && len(now) == 1 && now[0] == id {
		return i
	}
	own := make(map[string][]string, len(i.Extra)+1)
	for key, values := range i.Extra {
		own[key] = values
	}
	delete(own, user.CredentialIDKey)
	if id != "" {
		own[user.CredentialIDKey] = []string{id}
	}
	i.Extra = own
	return i
}
