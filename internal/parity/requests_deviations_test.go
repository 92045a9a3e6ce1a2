package parity

import (
	"crypto/x509"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requestDeviation is a difference that is meant to be, told as a change of the
// request: ours treats one as upstream treats the other. So it says not only that
// the answers differ, but what ours must be.
type requestDeviation struct {
	name   string
	reason string
	line   string // of docs/differences.md, or a part of one, which tells it to users

	applies func(*exchange) bool
	change  func(*exchange) // nil: does not

	// answer changes what upstream makes of it, where no other request does.
	answer func(*seen)
}

// requestDeviations are in the order that they are applied in: each sees the
// request as those before have left it.
func requestDeviations(badCertificate []*x509.Certificate) []requestDeviation {
	refuseCertificate := func(x *exchange) { x.certs = badCertificate }
	return []requestDeviation{
		{
			name:    "names of identity headers in other spellings, and Proxy-Authorization",
			reason:  "who reads them as CGI does takes one for the other",
			line:    "| headers removed | `Authorization`, `X-Remote-*` by their canonical names | these, `Proxy-Authorization` and `DPoP`, also as `X_Remote_User`, `x.remote.user` … |",
			applies: func(x *exchange) bool { return len(x.misspelt()) > 0 },
			change: func(x *exchange) {
				for _, name := range x.misspelt() {
					delete(x.header, name)
				}
			},
		},
		{
			name:    "CA certificate",
			reason:  "who may issue certificates is no client",
			line:    "| a CA certificate as a client's | accepted | refused (`UntrustedCertificate`) |",
			applies: func(x *exchange) bool { return len(x.certs) > 0 && x.certs[0].IsCA },
			change:  refuseCertificate,
		},
		{
			name:    "short RSA key",
			reason:  "NIST SP 800-131A",
			line:    "| RSA keys under 2,048 bits in the chain | accepted from 1,024 | refused (`UntrustedCertificate`) |",
			applies: func(x *exchange) bool { return len(x.certs) > 0 && isShort(x.certs[0]) },
			change:  refuseCertificate,
		},
		{
			name:    "common names",
			reason:  "two readings",
			line:    "| two common names, or an empty one | the last one; no credential | refused (`InvalidUser`) | two readings.",
			applies: func(x *exchange) bool { return oddCommonName(x.certs) },
			change:  refuseCertificate,
		},
		{
			name:    "control characters in a common name",
			reason:  "the name looks like another",
			line:    "| user names that are empty, not UTF-8 or have control characters | accepted from some authenticators | refused (`InvalidUser`) |",
			applies: func(x *exchange) bool { return len(x.certs) > 0 && hasControl(x.certs[0].Subject.CommonName) },
			change:  refuseCertificate,
		},
		{
			name:    "many intermediates",
			reason:  "work is bounded",
			line:    "| intermediates that the client sent | all of them | the first 8, ",
			applies: func(x *exchange) bool { return len(x.certs) > 1+8 },
			change:  func(x *exchange) { x.certs = x.certs[:1+8] },
		},
		{
			name:    "intermediates with a large RSA key",
			reason:  "clients choose them, and the server works with them",
			line:    ", and of those none with an RSA key over 4,096 bits or an exponent over 2^17 |",
			applies: func(x *exchange) bool { return len(x.certs) > 1 && slices.ContainsFunc(x.certs[1:], isLarge) },
			change: func(x *exchange) {
				x.certs = append(x.certs[:1:1], slices.DeleteFunc(slices.Clone(x.certs[1:]), isLarge)...)
			},
		},
		{
			name:    "two Authorization headers",
			reason:  "a proxy may take the other",
			line:    "| two `Authorization` headers, one of them Bearer | the first | refused (`Malformed`) |",
			applies: func(x *exchange) bool { return len(x.header["Authorization"]) > 1 && x.matches(bearerScheme) },
			change:  refuseToken,
		},
		{
			name:    "no token where it should be",
			reason:  "a bad credential is never anonymous",
			line:    "`Bearer␠␠token` | no credential: anonymous | refused (`Malformed`) | a bad credential is never anonymous |",
			applies: func(x *exchange) bool { return x.matches(bearerAlone) },
			change:  refuseToken,
		},
		{
			name:    "two words after the scheme",
			reason:  "two readings",
			line:    "| `Bearer a b` | the token `a` | refused (`Malformed`) | two readings |",
			applies: func(x *exchange) bool { return x.matches(bearerWords) },
			change:  refuseToken,
		},
		{
			name:    "long tokens, and those that are not visible ASCII",
			reason:  "work is bounded, and a token can be written in one way only",
			line:    "| tokens over 16 KiB, or with blanks, control or non-ASCII characters | passed on | refused (`Malformed`) |",
			applies: func(x *exchange) bool { return len(x.token()) > 16<<10 || strings.ContainsFunc(x.token(), notVisible) },
			change:  refuseToken,
		},
		{
			name:    "webhook that names nobody, or with control characters",
			reason:  "the name looks like another",
			line:    "| user names that are empty, not UTF-8 or have control characters | accepted from some authenticators | refused (`InvalidUser`) |",
			applies: func(x *exchange) bool { return x.token() == "hook-noname" || x.token() == "hook-control" },
			change:  refuseToken,
		},
		{
			name:    "webhook's answer that is not plain",
			reason:  "readers differ in what they make of it",
			line:    "| the answer | any YAML or JSON, without a kind too | JSON of the kind and version asked for, at most 1 MiB, no duplicate members |",
			applies: func(x *exchange) bool { return x.token() == "hook-nokind" || x.token() == "hook-twice" },
			change:  unreachable,
		},
		{
			name:    "webhook that redirects",
			reason:  "the token goes where the operator said",
			line:    "| redirects | followed, with the token | not followed | |",
			applies: func(x *exchange) bool { return x.token() == "hook-moved" },
			change:  unreachable,
		},
		{
			name:    "anonymous certificate beside a token",
			reason:  "a bad credential is never anonymous, and a good one is somebody",
			line:    "| an anonymous answer inside a union | by its place in the order | counts only if nobody else accepts or refuses |",
			applies: func(x *exchange) bool { return x.anonymousCertificate() && x.token() != "" && !x.anonymousToken() },
			change:  func(x *exchange) { x.certs = nil },
		},
		{
			name:    "anonymous token beside a bad certificate",
			reason:  "a bad credential is never anonymous",
			line:    "| an anonymous answer inside a union | by its place in the order | counts only if nobody else accepts or refuses |",
			applies: func(x *exchange) bool { return x.anonymousToken() && x.certificateRefused(badCertificate) },
			change:  refuseToken,
		},
		{
			name:    "open paths in other spellings",
			reason:  "handlers may go by the other spelling",
			line:    "| anonymous paths | compared with the decoded path | and only if the path is spelled in its usual way,",
			applies: func(x *exchange) bool { return x.chains.anonymous == "paths" && x.rawPath() != "" },
			change:  func(x *exchange) { x.target = "/elsewhere" },
		},
		{
			name:    "503",
			reason:  "the credential may be good",
			line:    "| an issuer or webhook cannot be reached, and nothing else accepts | 401 | 503 with `Retry-After` |",
			applies: func(x *exchange) bool { return x.token() == "hook-down" && !x.chains.plain },
			answer: func(s *seen) {
				if s.code == http.StatusUnauthorized {
					s.code, s.retry = http.StatusServiceUnavailable, true
				}
			},
		},
		{
			name:    "challenge",
			reason:  "RFC 9110, section 15.5.2",
			line:    "| nobody is authenticated | 401, no challenge | 401 with `WWW-Authenticate: Bearer …` |",
			applies: func(x *exchange) bool { return !x.chains.plain },
			answer:  func(s *seen) { s.challenge = s.code == http.StatusUnauthorized },
		},
		{
			name:    "empty fourth column of a token file",
			reason:  "an empty group is nobody's",
			line:    "an empty fourth column means no groups |",
			applies: func(x *exchange) bool { return x.token() == "static-dave" },
			answer:  func(s *seen) { s.user = withoutEmptyGroup(s.user) },
		},
	}
}

// Users are told of every deviation.
func TestRequestDeviationsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/differences.md")
	require.NoError(t, err)
	for _, d := range requestDeviations(nil) {
		require.NotEmpty(t, d.reason, d.name)
		if !strings.Contains(string(text), d.line) {
			t.Errorf("%s: docs/differences.md does not have\n%s", d.name, d.line)
		}
	}
}
