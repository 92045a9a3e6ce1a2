package parity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // SHA-384 and SHA-512
	"crypto/x509"
	"math/big"
)

var hashes = map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}

// sizes are how many bytes of R, and of S, a signature has.
var sizes = map[string]int{"ES256": 32, "ES384": 48, "ES512": 66}

// sign signs with an algorithm of RFC 7518. salt is that of PS algorithms, which
// the RFC wants to be as long as the hash.
func sign(alg string, key crypto.Signer, salt int, signed []byte) ([]byte, error) {
	switch alg {
	case "none":
		return nil, nil
	case "EdDSA":
		return key.Sign(rand.Reader, signed, crypto.Hash(0))
	case "HS256": // with what everybody knows, as attackers do
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		mac := hmac.New(sha256.New, der)
		mac.Write(signed)
		return mac.Sum(nil), err
	}
	hash := hashes[alg[2:]]
	h := hash.New()
	h.Write(signed)
	digest := h.Sum(nil)
	switch alg[:2] {
	case "PS":
		return key.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: salt, Hash: hash})
	case "ES":
		return signEC(key.(*ecdsa.PrivateKey), digest, sizes[alg])
	}
	return key.Sign(rand.Reader, digest, hash)
}

func signEC(key *ecdsa.PrivateKey, digest []byte, size int) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		return nil, err
	}
	return append(fill(r, size), fill(s, size)...), nil
}

// fill returns n as a number of that many bytes; too few cut it off.
func fill(n *big.Int, size int) []byte {
	b := n.Bytes()
	if len(b) >= size {
		return b[len(b)-size:]
	}
	return append(make([]byte, size-len(b)), b...)
}

// algorithmsFor are those of kube-apiserver that a key may be used with, and
// others that must not do.
func algorithmsFor(key crypto.Signer) []string {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return []string{"RS256", "RS256", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PrivateKey:
		return []string{map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[k.Curve.Params().BitSize]}
	case ed25519.PrivateKey:
		return []string{"EdDSA"}
	}
	return nil
}
