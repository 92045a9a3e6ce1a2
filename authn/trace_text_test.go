package authn_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

var duration = regexp.MustCompile(`^([a-z ]+) in [0-9.]+(ns|µs|ms|s)\n`)

// sinceForever is a trace's text with the same duration every time.
func sinceForever(t *testing.T, trace *authn.Trace) string {
	t.Helper()
	text := trace.String()
	require.Regexp(t, duration, text)
	return duration.ReplaceAllString(text, "$1 in 61µs\n")
}

// The first is the table in the package's comment.
func TestTraceString(t *testing.T) {
	var (
		x509 = passes("x509", "no client certificate")
		jwt  = refuses("jwt", authn.Errorf(authn.Expired, `jwt: issuer "https://login.example.com": expired 3m12s ago (exp 2026-11-23T11:50:03Z)`))
		ann  = accepts("tokens", authntest.User("ann"))
		down = refuses("a-webhook-with-a-long-name", authn.Errorf(authn.Unavailable, "connection refused"))
	)
	tests := []struct {
		name  string
		trace *authn.Trace
		want  string
	}{
		{"comment", authn.Explain(anonymous.New(union.Requests(x509, bearer.New(jwt))), request("Authorization", "Bearer x")), `
refused in 61µs
  x509        not mine   no client certificate
  bearer      refused    Expired
    jwt       refused    issuer "https://login.example.com": expired 3m12s ago (exp 2026-11-23T11:50:03Z)
  anonymous   not tried  an authenticator refused the credential
`},
		{"accepted", authn.Explain(anonymous.New(union.Requests(x509, bearer.New(union.Tokens(jwt, ann, down)))), request("Authorization", "Bearer x")), `
accepted in 61µs
  x509                           not mine   no client certificate
  bearer                         accepted   ann
    jwt                          refused    issuer "https://login.example.com": expired 3m12s ago (exp 2026-11-23T11:50:03Z)
    tokens                       accepted   ann
    a-webhook-with-a-long-name   not tried  accepted before it
  anonymous                      not tried  accepted before it
`},
		{"unavailable", authn.Explain(union.Requests(bearer.New(union.Tokens(jwt, down))), request("Authorization", "Bearer x")), `
unavailable in 61µs
  bearer                         unavailable  Unavailable
    jwt                          refused      issuer "https://login.example.com": expired 3m12s ago (exp 2026-11-23T11:50:03Z)
    a-webhook-with-a-long-name   unavailable  connection refused
`},
		{"not recognized", authn.Explain(bearer.New(passes("tokens", "not in the list")), request("Authorization", "Bearer x")), `
refused in 61µs
  bearer      refused    nobody recognizes the token
    tokens    not mine   not in the list
`},
		{"nothing", authn.Explain(authntest.As(nil), request()), `
no credential in 61µs
  func        not mine
`},
		{"nobody to ask", authn.Explain(union.Requests(), request()), "\nno credential in 61µs\n"},
		{"one line each", authn.Explain(refuses("x", errors.New("a\r\nb")), request()), "\nrefused in 61µs\n  x           refused    a\uFFFD\uFFFDb\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, strings.TrimPrefix(tt.want, "\n"), sinceForever(t, tt.trace))
		})
	}
	require.Equal(t, "accepted in 1.235ms\n", authn.Link{Verdict: authn.VerdictAccepted, Took: 1234567 * time.Nanosecond}.String())
}
