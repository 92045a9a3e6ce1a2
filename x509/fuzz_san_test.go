package x509_test

import (
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/x509"
)

// Whatever the extension holds: a SPIFFE ID that is taken is a URL of its parts
// alone, and names that are taken are in a domain that was given.
func FuzzSANs(f *testing.F) {
	for _, names := range [][]asn1.RawValue{
		{alt(tagURI, "spiffe://example.org/a")},
		{alt(tagURI, "SPIFFE://example.org/a#")},
		{alt(tagURI, "spiffe://root@example.org:1/a?b"), alt(tagDNS, "a.example.org")},
		{alt(tagDNS, "A.Example.org."), alt(tagEmail, `"ann"@example.org`)},
		{alt(tagEmail, "Ann@EXAMPLE.org"), alt(tagIP, "\x0a\x00\x00\x01")},
		{alt(tagEmail, "a@example.org"), alt(tagEmail, "b@example.org")},
	} {
		der, err := asn1.Marshal(names)
		require.NoError(f, err)
		f.Add(der)
		f.Add(der[:len(der)-1])
	}
	spiffe, dns, email := x509.SPIFFE("example.org"), x509.DNSName("example.org"), x509.Email("example.org")
	f.Fuzz(func(t *testing.T, extension []byte) {
		chain := []*stdx509.Certificate{{Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: extension}}}}
		if name, _, _ := nameOf(t, spiffe, chain); name != "" {
			u, err := url.Parse(name)
			require.NoError(t, err)
			require.Equal(t, &url.URL{Scheme: "spiffe", Host: "example.org", Path: u.Path}, u)
			require.Equal(t, name, u.String())
			require.Equal(t, u.Path, u.JoinPath().Path)
			require.NotEqual(t, "/", u.Path)
		}
		if name, _, _ := nameOf(t, dns, chain); name != "" {
			require.True(t, strings.HasSuffix("."+name, ".example.org"))
			require.Equal(t, strings.ToLower(name), name)
		}
		if name, _, _ := nameOf(t, email, chain); name != "" {
			require.Equal(t, strings.Index(name, "@"), len(name)-len("@example.org"))
			require.True(t, strings.HasSuffix(name, "@example.org"))
		}
	})
}
