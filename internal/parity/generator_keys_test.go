package parity

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"testing"

	"github.com/coreos/go-oidc"
	"github.com/stretchr/testify/require"
	jose "gopkg.in/go-jose/go-jose.v2"

	"github.com/authnchain/authnchain/jwt"
)

// namedKey is a private key and what the key set of an issuer calls it.
type namedKey struct {
	id  string
	key crypto.Signer
}

// keyRing has the keys of all issuers. They are made once: RSA keys take long.
type keyRing struct {
	rsa        [3]*rsa.PrivateKey
	p256       [3]*ecdsa.PrivateKey
	p384, p521 [2]*ecdsa.PrivateKey
	ed25519    ed25519.PrivateKey
	weak       *rsa.PrivateKey
}

func newKeyRing(t testing.TB) *keyRing {
	t.Helper()
	r := &keyRing{}
	var err error
	for i := range r.rsa {
		r.rsa[i], err = rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
	}
	elliptics(t, elliptic.P256(), r.p256[:])
	elliptics(t, elliptic.P384(), r.p384[:])
	elliptics(t, elliptic.P521(), r.p521[:])
	_, r.ed25519, err = ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	r.weak, err = rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	return r
}

func elliptics(t testing.TB, curve elliptic.Curve, keys []*ecdsa.PrivateKey) {
	t.Helper()
	for i := range keys {
		var err error
		keys[i], err = ecdsa.GenerateKey(curve, rand.Reader)
		require.NoError(t, err)
	}
}

// of returns the keys of an issuer. Each issuer has keys that others have under
// other names, keys that share a name, and one without a name.
func (r *keyRing) of(issuer int) []namedKey {
	return []namedKey{
		{"rsa", r.rsa[issuer%3]},
		{"rsa-next", r.rsa[(issuer+1)%3]},
		{"p256", r.p256[issuer%3]},
		{"p384", r.p384[issuer%2]},
		{"p521", r.p521[issuer%2]},
		{"ed25519", r.ed25519},
		{"weak", r.weak},
		{"twin", r.rsa[issuer%3]},
		{"twin", r.p256[(issuer+1)%3]},
		{"", r.p256[(issuer+1)%3]},
	}
}

// stranger returns keys that are not in an issuer's set, one for each type.
func (r *keyRing) stranger(issuer int) []crypto.Signer {
	return []crypto.Signer{r.rsa[(issuer+2)%3], r.p256[(issuer+2)%3], r.p384[(issuer+1)%2], r.p521[(issuer+1)%2]}
}

// publishedKeys chooses keys as those that an issuer publishes are chosen: by "kid",
// or all of them if there is none. [jwt.StaticKeys] try keys without a name too.
type publishedKeys []jwt.Key

func ourKeys(keys []namedKey) publishedKeys {
	var set publishedKeys
	for _, k := range keys {
		set = append(set, jwt.Key{ID: k.id, Public: k.key.Public()})
	}
	return set
}

// Keys implements [jwt.KeySet].
func (s publishedKeys) Keys(_ context.Context, id string) ([]jwt.Key, error) {
	if id == "" {
		return s, nil
	}
	first := 0
	for first < len(s) && s[first].ID != id {
		first++
	}
	end := first
	for end < len(s) && s[end].ID == id { // those with the same name stand together
		end++
	}
	return s[first:end:end], nil
}

// upstreamKeys chooses keys as go-oidc's key sets of issuers do: by "kid", or all
// of them if there is none.
type upstreamKeys []jose.JSONWebKey

func newUpstreamKeys(keys []namedKey) oidc.KeySet {
	var set upstreamKeys
	for _, k := range keys {
		set = append(set, jose.JSONWebKey{KeyID: k.id, Key: k.key.Public()})
	}
	return set
}

// VerifySignature implements [oidc.KeySet].
func (s upstreamKeys) VerifySignature(_ context.Context, token string) ([]byte, error) {
	jws, err := jose.ParseSigned(token)
	if err != nil {
		return nil, err
	}
	id := jws.Signatures[0].Header.KeyID
	for _, key := range s {
		if id != "" && key.KeyID != id {
			continue
		}
		if payload, err := jws.Verify(&key); err == nil {
			return payload, nil
		}
	}
	return nil, errors.New("none of the keys")
}
