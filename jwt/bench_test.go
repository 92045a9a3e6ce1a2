package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/jwt"
)

// BenchmarkAuthenticate is all there is to a token, next to what of it only the
// signature is ("bare"). Nothing is remembered from one token to the next.
func BenchmarkAuthenticate(b *testing.B) {
	issuer := newIssuer(b)
	mappings := jwt.ClaimMappings{Username: jwt.Claim("sub").WithPrefix("oidc:"), Groups: jwt.Claim("groups").WithPrefix("oidc:")}
	groups := []string{"engineering", "platform-engineers", "everybody"}
	for _, alg := range []string{"RS256", "ES256"} {
		token := issuer.Sign(alg, object{"sub": "jane", "aud": audience, "groups": groups, "email": "jane@example.com", "jti": "f3b0a1"}, nil)
		b.Run(alg, func(b *testing.B) {
			auth, _ := newRemote(b, issuer, func(c *jwt.Config, _ *jwt.Options) { c.User = mappings.User })
			require.NoError(b, auth.Preload(b.Context()))
			b.ReportAllocs()
			for b.Loop() {
				if _, ok, err := auth.AuthenticateToken(b.Context(), token); !ok {
					b.Fatal(err)
				}
			}
		})
		b.Run(alg+" bare", func(b *testing.B) {
			dot := strings.LastIndexByte(token, '.')
			signed, signature := []byte(token[:dot]), unb64(b, token[dot+1:])
			b.ReportAllocs()
			for b.Loop() {
				sum := sha256.Sum256(signed)
				ok := false
				switch key := issuer.PublicKey(alg).(type) {
				case *rsa.PublicKey:
					ok = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
				case *ecdsa.PublicKey:
					ok = ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
				}
				if !ok {
					b.Fatal("the benchmark itself")
				}
			}
		})
	}
}

// BenchmarkRefuse is what tokens cost that are not worth a signature check.
func BenchmarkRefuse(b *testing.B) {
	issuer := newIssuer(b)
	auth, _ := newRemote(b, issuer)
	require.NoError(b, auth.Preload(b.Context()))
	_ = ask(b, auth, janeWith(issuer, object{"kid": "nobody's"})) // spends the fetch that is left
	for name, token := range map[string]string{
		"1 MiB of dots": strings.Repeat(".", 1<<20),
		"opaque":        "0123456789abcdef0123456789abcdef",
		"another's":     issuer.Token(object{"iss": login}),
		"alg none":      withHeader(jane(issuer), `{"alg":"none"}`),
		"unknown kid":   janeWith(issuer, object{"kid": "nobody's"}),
		"expired":       issuer.Token(object{"aud": audience, "exp": noon.Add(-time.Hour).Unix()}),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok, _ := auth.AuthenticateToken(b.Context(), token); ok {
					b.Fatal("accepted")
				}
			}
		})
	}
}
