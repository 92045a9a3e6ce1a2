package introspection

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/authnchain/authnchain/internal/jose"
	"github.com/authnchain/authnchain/internal/strictjson"
)

const assertionLife = time.Minute

// SigningKey is the key of a client, for [PrivateKey].
type SigningKey struct {
	// Signer signs: an RSA, P-256 or Ed25519 key, or what holds one. It is required.
	Signer crypto.Signer

	// ID is the "kid" by which the server knows the public key. Empty means none.
	ID string

	// Algorithm is RS256, PS256, ES256 or EdDSA. Empty means RS256, ES256 or EdDSA, by
	// the key.
	Algorithm string

	// Audience is whom the server takes itself for: its issuer, or the URL of its token
	// endpoint. It is required.
	Audience string

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// PrivateKey returns credentials that a key signs anew for each question
// (private_key_jwt: OpenID Connect Core 1.0, section 9; RFC 7523, section 2.2). They
// are good for a minute.
func PrivateKey(clientID string, k SigningKey) Credentials {
	if k.Now == nil {
		k.Now = time.Now
	}
	err := checkID(clientID)
	if err == nil {
		err = k.prepare()
	}
	return &method{err, func(form url.Values, _ http.Header) error {
		assertion, err := k.sign(clientID)
		if err != nil {
			return err
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
		return nil
	}}
}

// prepare finds the algorithm, and says what is wrong with the key.
func (k *SigningKey) prepare() error {
	switch {
	case k.Signer == nil:
		return errors.New("the key's Signer is nil")
	case k.Audience == "":
		return errors.New("the key's Audience is empty")
	}
	public := k.Signer.Public()
	if err := jose.CheckKey(public); err != nil {
		return err
	}
	switch key := public.(type) {
	case *rsa.PublicKey:
		return k.allow("RS256", "PS256")
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return k.allow("ES256")
		}
	case ed25519.PublicKey:
		return k.allow("EdDSA")
	}
	return errors.New("the key is none for RS256, PS256, ES256 or EdDSA")
}

// allow has the algorithm be the first of some, unless it is another of them.
func (k *SigningKey) allow(algorithms ...string) error {
	if k.Algorithm == "" {
		k.Algorithm = algorithms[0]
	}
	for _, a := range algorithms {
		if a == k.Algorithm {
			return nil
		}
	}
	return fmt.Errorf("the key is not for the algorithm %q", k.Algorithm)
}

// sign returns an assertion of RFC 7523, section 3.
func (k *SigningKey) sign(clientID string) (string, error) {
	header := append([]byte(`{"typ":"JWT","alg":"`), k.Algorithm...)
	header = append(header, '"')
	if k.ID != "" {
		header = strictjson.AppendString(append(header, `,"kid":`...), k.ID)
	}
	now := k.Now().Unix()
	claims := strictjson.AppendString([]byte(`{"iss":`), clientID)
	claims = strictjson.AppendString(append(claims, `,"sub":`...), clientID)
	claims = strictjson.AppendString(append(claims, `,"aud":`...), k.Audience)
	claims = strictjson.AppendString(append(claims, `,"jti":`...), rand.Text())
	claims = strconv.AppendInt(append(claims, `,"iat":`...), now, 10)
	claims = strconv.AppendInt(append(claims, `,"exp":`...), now+int64(assertionLife/time.Second), 10)
	signed := encode(append(header, '}')) + "." + encode(append(claims, '}'))
	signature, err := k.signature(signed)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return signed + "." + encode(signature), nil
}

// signature implements RFC 7518, sections 3.3 to 3.5, and RFC 8037, section 3.1.
func (k *SigningKey) signature(signed string) ([]byte, error) {
	digest := sha256.Sum256([]byte(signed))
	switch k.Algorithm {
	case "PS256":
		return k.Signer.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	case "EdDSA":
		return k.Signer.Sign(rand.Reader, []byte(signed), crypto.Hash(0))
	}
	signature, err := k.Signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil || k.Algorithm == "RS256" {
		return signature, err
	}
	var both struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &both); err != nil {
		return nil, err
	}
	const size = 32 // of P-256
	if both.R.Sign() < 0 || both.S.Sign() < 0 || both.R.BitLen() > 8*size || both.S.BitLen() > 8*size {
		return nil, errors.New("the Signer's signature is none of P-256")
	}
	plain := make([]byte, 2*size)
	both.R.FillBytes(plain[:size])
	both.S.FillBytes(plain[size:])
	return plain, nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
