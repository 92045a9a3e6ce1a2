package jwt

import (
	"context"
	"fmt"
	"slices"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/jose"
)

// maxTries is how many keys a token without "kid", or with one that several keys
// have, is tried with. If they are slow it is fewer, so that all cost no more than
// maxCost and the last one.
const (
	maxTries = 16
	maxCost  = 128 // in signatures of RS256 with 2,048 bits
)

func (a *Authenticator) checkAlgorithm(h jose.Header) error {
	if !slices.Contains(a.algorithms, h.Algorithm) {
		return authn.Errorf(authn.WrongAlgorithm, `"alg" %s: not one of %q`, clip.Quote(h.Algorithm), a.algorithms)
	}
	return nil
}

// verify checks the signature with the issuer's keys. A failure may come of keys
// that are not up to date, so it is tried again if newer ones can be had.
func (a *Authenticator) verify(ctx context.Context, t *token) error {
	h := t.header
	keys, err := a.keys.Keys(ctx, h.KeyID)
	if err != nil {
		return keysError(err)
	}
	if verifiesWith(keys, t) {
		return nil
	}
	if r, ok := a.keys.(Refresher); ok && len(keys) > 0 {
		tried := keys
		failed := r.Refresh(ctx)
		if keys, err = a.keys.Keys(ctx, h.KeyID); err != nil {
			return keysError(err)
		}
		if !slices.EqualFunc(tried, keys, Key.equal) && verifiesWith(keys, t) {
			return nil
		}
		if failed != nil && h.KeyID == "" {
			return keysError(failed) // it may be of a key that is new
		}
	}
	if !slices.ContainsFunc(keys, func(k Key) bool { return k.fits(h.Algorithm) }) {
		return authn.Errorf(authn.UnknownKey, "no key %s for %s among the issuer's", clip.Quote(h.KeyID), h.Algorithm)
	}
	if h.KeyID == "" {
		return authn.Errorf(authn.BadSignature, "there is no \"kid\", and the signature is not one of the issuer's keys that were tried")
	}
	if !slices.ContainsFunc(keys, func(k Key) bool { return k.ID == h.KeyID }) {
		return authn.Errorf(authn.BadSignature, "no key %s, and the signature is not one of the issuer's keys without a name that were tried", clip.Quote(h.KeyID))
	}
	return authn.Errorf(authn.BadSignature, "the signature is not one of the issuer's key %s", clip.Quote(h.KeyID))
}

// keysError is the error of a key set that could not be had. One without a
// reason of its own makes the token Unavailable.
func keysError(err error) error {
	if authn.ReasonOf(err) == authn.Refused {
		return authn.Errorf(authn.Unavailable, "keys: %w", err)
	}
	return fmt.Errorf("keys: %w", err)
}

func verifiesWith(keys []Key, t *token) bool {
	tries, cost := 0, 0
	for _, key := range keys {
		if !key.fits(t.header.Algorithm) {
			continue
		}
		if jose.Key(key).Verifies(t.header.Algorithm, t.signed, t.signature) {
			return true
		}
		tries++
		cost += jose.Key(key).Cost()
		if tries == maxTries || cost >= maxCost {
			return false
		}
	}
	return false
}
