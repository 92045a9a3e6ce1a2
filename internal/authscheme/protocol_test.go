package authscheme_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/authscheme"
)

func TestHasProtocol(t *testing.T) {
	const name = authscheme.Protocol
	for _, tt := range []struct {
		list string
		want bool
	}{
		{"", false},
		{"64", false},
		{"v4.channel.k8s.io", false},
		{"base64.channel.k8s.io", false},
		{"base64url.bearer.authorization.k8s.i", false},
		{"ase64url.bearer.authorization.k8s.io", false},
		{"base64url_bearer_authorization_k8s_io", false},
		{"ba\u017fe64url.bearer.authorization.k8s.io", false}, // the long s is an s to EqualFold
		{name, true},
		{name + ".YQ", true},
		{strings.ToUpper(name), true},
		{"bAsE64UrL.Bearer.Authorization.K8s.Io.YQ", true},
		{"v4.channel.k8s.io," + name, true},
		{"x" + name + "x", true},
		{"6464base64base64url.bearer" + name, true},
		{strings.Repeat("64", 100) + name, true},
		{strings.Repeat(name[:len(name)-1]+",", 100), false},
	} {
		require.Equal(t, tt.want, authscheme.HasProtocol(tt.list), "%q", tt.list)
	}
}

func TestIsToken(t *testing.T) {
	for _, good := range []string{"v4.channel.k8s.io", "a", "A-Z_09", "!#$%&'*+-.^_`|~"} {
		require.True(t, authscheme.IsToken(good), "%q", good)
	}
	for _, bad := range []string{"", " ", "a b", "a,b", "a/b", "a=", `"a"`, "a\t", "a\x00", "a\x7f", "é", "\xff", "\u00a0a"} {
		require.False(t, authscheme.IsToken(bad), "%q", bad)
	}
}
