package authconfig_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/apis/apiserver"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

func TestFlagsUsername(t *testing.T) {
	for _, tt := range []struct {
		claim, prefix         string
		wantClaim, wantPrefix string
	}{
		{"", "", "sub", "https://a#"},
		{"sub", "", "sub", "https://a#"},
		{"name", "", "name", "https://a#"},
		{"email", "", "email", ""},
		{"email", "-", "email", ""},
		{"email", "x:", "email", "x:"},
		{"sub", "-", "sub", ""},
		{"sub", "x:", "sub", "x:"},
	} {
		c, algorithms, err := authconfig.Flags{IssuerURL: "https://a", ClientID: "api", UsernameClaim: tt.claim, UsernamePrefix: tt.prefix}.Configuration()
		require.NoError(t, err)
		require.Equal(t, []string{"RS256"}, algorithms)
		require.Equal(t, apiserver.PrefixedClaimOrExpression{Claim: tt.wantClaim, Prefix: &tt.wantPrefix}, c.JWT[0].ClaimMappings.Username)
	}
}

// The flags of a kube-apiserver make the same users.
func TestFlags(t *testing.T) {
	i := authntest.NewIssuer(t)
	ca := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(ca, i.CAPEM(), 0o600))
	flags := authconfig.Flags{
		IssuerURL: i.URL(), ClientID: "api", CAFile: ca, GroupsClaim: "groups", GroupsPrefix: "g:",
		RequiredClaims: map[string]string{"b": "2", "a": "1"}, SigningAlgs: []string{"ES256"},
	}
	c, algorithms, err := flags.Configuration()
	require.NoError(t, err)
	require.Equal(t, []apiserver.ClaimValidationRule{{Claim: "a", RequiredValue: "1"}, {Claim: "b", RequiredValue: "2"}}, c.JWT[0].ClaimValidationRules)
	require.Equal(t, []string{"ES256"}, algorithms)
	a, err := flags.New(nil)
	require.NoError(t, err)
	good := claims(object{"groups": "x", "a": "1", "b": "2"})
	requireUser(t, a, i.Sign("ES256", good, nil), info{Name: i.URL() + "#jane", Groups: []string{"g:x"}})
	requireRefused(t, a, i.Token(good), authn.WrongAlgorithm, `"alg" "RS256": not one of ["ES256"]`)
	requireRefused(t, a, i.Sign("ES256", claims(object{"a": "1"}), nil), authn.RuleFailed, `claim "b": missing`)
}

func TestFlagsRefused(t *testing.T) {
	for want, f := range map[string]authconfig.Flags{
		"authconfig: flags: IssuerURL (--oidc-issuer-url): required":               {ClientID: "api"},
		"authconfig: flags: ClientID (--oidc-client-id): required":                 {IssuerURL: "https://a"},
		"authconfig: flags: CAFile: open /no/such/file: no such file or directory": {IssuerURL: "https://a", ClientID: "api", CAFile: "/no/such/file"},
	} {
		_, _, err := f.Configuration()
		require.EqualError(t, err, want)
		_, err = f.New(nil)
		require.EqualError(t, err, want)
	}
	_, err := authconfig.Flags{IssuerURL: "https://a", ClientID: "api"}.New(&authconfig.Options{Algorithms: []string{"ES256"}})
	require.EqualError(t, err, "authconfig: flags: Options.Algorithms: not together with flags, which have SigningAlgs")
}
