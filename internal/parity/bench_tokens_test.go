package parity

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
)

func issuerURL(n int) string { return fmt.Sprintf("https://login-%d.example.com", n) }

var benchGroups = []string{"engineering", "platform", "on-call", "everybody", "team-a", "team-b", "reviewers", "releases", "berlin", "staff"}

const (
	benchSubject = "248289761001"
	benchUser    = "oidc:" + benchSubject
)

// token has about 1,100 bytes, 14 claims and 10 groups.
func (b bench) token(alg string, issuer int) string {
	return b.tokenUntil(alg, issuer, time.Now().Add(time.Hour))
}

func (b bench) tokenUntil(alg string, issuer int, end time.Time) string {
	start := end.Add(-time.Hour).Unix()
	claims := encode(map[string]any{
		"iss": issuerURL(issuer), "aud": "api", "exp": end.Unix(), "iat": start, "nbf": start, "sub": benchSubject, "jti": "0f7b4e2c-6f0a-4a55",
		"email": "jane@example.com", "email_verified": true, "name": "Jane Doe", "tenant": "acme", "azp": "web", "auth_time": start,
		"groups": benchGroups,
	})
	k := b.key(alg)
	signed := b64(encode(map[string]string{"alg": alg, "kid": k.id, "typ": "JWT"})) + "." + b64(claims)
	signature, err := sign(alg, k.key, sha256.Size, []byte(signed))
	require.NoError(b.t, err)
	return signed + "." + b64(string(signature))
}

func (b bench) key(alg string) namedKey {
	switch alg {
	case "ES256":
		return b.keys[1]
	case "EdDSA":
		return b.keys[2]
	}
	return b.keys[0]
}

// acceptance is auth accepting a token.
func acceptance(auth authenticator.Token, token string) func() error {
	ctx := context.Background()
	return func() error {
		if _, ok, err := auth.AuthenticateToken(ctx, token); err != nil || !ok {
			return errors.Join(errors.New("refused"), err)
		}
		return nil
	}
}

// refusal is auth not accepting a token.
func refusal(auth authenticator.Token, token string) func() error {
	ctx := context.Background()
	return func() error {
		if _, ok, _ := auth.AuthenticateToken(ctx, token); ok {
			return errors.New("accepted")
		}
		return nil
	}
}

var errSignature = errors.New("the signature is wrong")

// signature is the hash and the signature of a token, and nothing else.
func (b bench) signature(alg string) func() error {
	token := b.token(alg, 1)
	dot := strings.LastIndexByte(token, '.')
	signed := []byte(token[:dot])
	signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	require.NoError(b.t, err)
	switch public := b.key(alg).key.Public().(type) {
	case *rsa.PublicKey:
		return rsaSignature(alg, public, signed, signature)
	case *ecdsa.PublicKey:
		return func() error {
			digest := sha256.Sum256(signed)
			return right(ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])))
		}
	case ed25519.PublicKey:
		return func() error { return right(ed25519.Verify(public, signed, signature)) }
	}
	require.Fail(b.t, "no such algorithm", alg)
	return nil
}

func rsaSignature(alg string, public *rsa.PublicKey, signed, signature []byte) func() error {
	if alg == "PS256" {
		return func() error {
			digest := sha256.Sum256(signed)
			return rsa.VerifyPSS(public, crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
	}
	return func() error {
		digest := sha256.Sum256(signed)
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature)
	}
}

func right(ok bool) error {
	if !ok {
		return errSignature
	}
	return nil
}
