package jwt

import (
	"context"
	"crypto"
	"slices"

	"github.com/authnchain/authnchain/internal/jose"
)

// A KeySet finds the keys that an issuer may have signed a token with.
type KeySet interface {
	// Keys returns the public keys called id, in the order to try them, or all of
	// them if id is empty. A key that does not exist is no error; an error says
	// that the keys are not known now, which makes a token [authn.Unavailable]
	// unless the error carries another reason. Keys is safe for concurrent use.
	Keys(ctx context.Context, id string) ([]Key, error)
}

// Refresher is a KeySet that may be behind the issuer.
type Refresher interface {
	// Refresh is called for a token that none of the keys verifies, before Keys is
	// asked once more. It makes sure that Keys then knows what the issuer has, if
	// it is time to ask the issuer again; that it is not is no error.
	Refresh(ctx context.Context) error
}

// Key is a public key of an issuer.
type Key struct {
	// ID is what "kid" calls it. Empty means that it has no name.
	ID string

	// Algorithm is the one algorithm that it is for. Empty means every one that
	// its type fits.
	Algorithm string

	// Public is an [*rsa.PublicKey] of 2,048 to 8,192 bits, an [*ecdsa.PublicKey]
	// on P-256, P-384 or P-521, or an [ed25519.PublicKey]. Others verify nothing.
	Public crypto.PublicKey
}

// fits reports whether k may verify a signature of an algorithm (RFC 8725,
// section 3.1). A key that is weak may verify none, wherever it comes from.
func (k Key) fits(name string) bool {
	return jose.Key(k).Fits(name)
}

func (k Key) equal(other Key) bool {
	pub, ok := k.Public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.ID == other.ID && k.Algorithm == other.Algorithm && pub.Equal(other.Public)
}

// StaticKeys is a [KeySet] of keys that never change.
type StaticKeys []Key

// Keys implements [KeySet].
func (s StaticKeys) Keys(_ context.Context, id string) ([]Key, error) { return find(s, id), nil }

func find(keys []Key, id string) []Key {
	if id == "" {
		return keys
	}
	called := func(k Key) bool { return k.ID == id }
	i := slices.IndexFunc(keys, called)
	if i < 0 {
		return nil
	}
	if !slices.ContainsFunc(keys[i+1:], called) {
		return keys[i : i+1 : i+1]
	}
	return slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return k.ID != id })
}

// parseKeySet reads a JWK Set (RFC 7517, section 5). Members that are no key for
// verifying signatures are left out, and noted.
func parseKeySet(body []byte) (keys []Key, notes []string, err error) {
	found, notes, err := jose.ParseKeySet(body)
	for _, k := range found {
		keys = append(keys, Key(k))
	}
	return keys, notes, err
}
