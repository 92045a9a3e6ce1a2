package parity

import (
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	tokenunion "k8s.io/apiserver/pkg/authentication/token/union"
	"k8s.io/apiserver/plugin/pkg/authenticator/token/oidc"

	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

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

// uncached is about tokens with an algorithm, each verified anew: its signature,
// "iss", "aud" and "exp", and a name and groups read from it.
func (b bench) uncached(alg string, ratio float64, allocs int) contest {
	token := b.token(alg, 1)
	ways := []way{other(limit, b.signature(alg))}
	if alg != "EdDSA" { // which upstream does not know
		ways = append(ways, other(upstream, acceptance(b.upstream(1, mappingsByClaim), token)))
	}
	ways = append(ways, b.libraries(alg, token)...)
	return contest{alg, append(ways,
		ours("jwt", acceptance(b.mux(1), token), ratio, allocs),
		ours("authconfig", acceptance(b.authconfig(1, mappingsByClaim), token), ratio, allocs),
	)}
}

// configured is about an RS256 token of the last of so many issuers.
func (b bench) configured(name string, issuers int, mappings string, most budget) contest {
	token := b.token("RS256", issuers)
	ways := []way{other(limit, b.signature("RS256")), other(upstream, acceptance(b.upstream(issuers, mappings), token))}
	if mappings == mappingsByClaim {
		ways = append(ways, ours("jwt", acceptance(b.mux(issuers), token), most.ratio, most.allocs))
	}
	n, label := issuers, "authconfig"
	if n > maxEntries {
		n, label = maxEntries, fmt.Sprintf("authconfig, %d issuers", maxEntries)
	}
	return contest{name, append(ways, ours(label, acceptance(b.authconfig(n, mappings), b.token("RS256", n)), most.ratio, most.allocs))}
}

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

// benchAlgorithms are those of the contests.
var benchAlgorithms = []string{"RS256", "PS256", "ES256", "EdDSA"}

func (b bench) mux(issuers int) authenticator.Token {
	mappings := jwt.ClaimMappings{Username: jwt.Claim("sub").WithPrefix("oidc:"), Groups: jwt.Claim("groups").WithPrefix("oidc:")}
	var all []*jwt.Authenticator
	for i := range issuers {
		config := jwt.Config{Issuer: issuerURL(i + 1), Audiences: []string{"api"}, Algorithms: benchAlgorithms, User: mappings.User}
		auth, err := jwt.New(config, &jwt.Options{Keys: ourKeys(b.keys)})
		require.NoError(b.t, err)
		all = append(all, auth)
	}
	mux, err := jwt.NewMux(all...)
	require.NoError(b.t, err)
	return mux
}

func (b bench) authconfig(issuers int, mappings string) authenticator.Token {
	keys := ourKeys(b.keys)
	auth, err := authconfig.Parse(b.yaml(issuers, mappings), &authconfig.Options{Algorithms: benchAlgorithms, Keys: func(apiserver.Issuer) jwt.KeySet { return keys }})
	require.NoError(b.t, err)
	return auth
}
