package parity

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	tokenunion "k8s.io/apiserver/pkg/authentication/token/union"
	"k8s.io/apiserver/plugin/pkg/authenticator/token/oidc"

	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// contest is one piece of work, done in several ways.
type contest struct {
	name string
	ways []way
}

type way struct {
	name string
	do   func() error
}

// limit is the name of the way that is the signature alone, which nobody can
// leave out.
const limit = "limit"

// maxEntries is how many issuers a configuration may have.
const maxEntries = 64

const mappingsByClaim = `
  claimMappings:
    username: {claim: sub, prefix: "oidc:"}
    groups: {claim: groups, prefix: "oidc:"}
`

const mappingsByExpression = `
  claimMappings:
    username: {expression: '"oidc:" + claims.sub'}
    groups: {expression: claims.groups}
  claimValidationRules:
  - {expression: 'claims.tenant == "acme"'}
  userValidationRules:
  - {expression: '!user.username.startsWith("system:")'}
`

// mappingsByLoop looks at each group twice.
const mappingsByLoop = `
  claimMappings:
    username: {expression: '"oidc:" + claims.sub'}
    groups: {expression: 'dyn(claims.groups).map(g, "oidc:" + g)'}
  claimValidationRules:
  - {expression: 'claims.tenant == "acme"'}
  userValidationRules:
  - {expression: 'user.groups.all(g, !g.startsWith("system:"))'}
`

func contests(t testing.TB) []contest {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	b := bench{t, []namedKey{{"2026-11", rsaKey}, {"2026-11-ec", ecKey}}, authenticationcel.NewDefaultCompiler()}
	return []contest{
		b.contest("RS256", "RS256", 1, mappingsByClaim),
		b.contest("ES256", "ES256", 1, mappingsByClaim),
		b.contest("RS256 with CEL", "RS256", 1, mappingsByExpression),
		b.contest("RS256 with CEL in loops", "RS256", 1, mappingsByLoop),
		b.contest("10 issuers", "RS256", 10, mappingsByClaim),
		b.contest("100 issuers", "RS256", 100, mappingsByClaim),
	}
}

// bench makes contests.
type bench struct {
	t        testing.TB
	keys     []namedKey
	compiler authenticationcel.Compiler
}

// contest is about the token of the last of so many issuers.
func (b bench) contest(name, alg string, issuers int, mappings string) contest {
	c := contest{name, []way{{limit, b.signature(alg)}, {"upstream", b.ask(alg, issuers, b.upstream(issuers, mappings))}}}
	if mappings == mappingsByClaim {
		c.ways = append(c.ways, way{"jwt", b.ask(alg, issuers, b.mux(issuers))})
	}
	n := min(issuers, maxEntries)
	return contest{name, append(c.ways, way{fmt.Sprintf("authconfig, %d entries", n), b.ask(alg, n, b.authconfig(n, mappings))})}
}

func (b bench) ask(alg string, issuer int, auth authenticator.Token) func() error {
	token, ctx := b.token(alg, issuer), context.Background()
	return func() error {
		if _, ok, err := auth.AuthenticateToken(ctx, token); err != nil || !ok {
			return errors.Join(errors.New("refused"), err)
		}
		return nil
	}
}

func issuerURL(n int) string { return fmt.Sprintf("https://login-%d.example.com", n) }

func (b bench) yaml(issuers int, mappings string) []byte {
	var s strings.Builder
	s.WriteString("apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt:\n")
	for i := range issuers {
		fmt.Fprintf(&s, "- issuer: {url: %s, audiences: [api]}%s", issuerURL(i+1), mappings)
	}
	return []byte(s.String())
}

// upstream may have more issuers than a configuration.
func (b bench) upstream(issuers int, mappings string) authenticator.Token {
	file, err := upstreamConfig(b.yaml(1, mappings), nil)
	require.NoError(b.t, err)
	var all []authenticator.Token
	for i := range issuers {
		entry := file.JWT[0]
		entry.Issuer.URL = issuerURL(i + 1)
		auth, err := oidc.New(b.t.Context(), oidc.Options{JWTAuthenticator: entry, KeySet: newUpstreamKeys(b.keys), Compiler: b.compiler, SupportedSigningAlgs: oidc.AllValidSigningAlgorithms()})
		require.NoError(b.t, err)
		all = append(all, auth)
	}
	return tokenunion.NewFailOnError(all...)
}

func (b bench) mux(issuers int) authenticator.Token {
	mappings := jwt.ClaimMappings{Username: jwt.Claim("sub").WithPrefix("oidc:"), Groups: jwt.Claim("groups").WithPrefix("oidc:")}
	var all []*jwt.Authenticator
	for i := range issuers {
		auth, err := jwt.New(jwt.Config{Issuer: issuerURL(i + 1), Audiences: []string{"api"}, User: mappings.User}, &jwt.Options{Keys: ourKeys(b.keys)})
		require.NoError(b.t, err)
		all = append(all, auth)
	}
	mux, err := jwt.NewMux(all...)
	require.NoError(b.t, err)
	return mux
}

func (b bench) authconfig(issuers int, mappings string) authenticator.Token {
	keys := ourKeys(b.keys)
	auth, err := authconfig.Parse(b.yaml(issuers, mappings), &authconfig.Options{Keys: func(apiserver.Issuer) jwt.KeySet { return keys }})
	require.NoError(b.t, err)
	return auth
}

// token has about 1,100 bytes, 14 claims and 10 groups.
func (b bench) token(alg string, issuer int) string {
	now := time.Now()
	claims := encode(map[string]any{
		"iss": issuerURL(issuer), "aud": "api", "exp": now.Add(time.Hour).Unix(), "iat": now.Unix(), "nbf": now.Unix(), "sub": "248289761001", "jti": "0f7b4e2c-6f0a-4a55",
		"email": "jane@example.com", "email_verified": true, "name": "Jane Doe", "tenant": "acme", "azp": "web", "auth_time": now.Unix(),
		"groups": []string{"engineering", "platform", "on-call", "everybody", "team-a", "team-b", "reviewers", "releases", "berlin", "staff"},
	})
	k := b.key(alg)
	signed := b64(encode(map[string]string{"alg": alg, "kid": k.id, "typ": "JWT"})) + "." + b64(claims)
	signature, err := sign(alg, k.key, 0, []byte(signed))
	require.NoError(b.t, err)
	return signed + "." + b64(string(signature))
}

func (b bench) key(alg string) namedKey {
	if alg == "ES256" {
		return b.keys[1]
	}
	return b.keys[0]
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
		return func() error {
			digest := sha256.Sum256(signed)
			return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature)
		}
	case *ecdsa.PublicKey:
		return func() error {
			digest := sha256.Sum256(signed)
			if !ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
				return errSignature
			}
			return nil
		}
	}
	return nil
}
