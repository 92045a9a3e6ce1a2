package serviceaccount

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"sync"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

// namedKeys are keys of which those without a name have the one that Kubernetes gives
// them, so that one of many is found without trying all.
type namedKeys struct {
	jwt.KeySet

	mu    sync.Mutex // guards names
	names map[crypto.PublicKey]string
}

// Keys implements [jwt.KeySet].
func (k *namedKeys) Keys(ctx context.Context, id string) ([]jwt.Key, error) {
	keys, err := k.KeySet.Keys(ctx, id)
	if err != nil || id == "" || !slices.ContainsFunc(keys, func(key jwt.Key) bool { return key.ID == "" }) {
		return keys, err
	}
	var named []jwt.Key
	for _, key := range keys {
		if key.ID == "" {
			key.ID = k.name(key.Public)
		}
		if key.ID == id {
			named = append(named, key)
		}
	}
	return named, nil
}

// Refresh implements [jwt.Refresher].
func (k *namedKeys) Refresh(ctx context.Context) error {
	if r, ok := k.KeySet.(jwt.Refresher); ok {
		return r.Refresh(ctx)
	}
	return nil
}

// Generation implements [authn.Generational].
func (k *namedKeys) Generation() uint64 { return authn.GenerationOf(k.KeySet) }

// HealthCheck is that of the keys, if they have one.
func (k *namedKeys) HealthCheck() error { return authn.HealthOf(k.KeySet) }

const maxNames = 256 // that are remembered

// name returns what Kubernetes calls a key, and remembers it.
func (k *namedKeys) name(key crypto.PublicKey) string {
	switch key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
	default:
		return keyID(key) // it is no pointer
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	name, ok := k.names[key]
	if !ok {
		if len(k.names) >= maxNames || k.names == nil {
			k.names = make(map[crypto.PublicKey]string)
		}
		name = keyID(key)
		k.names[key] = name
	}
	return name
}

// keyID returns the SHA-256 of a key's PKIX form in base64url, or nothing if it has none.
func keyID(key crypto.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
