package x509_test

import (
	stdx509 "crypto/x509"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

// quoted is how errors repeat a name.
func quoted(name string) string {
	if len(name) > 128 {
		return strconv.Quote(name[:128]) + "…"
	}
	return strconv.Quote(name)
}

func TestSPIFFE(t *testing.T) {
	const (
		scheme  = ": does not begin with spiffe://"
		noPath  = ": there is no path, which only an authority's may lack"
		segment = ": path: a segment is empty"
		dots    = `: path: a segment is "." or ".."`
		outside = `: the trust domain is not one of ["example.org" "a_b-c.1"]`
	)
	long := "spiffe://example.org/" + strings.Repeat("a", 2048-len("spiffe://example.org/"))
	f := x509.SPIFFE("example.org", "a_b-c.1")
	tests := []struct {
		id     string
		reason authn.Reason // "": the user is called so
		err    string       // after the URI
	}{
		{"spiffe://example.org/a", "", ""},
		{"spiffe://example.org/ns/prod/sa/billing", "", ""},
		{"spiffe://example.org/9eebccd2-12bf-40a6-b262-65fe0487d453", "", ""},
		{"spiffe://example.org/A.b_c-D", "", ""},
		{"spiffe://example.org/...", "", ""},
		{"spiffe://example.org/.a", "", ""},
		{"spiffe://example.org/-", "", ""},
		{"spiffe://a_b-c.1/a", "", ""},
		{long, "", ""},
		{long + "a", authn.InvalidUser, ": longer than 2048 bytes"},
		{"spiffe://" + strings.Repeat("a", 255) + "/a", authn.RuleFailed, outside},
		{"spiffe://" + strings.Repeat("a", 256) + "/a", authn.InvalidUser, ": trust domain: longer than 255 bytes"},
		{"spiffe://example.com/a", authn.RuleFailed, outside},
		{"spiffe://sub.example.org/a", authn.RuleFailed, outside},
		{"spiffe://example.org.evil.com/a", authn.RuleFailed, outside},
		{"spiffe://example.org./a", authn.RuleFailed, outside},
		{"spiffe://org/a", authn.RuleFailed, outside},
		{"spiffe://Example.org/a", authn.InvalidUser, `: trust domain: "E" is not allowed`},
		{"spiffe://example.org:443/a", authn.InvalidUser, `: trust domain: ":" is not allowed`},
		{"spiffe://example.org:/a", authn.InvalidUser, `: trust domain: ":" is not allowed`},
		{"spiffe://root@example.org/a", authn.InvalidUser, `: trust domain: "@" is not allowed`},
		{"spiffe://@example.org/a", authn.InvalidUser, `: trust domain: "@" is not allowed`},
		{"spiffe://evil.com\\@example.org/a", authn.InvalidUser, `: trust domain: "\\" is not allowed`},
		{"spiffe://%65xample.org/a", authn.InvalidUser, `: trust domain: "%" is not allowed`},
		{"spiffe://[::1]/a", authn.InvalidUser, `: trust domain: "[" is not allowed`},
		{"spiffe://exämple.org/a", authn.InvalidUser, `: trust domain: "\xc3" is not allowed`},
		{"spiffe://*/a", authn.InvalidUser, `: trust domain: "*" is not allowed`},
		{"spiffe:///a", authn.InvalidUser, ": trust domain: empty"},
		{"spiffe://", authn.InvalidUser, ": trust domain: empty"},
		{"spiffe://example.org", authn.InvalidUser, noPath},
		{"spiffe://example.org/", authn.InvalidUser, segment},
		{"spiffe://example.org//", authn.InvalidUser, segment},
		{"spiffe://example.org//a", authn.InvalidUser, segment},
		{"spiffe://example.org/a/", authn.InvalidUser, segment},
		{"spiffe://example.org/a//b", authn.InvalidUser, segment},
		{"spiffe://example.org/.", authn.InvalidUser, dots},
		{"spiffe://example.org/..", authn.InvalidUser, dots},
		{"spiffe://example.org/a/../root", authn.InvalidUser, dots},
		{"spiffe://example.org/./a", authn.InvalidUser, dots},
		{"spiffe://example.org/%61", authn.InvalidUser, `: path: "%" is not allowed`},
		{"spiffe://example.org/a%2fb", authn.InvalidUser, `: path: "%" is not allowed`},
		{"spiffe://example.org/a?b", authn.InvalidUser, `: path: "?" is not allowed`},
		{"spiffe://example.org/a?", authn.InvalidUser, `: path: "?" is not allowed`},
		{"spiffe://example.org?/a", authn.InvalidUser, `: trust domain: "?" is not allowed`},
		{"spiffe://example.org/a#b", authn.InvalidUser, `: path: "#" is not allowed`},
		{"spiffe://example.org/a#", authn.InvalidUser, `: path: "#" is not allowed`},
		{"spiffe://example.org#/a", authn.InvalidUser, `: trust domain: "#" is not allowed`},
		{"spiffe://example.org/a b", authn.InvalidUser, `: path: " " is not allowed`},
		{"spiffe://example.org/a ", authn.InvalidUser, `: path: " " is not allowed`},
		{"spiffe://example.org/a\x00", authn.InvalidUser, `: path: "\x00" is not allowed`},
		{"spiffe://example.org/a\nroot", authn.InvalidUser, `: path: "\n" is not allowed`},
		{"spiffe://example.org/a\x7f", authn.InvalidUser, `: path: "\x7f" is not allowed`},
		{"spiffe://example.org/ä", authn.InvalidUser, `: path: "\xc3" is not allowed`},
		{"spiffe://example.org/a:b", authn.InvalidUser, `: path: ":" is not allowed`},
		{"spiffe://example.org/a;b", authn.InvalidUser, `: path: ";" is not allowed`},
		{"spiffe://example.org/a~", authn.InvalidUser, `: path: "~" is not allowed`},
		{"SPIFFE://example.org/a", authn.InvalidUser, scheme},
		{"Spiffe://example.org/a", authn.InvalidUser, scheme},
		{" spiffe://example.org/a", authn.InvalidUser, scheme},
		{"spiffe:/example.org/a", authn.InvalidUser, scheme},
		{"spiffe:example.org/a", authn.InvalidUser, scheme},
		{"//example.org/a", authn.InvalidUser, scheme},
		{"https://example.org/a", authn.InvalidUser, scheme},
		{"urn:spiffe://example.org/a", authn.InvalidUser, scheme},
		{"", authn.InvalidUser, scheme},
	}
	for _, tt := range tests {
		t.Run(tt.id, func(t *testing.T) {
			name, reason, text := nameOf(t, f, withSANs(t, alt(tagURI, tt.id)))
			require.Equal(t, tt.reason, reason)
			if tt.reason == "" {
				require.Equal(t, tt.id, name)
				return
			}
			require.Equal(t, "URI SAN: "+quoted(tt.id)+tt.err, text)
		})
	}
}

// What a workload's certificate must not be for (X509-SVID, section 5.2).
func TestSPIFFELeaf(t *testing.T) {
	usage := func(u stdx509.KeyUsage) edit { return func(c *stdx509.Certificate) { c.KeyUsage = u } }
	const ds = stdx509.KeyUsageDigitalSignature
	tests := []struct {
		name string
		edit edit
		err  string
	}{
		{"digitalSignature", usage(ds), ""},
		{"keyAgreement too", usage(ds | stdx509.KeyUsageKeyAgreement), ""},
		{"no key usage", usage(0), ""},
		{"keyCertSign", usage(ds | stdx509.KeyUsageCertSign), "URI SAN: a certificate with the key usage keyCertSign is no workload's"},
		{"cRLSign", usage(ds | stdx509.KeyUsageCRLSign), "URI SAN: a certificate with the key usage cRLSign is no workload's"},
		{"CA", func(c *stdx509.Certificate) { c.IsCA = true }, "URI SAN: a CA certificate is no workload's"},
	}
	ca := authntest.NewCA(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cert := issue(ca, sans(t, alt(tagURI, "spiffe://example.org/a")), tt.edit)
			name, reason, text := nameOf(t, x509.SPIFFE("example.org"), []*stdx509.Certificate{cert.Leaf})
			require.Equal(t, tt.err, text)
			if tt.err == "" {
				require.Equal(t, "spiffe://example.org/a", name)
				return
			}
			require.Equal(t, authn.UntrustedCertificate, reason)
		})
	}
}
