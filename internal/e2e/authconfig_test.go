//go:build !windows

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	authnbearer "github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// articleConfig is the file that articles on kube-apiserver and Dex show.
const articleConfig = `apiVersion: apiserver.config.k8s.io/v1beta1
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: %s
    audiences:
    - kubernetes
    certificateAuthority: |
%s
  claimMappings:
    username:
      claim: email
      prefix: ""
    groups:
      claim: groups
      prefix: ""
`

func (p *provider) writeConfig(t *testing.T) string {
	t.Helper()
	ca, err := os.ReadFile(p.ca)
	require.NoError(t, err)
	authority := "      " + strings.ReplaceAll(strings.TrimSpace(string(ca)), "\n", "\n      ")
	path := filepath.Join(t.TempDir(), "auth-config.yaml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, articleConfig, p.issuer, authority), 0o600))
	return path
}

// A kube-apiserver's own file says who the users of a real provider are.
func TestAuthenticationConfiguration(t *testing.T) {
	need(t, "openssl", "node", "npm")
	p := startProvider(t)
	tokens, err := authconfig.File(p.writeConfig(t), nil)
	require.NoError(t, err)
	require.NoError(t, tokens.Preload(t.Context()))
	require.NoError(t, tokens.HealthCheck())
	middleware := authn.Middleware{Authenticator: authnbearer.New(tokens)}
	who := func(token string) (string, []string, error) {
		r, err := middleware.Authenticate(authntest.Bearer(authntest.Request("/"), token))
		if err != nil {
			return "", nil, err
		}
		u, _ := authn.UserFrom(r.Context())
		return u.GetName(), u.GetGroups(), nil
	}
	for login, groups := range map[string][]string{
		"jane":  {"engineering", "system:authenticated"},
		"admin": {"platform-engineers", "engineering", "system:authenticated"},
	} {
		name, got, err := who(p.login(t, "kubernetes", login))
		require.NoError(t, err, p)
		require.Equal(t, login+"@example.com", name)
		require.Equal(t, groups, got)
	}
	_, _, err = who(p.login(t, "grafana", "jane"))
	require.Equal(t, authn.WrongAudience, authn.ReasonOf(err), err)
	p.rotate(t)
	name, _, err := who(p.login(t, "kubernetes", "admin"))
	require.NoError(t, err, "a new key on its first token")
	require.Equal(t, "admin@example.com", name)
}
