package jwt

import (
	"context"
	"crypto"
	"slices"

	"github.com/authnchain/authnchain/internal/jose"
)

// A KeySet finds the keys that an issuer may have signed a token with. It may have
// two more methods: HealthCheck() error, for [Authenticator.HealthCheck], and
// Generation() uint64, which grows whenever the keys change, for
// [Authenticator.Generation]. See also [Refresher].
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
	// ID is what "kid" calls it. Empty means that it has no name. [StaticKeys] then
	// have it tried for every token; of the keys that an issuer publishes, it is one
	// for tokens that have no "kid" either, as it is for kube-apiserver.
	ID string

	// Algorithm is the one algorithm that it is for. Empty means every one that
	// its type fits.
	Algorithm string

	// Public is an [*crypto/rsa.PublicKey] of 2,048 to 8,192 bits, an
	// [*crypto/ecdsa.PublicKey] on P-256, P-384 or P-521, or an
	// [crypto/ed25519.PublicKey]. Others verify nothing.
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

// sameKeys reports whether two sets have the same keys, in whatever order.
func sameKeys(a, b []Key) bool {
	return len(a) == len(b) && allIn(a, b) && allIn(b, a)
}

func allIn(keys, others []Key) bool {
	for i, k := range keys {
		if !(others[i].equal(k) || slices.ContainsFunc(others, k.equal)) { // as a rule it is where it was
			return false
		}
	}
	return true
}

// StaticKeys is a [KeySet] of keys that never change. A token is tried with those
// that its "kid" names, then with those that have no name, and without "kid" with
// all: 16 that fit the algorithm at most.
type StaticKeys []Key

// Keys implements [KeySet].
func (s StaticKeys) Keys(_ context.Context, id string) ([]Key, error) {
	if id == "" {
		return s, nil
	}
	named, nameless := called(s, id), called(s, "")
	switch {
	case len(nameless) == 0:
		return named, nil
	case len(named) == 0:
		return nameless, nil
	}
	return slices.Concat(named, nameless), nil
}

// find returns the keys of a published set that are called id, or all.
func find(keys []Key, id string) []Key {
	if id == "" {
		return keys
	}
	return called(keys, id)
}

// called returns the keys that have this ID, in their order. Those that stand
// together are not copied.
func called(keys []Key, id string) []Key {
	is := func(k Key) bool { return k.ID == id }
	i := slices.IndexFunc(keys, is)
	if i < 0 {
		return nil
	}
	n := 1
	for i+n < len(keys) && is(keys[i+n]) {
		n++
	}
	if !slices.ContainsFunc(keys[i+n:], is) {
		return keys[i : i+n : i+n]
	}
	return slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return k.ID != id })
}

// parseKeySet reads a JWK Set (RFC 7517, section 5). Members that are no key for
// verifying signatures are left out, and noted.
func parseKeySet(body []byte) (keys []Key, notes []string, err error) {
	found, notes, err := jose.ParseKeySet(body)
	return ownKeys(found), notes, err
}
