package authntest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
)

// key is one of an issuer's signing keys.
type key struct {
	family string // as familyOf names it
	id     string
	signer crypto.Signer
}

// newKeys returns a key of each family, under ids of this generation.
func newKeys(generation int64) ([]key, error) {
	var keys []key
	for _, family := range []string{"rsa", "p256", "p384", "p521", "ed25519"} {
		signer, err := newSigner(family)
		if err != nil {
			return nil, fmt.Errorf("%s key: %w", family, err)
		}
		keys = append(keys, key{family, fmt.Sprintf("%s-%d", family, generation), signer})
	}
	return keys, nil
}

func newSigner(family string) (crypto.Signer, error) {
	switch family {
	case "rsa":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "p256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "p384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "p521":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	default:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
}

// jwk returns the public half (RFC 7517). The RSA key has no "alg", for it
// serves six algorithms.
func (k key) jwk() (map[string]string, error) {
	switch pub := k.signer.Public().(type) {
	case *rsa.PublicKey: // RFC 7518, section 6.3.1
		e := big.NewInt(int64(pub.E))
		return map[string]string{"kty": "RSA", "use": "sig", "kid": k.id, "n": b64(pub.N.Bytes()), "e": b64(e.Bytes())}, nil
	case *ecdsa.PublicKey: // RFC 7518, section 6.2.1
		point, err := pub.Bytes() // 4, x, y: both of full width (SEC 1, section 2.3.3)
		if err != nil {
			return nil, err
		}
		x, y := point[1:1+len(point)/2], point[1+len(point)/2:]
		alg := map[string]string{"p256": "ES256", "p384": "ES384", "p521": "ES512"}[k.family]
		return map[string]string{"kty": "EC", "use": "sig", "kid": k.id, "alg": alg,
			"crv": pub.Curve.Params().Name, "x": b64(x), "y": b64(y)}, nil
	case ed25519.PublicKey: // RFC 8037, section 2
		return map[string]string{"kty": "OKP", "use": "sig", "kid": k.id, "alg": "EdDSA", "crv": "Ed25519", "x": b64(pub)}, nil
	default:
		return nil, fmt.Errorf("key %q: %T has no JSON form here", k.id, pub)
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
