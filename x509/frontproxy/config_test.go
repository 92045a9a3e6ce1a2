package frontproxy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/x509"
	"github.com/authnchain/authnchain/x509/frontproxy"
)

func TestNew(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		name string
		edit func(*frontproxy.Config)
		want string
	}{
		{"no proxies", func(c *frontproxy.Config) { c.Proxies = nil }, "proxies: required"},
		{"no names", func(c *frontproxy.Config) { c.Names = nil }, "names: at least one is required"},
		{"an empty list of names", func(c *frontproxy.Config) { c.Names = []string{} }, "names: at least one is required"},
		{"an empty name", func(c *frontproxy.Config) { c.Names = []string{"front-proxy", ""} }, "names: one is empty"},
		{"no user headers", func(c *frontproxy.Config) { c.UserHeaders = []string{} }, "user headers: at least one is required"},
		{"an empty header", func(c *frontproxy.Config) { c.UserHeaders = []string{""} }, `user headers: "" is no header's name`},
		{"blanks", func(c *frontproxy.Config) { c.UIDHeaders = []string{"X-Uid "} }, `uid headers: "X-Uid " is no header's name`},
		{"a colon", func(c *frontproxy.Config) { c.GroupHeaders = []string{"X-Group:"} }, `group headers: "X-Group:" is no header's name`},
		{"no ASCII", func(c *frontproxy.Config) { c.ExtraPrefixes = []string{"X-É-"} }, `extra prefixes: "X-É-" is no header's name`},
		{"twice", func(c *frontproxy.Config) { c.GroupHeaders = []string{"X-Group", "x-group"} }, `group headers: "X-Group" is there twice`},
		{"a prefix without an end", func(c *frontproxy.Config) { c.ExtraPrefixes = []string{"X-Extra"} }, `extra prefixes: "X-Extra" does not end with -`},
		{"a prefix of a prefix", func(c *frontproxy.Config) { c.ExtraPrefixes = []string{"X-A-B-", "X-A-"} }, `extra prefixes: "X-A-B-" begins with "X-A-"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := frontproxy.Config{Proxies: x509.New(w.proxyCA.Roots()), Names: []string{"front-proxy"}}
			tt.edit(&c)
			a, err := frontproxy.New(c)
			require.EqualError(t, err, "frontproxy: "+tt.want)
			require.Nil(t, a)
		})
	}
}

// An Authenticator that New did not make believes nobody.
func TestZeroValue(t *testing.T) {
	w := newWorld(t)
	var a frontproxy.Authenticator
	require.Equal(t, "frontproxy: no proxies are named; New makes an Authenticator", ask(&a, request(w.proxy, "X-Remote-User: root")))
	require.Equal(t, "not mine", ask(&a, request(nil, "X-Remote-User: root")))
}

func TestHeaders(t *testing.T) {
	w := newWorld(t)
	require.Equal(t, []string{"X-Remote-User", "X-Remote-Uid", "X-Remote-Group", "X-Remote-Extra-"}, w.authenticator(t).Headers())
	require.Equal(t, []string{
		"X-Remote-User", "X-Forwarded-User", "X-Remote-Uid", "X-Forwarded-Uid",
		"X-Remote-Group", "X-Forwarded-Group", "X-Remote-Extra-", "X-Forwarded-Extra-",
	}, w.authenticator(t, two).Headers())

	alone := w.authenticator(t, func(c *frontproxy.Config) {
		c.UIDHeaders, c.GroupHeaders, c.ExtraPrefixes = []string{}, []string{}, []string{}
	})
	require.Equal(t, []string{"X-Remote-User"}, alone.Headers())
	r := request(w.proxy, "X-Remote-User: ann", "X-Remote-Uid: 7", "X-Remote-Group: a", "X-Remote-Extra-A: x")
	require.Equal(t, "ann", ask(alone, r))
}

// What New was given may be changed afterwards.
func TestConfigIsCopied(t *testing.T) {
	w := newWorld(t)
	names, headers := []string{"front-proxy"}, []string{"X-Remote-User"}
	a := w.authenticator(t, func(c *frontproxy.Config) { c.Names, c.UserHeaders = names, headers })
	names[0], headers[0] = "other", "X-Other"
	a.Headers()[0] = "X-Other"
	require.Equal(t, "ann", ask(a, request(w.proxy, "X-Remote-User: ann")))
}
