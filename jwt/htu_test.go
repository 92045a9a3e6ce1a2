package jwt_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/jwt"
)

func TestNormalURL(t *testing.T) {
	const page = "https://api.test/a/b"
	tests := []struct{ name, raw, want string }{
		{"as it should be", page, page},
		{"query", page + "?x=1&y", page},
		{"empty query", page + "?", page},
		{"fragment", page + "#x", page},
		{"query and fragment", page + "?x=%zz#y", page},
		{"scheme in capitals", "HTTPS://api.test/a/b", page},
		{"host in capitals", "https://API.Test/a/b", page},
		{"default port", "https://api.test:443/a/b", page},
		{"empty port", "https://api.test:/a/b", page},
		{"other port", "https://api.test:8443/a/b", "https://api.test:8443/a/b"},
		{"the port of http", "https://api.test:80/a/b", "https://api.test:80/a/b"},
		{"port with a zero before it", "https://api.test:0443/a/b", "https://api.test:0443/a/b"},
		{"http", "http://api.test/a/b", "http://api.test/a/b"},
		{"http, default port", "http://api.test:80/a/b", "http://api.test/a/b"},
		{"http, the port of https", "http://api.test:443/a/b", "http://api.test:443/a/b"},
		{"no path", "https://api.test", "https://api.test/"},
		{"no path but a query", "https://api.test?x", "https://api.test/"},
		{"root", "https://api.test/", "https://api.test/"},
		{"two slashes", "https://api.test//", "https://api.test//"},
		{"slash after it", page + "/", page + "/"},
		{"path in capitals", "https://api.test/A/b", "https://api.test/A/b"},
		{"escape of a letter", "https://api.test/%61/%62", page},
		{"escape of a tilde", "https://api.test/%7Ea", "https://api.test/~a"},
		{"escape in lower case", "https://api.test/a%2fb", "https://api.test/a%2Fb"},
		{"escape of a blank", "https://api.test/a%20b", "https://api.test/a%20b"},
		{"escape of a percent sign", "https://api.test/%2561", "https://api.test/%2561"},
		{"escape of a dot", "https://api.test/%2e%2E/b", "https://api.test/../b"},
		{"dots", "https://api.test/a/../b/./c", "https://api.test/a/../b/./c"},
		{"beyond ASCII", "https://api.test/é", "https://api.test/%C3%A9"},
		{"parameters", "https://api.test/a;b=c", "https://api.test/a;b=c"},
		{"IPv6", "https://[2001:DB8::1]:443/a", "https://[2001:db8::1]/a"},
		{"IPv6, other port", "https://[::1]:8443/a", "https://[::1]:8443/a"},
		{"dot after the host", "https://api.test./a/b", "https://api.test./a/b"},
		{"user", "https://jane@api.test/a", ""},
		{"empty user", "https://@api.test/a", ""},
		{"no scheme", "//api.test/a", ""},
		{"path alone", "/a/b", ""},
		{"another scheme", "wss://api.test/a", ""},
		{"no host", "https:///a", ""},
		{"no host but a port", "https://:443/a", ""},
		{"opaque", "https:api.test", ""},
		{"broken escape", "https://api.test/%zz", ""},
		{"escape in the host", "https://%61pi.test/a", ""},
		{"backslash", `https://api.test\.evil.test/`, ""},
		{"control character", "https://api.test/\x00", ""},
		{"blank before it", " " + page, ""},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := jwt.NormalURL(tt.raw)
			require.Equal(t, tt.want, got)
			require.Equal(t, tt.want == "", err != nil)
			if err == nil {
				again, err := jwt.NormalURL(got)
				require.NoError(t, err)
				require.Equal(t, got, again)
			}
		})
	}
}

// What requests say of themselves, in all the ways that they can be sent.
func TestOwnURL(t *testing.T) {
	read := func(method, target, host string) *http.Request {
		r := httptest.NewRequest(method, "/", nil)
		r.Host, r.RequestURI, r.TLS = host, target, &tls.ConnectionState{}
		r.URL = nil // is not needed
		return r
	}
	stripped := read("GET", "/api/a", "api.test")
	made := httptest.NewRequest("GET", "https://api.test/a%2fb?x", nil)
	made.RequestURI = ""
	plain := read("GET", "/a", "api.test")
	plain.TLS = nil
	tests := []struct {
		name string
		r    *http.Request
		want string
	}{
		{"as it should be", read("GET", "/a", "api.test"), "https://api.test/a"},
		{"query", read("GET", "/a?b", "api.test"), "https://api.test/a"},
		{"port", read("GET", "/a", "api.test:443"), "https://api.test:443/a"},
		{"without TLS", plain, "http://api.test/a"},
		{"escapes", read("GET", "/%61%2fb", "api.test"), "https://api.test/%61%2fb"},
		{"two slashes", read("GET", "//evil.test/a", "api.test"), "https://api.test//evil.test/a"},
		{"absolute form", read("GET", "https://api.test/a?b", "api.test"), "https://api.test/a"},
		{"absolute form without a path", read("GET", "https://api.test", "api.test"), "https://api.test"},
		{"OPTIONS *", read("OPTIONS", "*", "api.test"), "https://api.test"},
		{"CONNECT", read("CONNECT", "api.test:443", "api.test:443"), ""},
		{"scheme without slashes", read("GET", "https:a", "api.test"), ""},
		{"path in the host", read("GET", "/a", "api.test/b?"), ""},
		{"query in the host", read("GET", "/a", "api.test?"), ""},
		{"fragment in the host", read("GET", "/a", "api.test#"), ""},
		{"user in the host", read("GET", "/a", "jane@api.test"), ""},
		{"backslash in the host", read("GET", "/a", `api.test\`), ""},
		{"not from a connection", made, "https://api.test/a%2fb"},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, jwt.OwnURL(tt.r), tt.name)
	}
	// The path that the client knows, not what is left of it.
	http.StripPrefix("/api", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/a", r.URL.Path)
		require.Equal(t, "https://api.test/api/a", jwt.OwnURL(r))
	})).ServeHTTP(httptest.NewRecorder(), withURL(stripped, "/api/a"))
}

func withURL(r *http.Request, path string) *http.Request {
	r.URL = httptest.NewRequest("GET", path, nil).URL
	return r
}
