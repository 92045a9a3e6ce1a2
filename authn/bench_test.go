package authn_test

import (
	"net/http"
	"testing"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// BenchmarkAuthenticate is the middleware alone: its authenticator does nothing.
func BenchmarkAuthenticate(b *testing.B) {
	const token = "base64url.bearer.authorization.k8s.io.dG9rZW4"
	for _, bb := range []struct {
		name   string
		header http.Header
	}{
		{"no header", http.Header{}},
		{"no credential", http.Header{"Accept": {"*/*"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"curl/8.5.0"}, "X-Request-Id": {"7"}}},
		{"bearer", http.Header{"Accept": {"*/*"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"curl/8.5.0"}, "Authorization": {"Bearer token"}}},
		{"WebSocket", http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Protocol": {"v4.channel.k8s.io, " + token}}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			m := authn.Middleware{Authenticator: authntest.As(authntest.User("ann"))}
			r := request()
			r.Header = bb.header
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Authenticate(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
