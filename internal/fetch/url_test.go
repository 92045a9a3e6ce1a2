package fetch_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/fetch"
)

func TestCheckURL(t *testing.T) {
	const (
		https    = "must be https"
		noHost   = "has no host"
		noURL    = "not a URL"
		user     = "must not have a user or a password"
		fragment = "must not have a fragment"
	)
	tests := []struct {
		url    string
		remote string // what is wrong with it
		local  string // where http to the loopback is allowed
	}{
		{"https://a.test", "", ""},
		{"https://a.test/", "", ""},
		{"https://a.test/b/../c?d=e&f", "", ""},
		{"https://a.test:8443", "", ""},
		{"https://a.test:", "", ""},
		{"HTTPS://A.test", "", ""},
		{"https://10.0.0.1", "", ""},
		{"https://[2001:db8::1]:8443/", "", ""},
		{"https://127.0.0.1", "", ""},
		{"https://a.test#", "", ""},
		{"http://127.0.0.1", https, ""},
		{"http://127.0.0.1:8080/a?b", https, ""},
		{"http://127.255.255.254", https, ""},
		{"HTTP://127.0.0.1", https, ""},
		{"http://localhost", https, ""},
		{"http://localhost:8080", https, ""},
		{"http://[::1]", https, ""},
		{"http://[::1]:8080", https, ""},
		{"http://[0:0:0:0:0:0:0:1]", https, ""},
		{"http://[::ffff:127.0.0.1]", https, ""},
		{"http://a.test", https, https},
		{"http://10.0.0.1", https, https},
		{"http://0.0.0.0", https, https},
		{"http://[::]", https, https},
		{"http://[::1%25lo]", https, https},
		{"http://127.1", https, https},
		{"http://2130706433", https, https},
		{"http://0x7f.0.0.1", https, https},
		{"http://0177.0.0.1", https, https},
		{"http://127.0.0.1.a.test", https, https},
		{"http://localhost.", https, https},
		{"http://LOCALHOST", https, https},
		{"http://localhost.a.test", https, https},
		{"http://a.localhost", https, https},
		{"//127.0.0.1/a", https, https},
		{"ftp://127.0.0.1", https, https},
		{"unix://127.0.0.1/socket", https, https},
		{"httpss://a.test", https, https},
		{"", "required", "required"},
		{"a.test", noHost, noHost},
		{"/a", noHost, noHost},
		{"?a", noHost, noHost},
		{"https:", noHost, noHost},
		{"https://", noHost, noHost},
		{"https:///a", noHost, noHost},
		{"https:a.test", noHost, noHost},
		{"https:/a.test", noHost, noHost},
		{"https://:443", noHost, noHost},
		{"http://:80", noHost, noHost},
		{"localhost:8080", noHost, noHost},
		{"mailto:ann@a.test", noHost, noHost},
		{"unix:/var/run/socket", noHost, noHost},
		{"https://ann@a.test", user, user},
		{"https://ann:secret@a.test", user, user},
		{"https://@a.test", user, user},
		{"https://:@a.test", user, user},
		{"http://localhost:80@a.test", user, user},
		{"https://a.test/#b", fragment, fragment},
		{"http://127.0.0.1#b", fragment, fragment},
		{"https://a.test:x", noURL, noURL},
		{"https://a.test/%zz", noURL, noURL},
		{"https://a b.test", noURL, noURL},
		{"https://a.test\n", noURL, noURL},
		{"https://a.test/\x00", noURL, noURL},
		{" https://a.test", noURL, noURL},
		{"https://[::1", noURL, noURL},
		{"https://[a.test]", noURL, noURL},
		{"https://a.test\\@b.test", noURL, noURL},
		{"127.0.0.1:8080", noURL, noURL},
		{"://a.test", noURL, noURL},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.url, "/", "_"), func(t *testing.T) {
			for loopback, want := range map[bool]string{false: tt.remote, true: tt.local} {
				err := fetch.CheckURL(tt.url, loopback)
				if want == "" {
					require.NoError(t, err, "loopback %t", loopback)
				} else {
					require.EqualError(t, err, want, "loopback %t", loopback)
				}
			}
		})
	}
}
