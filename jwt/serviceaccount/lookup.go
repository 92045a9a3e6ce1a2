package serviceaccount

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// lookUp checks that what a token depends on is still there.
func (a *Authenticator) lookUp(ctx context.Context, t *verified) error {
	switch {
	case t.legacy && a.options.SkipLegacyLookup, !t.legacy && a.config.SkipLookup:
		return nil
	case t.legacy:
		return a.lookUpLegacy(ctx, t)
	}
	refs := []Reference{t.claims.account, t.claims.secret, t.claims.pod, t.claims.node, t.claims.validating, t.claims.mutating}
	for _, r := range refs {
		if r.Name == "" || r.Kind == Node && t.claims.pod.Name != "" {
			continue
		}
		o, err := a.object(ctx, r)
		if err == nil {
			err = checkDeleted(r, o, t.now.Add(-leeway))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// object looks up one object, which must have the UID that the token says, if it does.
func (a *Authenticator) object(ctx context.Context, r Reference) (Object, error) {
	o, err := a.config.Objects.Object(ctx, r)
	switch {
	case errors.Is(err, ErrNotFound):
		return Object{}, authn.Errorf(authn.Revoked, "%s: not found", r)
	case err != nil && authn.ReasonOf(err) == authn.Refused:
		return Object{}, authn.Errorf(authn.Unavailable, "%s: %w", r, clip.Error(err))
	case err != nil:
		return Object{}, fmt.Errorf("%s: %w", r, clip.Error(err))
	case r.UID != "" && o.UID != r.UID:
		return Object{}, authn.Errorf(authn.Revoked, "%s: has the uid %s, and the token is for %s", r, clip.Quote(o.UID), clip.Quote(r.UID))
	}
	return o, nil
}

// checkDeleted refuses what was deleted before a time.
func checkDeleted(r Reference, o Object, before time.Time) error {
	if !o.Deleted.IsZero() && o.Deleted.Before(before) {
		return authn.Errorf(authn.Revoked, "%s: deleted at %s", r, o.Deleted.UTC().Format(time.RFC3339))
	}
	return nil
}
