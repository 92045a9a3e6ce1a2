package certconfig_test

import (
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509/certconfig"
)

// edit changes a certificate before it is signed.
type edit = func(*stdx509.Certificate)

// ann returns ann's certificate, which has something of everything.
func ann(t testing.TB, edits ...edit) []*stdx509.Certificate {
	t.Helper()
	ca := authntest.NewCA(t).Intermediate("ours", func(c *stdx509.Certificate) { c.Subject.Organization = []string{"Example"} })
	return []*stdx509.Certificate{ca.Issue("ann", []string{"ops", "dev"}, append([]edit{func(c *stdx509.Certificate) {
		c.SerialNumber = big.NewInt(0x2a)
		c.Subject.OrganizationalUnit = []string{"platform"}
		c.Subject.Country, c.Subject.Province, c.Subject.Locality = []string{"SE"}, []string{"Skåne"}, []string{"Malmö"}
		c.Subject.SerialNumber = "7"
		c.NotBefore, c.NotAfter = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2030, 2, 2, 3, 4, 5, 0, time.UTC)
		c.URIs = []*url.URL{{Scheme: "spiffe", Host: "example.org", Path: "/ns/a/sa/b"}}
		c.DNSNames = []string{"a.example.org", "b.example.org"}
		c.EmailAddresses = []string{"ann@example.org"}
		c.IPAddresses = []net.IP{net.IPv4(10, 0, 0, 1), net.IPv6loopback}
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 2, 3, 4}}
	}}, edits...)...).Leaf}
}

// hosts is a certificate that nobody signed, with these DNS names, which need not be
// any.
func hosts(t testing.TB, names ...string) []*stdx509.Certificate {
	t.Helper()
	const tagDNS = 2 // RFC 5280, section 4.2.1.6
	raw := make([]asn1.RawValue, len(names))
	for i, name := range names {
		raw[i] = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tagDNS, Bytes: []byte(name)}
	}
	der, err := asn1.Marshal(raw)
	require.NoError(t, err)
	return []*stdx509.Certificate{{Raw: der, Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: der}}}}
}

func newMapping(t testing.TB, c certconfig.Config) *certconfig.Mapping {
	t.Helper()
	m, err := certconfig.New(c)
	require.NoError(t, err)
	return m
}

// requireRefused asks m about a certificate, which must be refused with exactly this.
func requireRefused(t testing.TB, m *certconfig.Mapping, chain []*stdx509.Certificate, reason authn.Reason, text string) {
	t.Helper()
	resp, ok, err := m.User(chain)
	require.EqualError(t, err, text)
	require.Equal(t, reason, authn.ReasonOf(err))
	require.False(t, ok)
	require.Nil(t, resp)
}
