package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"
)

// Thumbprint returns the SHA-256 thumbprint of a key in base64url (RFC 7638), which
// is the same whoever writes the key down. Keys that [CheckKey] refuses have none.
func Thumbprint(key crypto.PublicKey) (string, error) {
	if err := CheckKey(key); err != nil {
		return "", err
	}
	text, err := required(key)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	return encode(sum[:]), nil
}

// required returns the members of a key's JWK that make it the key that it is, in
// the order of their names and without blanks (RFC 7638, section 3.2; RFC 8037,
// section 2).
func required(key crypto.PublicKey) (string, error) {
	switch k := key.(type) {
	case *rsa.PublicKey:
		e := big.NewInt(int64(k.E))
		return fmt.Sprintf(`{"e":"%s","kty":"RSA","n":"%s"}`, encode(e.Bytes()), encode(k.N.Bytes())), nil
	case *ecdsa.PublicKey:
		point, err := k.Bytes() // 4, x and y (SEC 1, section 2.3.3)
		if err != nil {
			return "", err
		}
		size := len(point) / 2
		return fmt.Sprintf(`{"crv":"%s","kty":"EC","x":"%s","y":"%s"}`, k.Params().Name, encode(point[1:1+size]), encode(point[1+size:])), nil
	case ed25519.PublicKey:
		return fmt.Sprintf(`{"crv":"Ed25519","kty":"OKP","x":"%s"}`, encode(k)), nil
	}
	return "", fmt.Errorf("a %T has no thumbprint", key)
}

func encode(b []byte) string { return base64url.EncodeToString(b) }
