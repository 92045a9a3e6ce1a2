package jwt_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

func TestAlgorithms(t *testing.T) {
	issuer := newIssuer(t)
	only := func(names ...string) func(*jwt.Config, *jwt.Options) {
		return func(c *jwt.Config, _ *jwt.Options) { c.Algorithms = names }
	}
	byDefault := newStatic(t, keysOf(issuer))
	for _, alg := range allAlgorithms {
		t.Run(alg, func(t *testing.T) {
			token := issuer.Sign(alg, good(nil), nil)
			require.Equal(t, isUser("jane"), ask(t, newStatic(t, keysOf(issuer), only(alg)), token))
			require.Equal(t, isUser("jane"), ask(t, newStatic(t, keysOf(issuer), only(allAlgorithms...)), token))

			others := slices.DeleteFunc(slices.Clone(allAlgorithms), func(other string) bool { return other == alg })
			refused := answer{reason: authn.WrongAlgorithm, text: fmt.Sprintf(`"alg" %q: not one of %q`, alg, others)}
			require.Equal(t, refused, ask(t, newStatic(t, keysOf(issuer), only(others...)), token))

			want := isUser("jane")
			if alg == "EdDSA" {
				want = wrongAlgorithm("EdDSA")
			}
			require.Equal(t, want, ask(t, byDefault, token))
		})
	}
}

func familyOf(alg string) string {
	switch alg {
	case "ES256", "ES384", "ES512", "EdDSA":
		return alg
	}
	return "RSA"
}

// A header with any algorithm, over a signature and a key of any other, with the
// kid of the key, of the algorithm's own key, and with none.
func TestCrossPairings(t *testing.T) {
	issuer := newIssuer(t)
	auth := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) { c.Algorithms = allAlgorithms })
	for _, says := range allAlgorithms {
		for _, is := range allAlgorithms {
			if says == is {
				continue
			}
			t.Run(says+" is "+is, func(t *testing.T) {
				of, own := issuer.KeyID(is), issuer.KeyID(says)
				want := badSignature(of)
				if familyOf(says) != familyOf(is) {
					want = unknownKey(of, says)
				}
				require.Equal(t, want, ask(t, auth, issuer.Sign(is, good(nil), object{"alg": says})))
				require.Equal(t, badSignature(own), ask(t, auth, issuer.Sign(is, good(nil), object{"alg": says, "kid": own})))
				require.Equal(t, badSignature(""), ask(t, auth, issuer.Sign(is, good(nil), object{"alg": says, "kid": nil})))
			})
		}
	}
}

// A key that says which algorithm it is for is used with no other.
func TestKeyAlgorithm(t *testing.T) {
	issuer := newIssuer(t)
	key := jwt.Key{ID: issuer.KeyID("RS256"), Algorithm: "PS256", Public: issuer.PublicKey("RS256")}
	auth := newStatic(t, jwt.StaticKeys{key})
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		want := unknownKey(key.ID, alg)
		if alg == "PS256" {
			want = isUser("jane")
		}
		require.Equal(t, want, ask(t, auth, issuer.Sign(alg, good(nil), nil)))
	}
}

// RFC 7518, section 3.5: the salt is as long as the hash.
func TestSaltLength(t *testing.T) {
	key := rfcRSAKey(t)
	auth := newStatic(t, jwt.StaticKeys{{Public: &key.PublicKey}})
	for salt, want := range map[int]answer{
		rsa.PSSSaltLengthEqualsHash: isUser("jane"),
		32:                          isUser("jane"),
		31:                          badSignature(""),
		33:                          badSignature(""),
		1:                           badSignature(""),
		rsa.PSSSaltLengthAuto:       badSignature(""), // as long as there is room for
	} {
		signed := b64([]byte(`{"alg":"PS256"}`)) + "." + b64(payload(`"sub":"jane","aud":"kubernetes","exp":1767272400`))
		sum := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPSS(reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: salt})
		require.NoError(t, err)
		require.Equal(t, want, ask(t, auth, signed+"."+b64(signature)), salt)
	}
}

