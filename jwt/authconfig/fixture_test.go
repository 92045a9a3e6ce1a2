package authconfig_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

type (
	object = map[string]any
	step   = authconfig.Step
)

const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n"

// entry is one of "jwt" for an issuer, with the audience api. rest is YAML that
// belongs to it.
func entry(i *authntest.Issuer, rest string) string {
	return fmt.Sprintf("- issuer:\n    url: %s\n    audiences: [api]\n    certificateAuthority: %s\n%s\n",
		i.URL(), quote(string(i.CAPEM())), indent(rest))
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
}

func quote(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

func config(entries ...string) string { return head + "jwt:\n" + strings.Join(entries, "") }

const bySub = "claimMappings: {username: {claim: sub, prefix: ''}}"

func parse(t *testing.T, text string, o *authconfig.Options) *authconfig.Authenticator {
	t.Helper()
	a, err := authconfig.Parse([]byte(text), o)
	require.NoError(t, err)
	return a
}

// claims are those of a token for jane at api, with others laid over them.
func claims(more object) object {
	c := object{"sub": "jane", "aud": "api"}
	for name, value := range more {
		c[name] = value
	}
	return c
}

// requireUser wants a token to be accepted as u.
func requireUser(t *testing.T, a *authconfig.Authenticator, token string, u user.DefaultInfo) {
	t.Helper()
	resp, ok, err := a.AuthenticateToken(t.Context(), token)
	require.NoError(t, err)
	require.True(t, ok)
	got := user.DefaultInfo{Name: resp.User.GetName(), UID: resp.User.GetUID(), Groups: resp.User.GetGroups(), Extra: resp.User.GetExtra()}
	require.Equal(t, u, got)
}

// requireRefused wants a token to be refused for a reason, in a text that ends so.
func requireRefused(t *testing.T, a *authconfig.Authenticator, token string, reason authn.Reason, text string) {
	t.Helper()
	resp, ok, err := a.AuthenticateToken(t.Context(), token)
	require.Nil(t, resp)
	require.False(t, ok)
	require.Error(t, err)
	require.Equal(t, reason, authn.ReasonOf(err), err)
	require.True(t, strings.HasSuffix(err.Error(), text), "%q does not end with %q", err, text)
}

func requireNotMine(t *testing.T, a *authconfig.Authenticator, token string) {
	t.Helper()
	resp, ok, err := a.AuthenticateToken(t.Context(), token)
	require.NoError(t, err)
	require.False(t, ok)
	require.Nil(t, resp)
}
