package parity

import (
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"
)

const hour = time.Hour

// deviations are what ours makes of a proxy's headers and upstream does not. They
// are asked about requests with a proxy's certificate alone, but for the first.
func (w *proxyWorld) deviations() []requestDeviation {
	stranger := w.certificates[0].certs
	refuse := func(x *exchange) { x.certs = stranger }
	proxied := func(applies func(x *exchange, h proxyHeaders) bool) func(*exchange) bool {
		return func(x *exchange) bool { return x.fromProxy() && applies(x, w.headers[x.chains]) }
	}
	named := func(applies func(x *exchange, h proxyHeaders) bool) func(*exchange) bool { // and there is a user name
		return proxied(func(x *exchange, h proxyHeaders) bool { return x.first(h.users) != "" && applies(x, h) })
	}
	return []requestDeviation{
		{
			name:   "another spelling from a proxy",
			reason: "the proxy let its client set it",
			line:   "| a proxy's request with a header in another spelling, such as `X_Remote_User` | not looked at | refused (`Malformed`) |",
			applies: proxied(func(x *exchange, h proxyHeaders) bool {
				return slices.ContainsFunc(x.names(), func(name string) bool { return h.looksLike(name) && !h.has(name) })
			}),
			change: refuse,
		},
		{
			name:   "Connection names a header of the proxy",
			reason: "RFC 9110, section 7.6.1: it may have been lost on the way",
			line:   "| … with such a header named in `Connection` | not looked at | refused (`Malformed`) |",
			applies: proxied(func(x *exchange, h proxyHeaders) bool {
				return slices.ContainsFunc(x.options(), h.looksLike)
			}),
			change: refuse,
		},
		{
			name:   "two lines of a user name or ID",
			reason: "two readings",
			line:   "| … with two lines of a user name or ID | the first | refused (`Malformed`) |",
			applies: proxied(func(x *exchange, h proxyHeaders) bool {
				return x.twice(h.users) || x.first(h.users) != "" && x.twice(h.uids)
			}),
			change: refuse,
		},
		{
			name:    "headers that differ",
			reason:  "the proxy that sets the second may let its clients set the first",
			line:    "| … with two headers for the user name, or its ID, that differ | the first by the configuration | refused (`Malformed`) |",
			applies: named(func(x *exchange, h proxyHeaders) bool { return x.differ(h.users) || x.differ(h.uids) }),
			change:  refuse,
		},
		{
			name:   "control characters and what is not UTF-8",
			reason: "it looks like another",
			line:   "| … with control characters, or what is not UTF-8, in what names the user | accepted | refused (`InvalidUser`) |",
			applies: named(func(x *exchange, h proxyHeaders) bool {
				return slices.ContainsFunc(x.values(h), func(s string) bool { return !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) })
			}),
			change: refuse,
		},
		{
			name:   "blanks around a value",
			reason: "HTTP/1.1 drops them",
			line:   "| … with blanks around a value, which only HTTP/2 can bring | kept | refused (`Malformed`) |",
			applies: named(func(x *exchange, h proxyHeaders) bool {
				return slices.ContainsFunc(x.values(h), func(s string) bool { return strings.TrimSpace(s) != s })
			}),
			change: refuse,
		},
		{
			name:   "keys that are not %-encoded, or whose capitals are",
			reason: "two readings",
			line:   "| … with an extra key that is empty or not %-encoded, or has a capital letter that is | taken as it is | refused (`Malformed`) |",
			applies: named(func(x *exchange, h proxyHeaders) bool {
				return slices.ContainsFunc(x.keys(h), func(key string) bool {
					decoded, err := url.PathUnescape(key)
					return err != nil || key == "" || strings.ContainsFunc(decoded, func(r rune) bool { return 'A' <= r && r <= 'Z' })
				})
			}),
			change: refuse,
		},
		{
			name:   "two headers of one extra key",
			reason: "two spellings",
			line:   "| … with two extra headers of one key | joined, in any order | refused (`Malformed`) |",
			applies: named(func(x *exchange, h proxyHeaders) bool {
				keys := x.keys(h)
				for i, key := range keys {
					keys[i], _ = url.PathUnescape(key)
				}
				slices.Sort(keys)
				return len(slices.Compact(slices.Clone(keys))) < len(keys)
			}),
			change: refuse,
		},
		{
			name:   "a proxy's anonymous user",
			reason: "a bad credential is never anonymous, and the proxy's certificate is one to package x509",
			line:   "| an anonymous answer inside a union | by its place in the order | counts only if nobody else accepts or refuses |",
			applies: named(func(x *exchange, h proxyHeaders) bool {
				return x.first(h.users) == user.Anonymous || slices.ContainsFunc(h.groups, func(name string) bool { return slices.Contains(x.header[name], user.AllUnauthenticated) })
			}),
			change: refuse,
		},
		{
			name:    "other spellings are removed",
			reason:  "who reads them as CGI does takes one for the other",
			line:    "| headers removed | `Authorization`, `X-Remote-*` by their canonical names | these, `Proxy-Authorization` and `DPoP`, also as `X_Remote_User`, `x.remote.user` … |",
			applies: func(x *exchange) bool { return len(w.misspelt(x)) > 0 },
			change: func(x *exchange) {
				for _, name := range w.misspelt(x) {
					delete(x.header, name)
				}
			},
		},
	}
}

// Users are told of every deviation.
func TestFrontProxyDeviationsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/differences.md")
	require.NoError(t, err)
	w := &proxyWorld{certificates: []*certificate{{}}}
	for _, d := range w.deviations() {
		require.NotEmpty(t, d.reason, d.name)
		require.Contains(t, string(text), d.line, d.name)
	}
}