// Keys of types that there are not, and broken ones, verify nothing and do no
// harm.
func TestUselessKeys(t *testing.T) {
	issuer := newIssuer(t)
	p224 := &ecdsa.PublicKey{Curve: elliptic.P224(), X: big.NewInt(1), Y: big.NewInt(1)} //lint:ignore SA1019 a curve that is refused
	off := &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)}  //lint:ignore SA1019 a point that is not on it
	for name, key := range map[string]crypto.PublicKey{
		"nil":                nil,
		"a secret":           []byte("secret"),
		"a string":           "secret",
		"P-224":              p224,
		"off the curve":      off,
		"short Ed25519":      ed25519.PublicKey("short"),
		"no Ed25519":         ed25519.PublicKey(nil),
		"Ed25519 of order 1": append(ed25519.PublicKey{1}, make([]byte, 31)...),
		"Ed25519 of order 4": ed25519.PublicKey(make([]byte, 32)),
		"a pointer too many": new(crypto.PublicKey),
	} {
		t.Run(name, func(t *testing.T) {
			auth := newStatic(t, jwt.StaticKeys{{Public: key}}, func(c *jwt.Config, _ *jwt.Options) { c.Algorithms = allAlgorithms })
			for _, alg := range allAlgorithms {
				require.Contains(t, []authn.Reason{authn.UnknownKey, authn.BadSignature},
					ask(t, auth, issuer.Sign(alg, good(nil), object{"kid": nil})).reason)
			}
		})
	}
}

// ownKeys is a KeySet of one's own.
type ownKeys func(ctx context.Context, id string) ([]jwt.Key, error)

func (f ownKeys) Keys(ctx context.Context, id string) ([]jwt.Key, error) { return f(ctx, id) }

func (f ownKeys) HealthCheck() error {
	_, err := f(context.Background(), "health")
	return err
}

func TestOwnKeys(t *testing.T) {
	issuer := newIssuer(t)
	key := jwt.Key{ID: "a", Public: issuer.PublicKey("ES256")}
	token := issuer.Sign("ES256", good(nil), object{"kid": "a"})
	own := errors.New("the store is down")
	tests := []struct {
		name string
		keys []jwt.Key
		err  error
		want answer
	}{
		{"a key", []jwt.Key{key}, nil, isUser("jane")},
		{"no key", nil, nil, unknownKey("a", "ES256")},
		{"an error", nil, own, answer{reason: authn.Unavailable, text: "keys: the store is down"}},
		{"an error and a key", []jwt.Key{key}, own, answer{reason: authn.Unavailable, text: "keys: the store is down"}},
		{"a reason", nil, authn.Errorf(authn.Revoked, "the issuer is out"), answer{reason: authn.Revoked, text: "keys: the issuer is out"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			auth := newStatic(t, ownKeys(func(_ context.Context, id string) ([]jwt.Key, error) {
				asked = append(asked, id)
				return tt.keys, tt.err
			}))
			require.Equal(t, tt.want, ask(t, auth, token))
			require.Equal(t, []string{"a"}, asked)
			if tt.err == nil {
				require.NoError(t, auth.HealthCheck())
				if err := auth.Preload(t.Context()); len(tt.keys) == 0 {
					require.EqualError(t, err, `jwt: issuer "https://login.example.com": keys: there is none that is of use`)
				} else {
					require.NoError(t, err)
				}
				return
			}
			require.ErrorIs(t, auth.HealthCheck(), tt.err)
			require.ErrorIs(t, auth.Preload(t.Context()), tt.err)
		})
	}
}

// What Keys returns is the caller's to append to.
func TestStaticKeys(t *testing.T) {
	set := jwt.StaticKeys{{ID: "a"}, {ID: "b"}, {ID: "c", Algorithm: "ES256"}, {ID: "c", Algorithm: "ES384"}}
	for id, want := range map[string][]jwt.Key{"a": set[:1], "b": set[1:2], "c": set[2:], "": set, "d": nil} {
		got, err := set.Keys(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, want, got)
		if id != "" {
			_ = append(got, jwt.Key{ID: "another's"})
		}
	}
	require.Equal(t, jwt.StaticKeys{{ID: "a"}, {ID: "b"}, {ID: "c", Algorithm: "ES256"}, {ID: "c", Algorithm: "ES384"}}, set)
}
