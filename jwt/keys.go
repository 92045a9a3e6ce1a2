package jwt

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/strictjson"
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
	alg, ok := algorithms[name]
	return ok && (k.Algorithm == "" || k.Algorithm == name) && alg.fits(k.Public) && checkKey(k.Public) == nil
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

// maxKeys is how many keys of a set are looked at.
const maxKeys = 256

// parseKeySet reads a JWK Set (RFC 7517, section 5). Members that are no key for
// verifying signatures are left out, and noted.
func parseKeySet(body []byte) (keys []Key, notes []string, err error) {
	set, err := strictjson.ParseShallow(string(body))
	if err != nil {
		return nil, nil, err
	}
	members, err := set.Get("keys").ItemsUpTo(maxKeys)
	if err != nil {
		return nil, nil, fmt.Errorf(`"keys": %w`, err)
	}
	for i, member := range members {
		key, err := parseKey(member)
		if err != nil {
			notes = append(notes, fmt.Sprintf("key %d %s: %v", i, clip.Quote(key.ID), err))
			continue
		}
		keys = append(keys, key)
	}
	return keys, notes, nil
}

// parseKey reads one JWK.
func parseKey(v strictjson.Value) (Key, error) {
	o, err := v.Object()
	if err != nil {
		return Key{}, err
	}
	var key Key
	if kid := o.Get("kid"); !kid.Missing() {
		if key.ID, err = kid.Text(); err != nil {
			return key, fmt.Errorf(`"kid": %w`, err)
		}
	}
	if alg := o.Get("alg"); !alg.Missing() {
		if key.Algorithm, err = alg.Text(); err != nil {
			return key, fmt.Errorf(`"alg": %w`, err)
		}
		if key.Algorithm == "" {
			return key, errors.New(`"alg": empty`)
		}
	}
	if err := checkUse(o); err != nil {
		return key, err
	}
	if key.Public, err = publicKey(o); err != nil {
		return key, err
	}
	for name := range algorithms {
		if key.fits(name) {
			return key, nil
		}
	}
	return key, fmt.Errorf(`"alg" %s: does not fit the type of the key`, clip.Quote(key.Algorithm))
}

// checkUse implements RFC 7517, sections 4.2 and 4.3.
func checkUse(o strictjson.Object) error {
	if use := o.Get("use"); !use.Missing() {
		if text, err := use.Text(); err != nil || text != "sig" {
			return errors.New(`"use": not sig`)
		}
	}
	if ops := o.Get("key_ops"); !ops.Missing() {
		names, err := ops.Texts()
		if err != nil {
			return fmt.Errorf(`"key_ops": %w`, err)
		}
		if !slices.Contains(names, "verify") {
			return errors.New(`"key_ops": without verify`)
		}
	}
	return nil
}

// publicKey reads the key itself. Certificates and URLs beside it are not looked
// at: whoever publishes the set vouches for its keys.
func publicKey(o strictjson.Object) (crypto.PublicKey, error) {
	kty, err := o.Get("kty").Text()
	if err != nil {
		return nil, fmt.Errorf(`"kty": %w`, err)
	}
	if kty == "oct" {
		return nil, errors.New(`"kty" oct: a shared secret is no public key`)
	}
	if !o.Get("d").Missing() {
		return nil, errors.New(`"d": a private key, which is private no more`)
	}
	if kty == "RSA" {
		return rsaKey(o)
	}
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(only(o, "kty", "crv", "x", "y")); err != nil {
		return nil, clip.Error(err)
	}
	return jwk.Key, checkKey(jwk.Key)
}

// rsaKey reads an RSA key (RFC 7518, section 6.3.1). go-jose has another limit
// for the modulus, in a variable that anybody may change.
func rsaKey(o strictjson.Object) (crypto.PublicKey, error) {
	n, err := bigInt(o, "n")
	if err != nil {
		return nil, err
	}
	e, err := bigInt(o, "e")
	if err != nil {
		return nil, err
	}
	if !e.IsInt64() || e.Int64() > math.MaxInt {
		return nil, errExponent
	}
	key := &rsa.PublicKey{N: n, E: int(e.Int64())}
	return key, checkKey(key)
}

// bigInt reads a Base64urlUInt (RFC 7518, section 2).
func bigInt(o strictjson.Object, name string) (*big.Int, error) {
	text, err := o.Get(name).Text()
	if err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	b, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	return new(big.Int).SetBytes(b), nil
}

// only returns the JSON of an object with some of o's members.
func only(o strictjson.Object, names ...string) []byte {
	var members []string
	for _, name := range names {
		if v := o.Get(name); !v.Missing() {
			members = append(members, `"`+name+`":`+string(v))
		}
	}
	return []byte("{" + strings.Join(members, ",") + "}")
}

const (
	minRSABits     = 2048      // RFC 7518, section 3.3
	maxRSABits     = 8192      // more only costs time
	maxRSAExponent = 1<<31 - 1 // what crypto/rsa takes
)

var errExponent = errors.New("an RSA exponent that is even, below 3 or above 2^31-1")

// checkKey refuses keys that are weak, slow or of a type that no algorithm has.
func checkKey(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k == nil || k.N == nil {
			return errors.New("an RSA key without a modulus")
		}
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return fmt.Errorf("an RSA key of %d bits, not %d to %d", bits, minRSABits, maxRSABits)
		}
		if k.E < 3 || k.E%2 == 0 || int64(k.E) > maxRSAExponent {
			return errExponent
		}
	case *ecdsa.PublicKey:
		//lint:ignore SA1019 the coordinates are only looked at for being there
		if k == nil || k.X == nil || k.Y == nil {
			return errors.New("an elliptic key without a point")
		}
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() && k.Curve != elliptic.P521() {
			return errors.New("an elliptic curve that no algorithm has")
		}
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return errors.New("an Ed25519 key of the wrong length")
		}
	default:
		return fmt.Errorf("a %T is no public key for signatures", key)
	}
	return nil
}
