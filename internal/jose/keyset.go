package jose

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/strictjson"
)

// MaxKeys is how many members a set may have, and PEM how many blocks. More are an
// error.
const MaxKeys = 256

// ParseKeySet reads a JWK Set (RFC 7517, section 5). Members that are no key for
// verifying signatures are left out, and noted.
func ParseKeySet(body []byte) (keys []Key, notes []string, err error) {
	set, err := strictjson.ParseShallow(string(body))
	if err != nil {
		return nil, nil, err
	}
	return keysOf(set)
}

// ParseJWKs reads a JWK Set, as [ParseKeySet] does, or one JWK.
func ParseJWKs(body []byte) (keys []Key, notes []string, err error) {
	o, err := strictjson.ParseShallow(string(body))
	if err != nil {
		return nil, nil, err
	}
	one, set := !o.Get("kty").Missing(), !o.Get("keys").Missing()
	switch {
	case one && set:
		return nil, nil, errors.New(`both "kty" and "keys": is it a JWK or a JWK Set?`)
	case set:
		return keysOf(o)
	case !one:
		return nil, nil, errors.New(`neither "kty" nor "keys": not a JWK and not a JWK Set`)
	case !o.Get("d").Missing():
		return nil, nil, errPrivate
	}
	key, err := ParseKey(strictjson.Value(bytes.TrimSpace(body)))
	if err != nil {
		return nil, nil, err
	}
	return []Key{key}, nil, nil
}

func keysOf(set strictjson.Object) (keys []Key, notes []string, err error) {
	members, err := set.Get("keys").ItemsUpTo(MaxKeys)
	if err != nil {
		return nil, nil, fmt.Errorf(`"keys": %w`, err)
	}
	for i, member := range members {
		key, err := ParseKey(member)
		if err != nil {
			notes = append(notes, fmt.Sprintf("key %d %s: %v", i, clip.Quote(key.ID), err))
			continue
		}
		keys = append(keys, key)
	}
	return keys, notes, nil
}

// ParseKey reads one JWK.
func ParseKey(v strictjson.Value) (Key, error) {
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
		if key.Fits(name) {
			return key, nil
		}
	}
	return key, fmt.Errorf(`"alg" %s: does not fit the type of the key`, clip.Quote(key.Algorithm))
}

// maxOps is how many operations a key may be for; there are eight.
const maxOps = 64

// checkUse implements RFC 7517, sections 4.2 and 4.3.
func checkUse(o strictjson.Object) error {
	if use := o.Get("use"); !use.Missing() {
		if text, err := use.Text(); err != nil || text != "sig" {
			return errors.New(`"use": not sig`)
		}
	}
	if ops := o.Get("key_ops"); !ops.Missing() {
		names, err := ops.TextsUpTo(maxOps)
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
	for _, name := range [...]string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} { // RFC 7518, sections 6.2.2, 6.3.2 and 6.4
		if !o.Get(name).Missing() {
			return nil, fmt.Errorf("%q: a private key, which is private no more", name)
		}
	}
	if kty == "RSA" {
		return rsaKey(o)
	}
	for _, name := range [...]string{"x", "y"} { // of which go-jose takes more than one spelling
		if text, err := o.Get(name).Text(); err == nil {
			if _, err := Decode(text); err != nil {
				return nil, fmt.Errorf("%q: %w", name, err)
			}
		}
	}
	var jwk gojose.JSONWebKey
	if err := jwk.UnmarshalJSON(only(o, "kty", "crv", "x", "y")); err != nil {
		return nil, clip.Error(err)
	}
	return jwk.Key, CheckKey(jwk.Key)
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
	return key, checkRead(key)
}

// bigInt reads a Base64urlUInt (RFC 7518, section 2).
func bigInt(o strictjson.Object, name string) (*big.Int, error) {
	text, err := o.Get(name).Text()
	if err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	b, err := Decode(text)
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
