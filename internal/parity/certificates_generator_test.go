package parity

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// oddLeaves are what may be unusual about a client's certificate, besides its
// subject.
var oddLeaves = []oddity{
	{"expired", lasting(-2*time.Hour, -time.Minute)},
	{"not yet valid", lasting(time.Minute, time.Hour)},
	{"over before it begins", lasting(time.Hour, -time.Hour)},
	{"for a century", lasting(-time.Hour, 100*365*24*time.Hour)},
	{"for servers", usage(x509.ExtKeyUsageServerAuth)},
	{"for both", usage(x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth)},
	{"for any use", usage(x509.ExtKeyUsageAny)},
	{"for mail", usage(x509.ExtKeyUsageEmailProtection)},
	{"for no use that is said", usage()},
	{"for an unknown use", func(c *x509.Certificate) {
		c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, []asn1.ObjectIdentifier{{1, 3, 6, 1, 4, 1, 99999, 2}}
	}},
	{"no key usage", func(c *x509.Certificate) { c.KeyUsage = 0 }},
	{"key usage of another kind", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }},
	{"a CA's", func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	}},
	{"a CA's, without its key usage", func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }},
	{"no CA's, as it says", func(c *x509.Certificate) { c.BasicConstraintsValid = true }},
	{"SHA-1", sha1Of},
	{"critical extension", critical},
	{"extension", func(c *x509.Certificate) { critical(c); c.ExtraExtensions[len(c.ExtraExtensions)-1].Critical = false }},
	{"a host", func(c *x509.Certificate) { c.DNSNames = []string{"a.example.com"} }},
	{"another host", func(c *x509.Certificate) { c.DNSNames = []string{"a.example.org"} }},
	{"an address", func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(10, 0, 0, 1)} }},
	{"mail", func(c *x509.Certificate) { c.EmailAddresses = []string{"jane@example.net"} }},
	{"a URI", func(c *x509.Certificate) { c.URIs = []*url.URL{{Scheme: "spiffe", Host: "example.net", Path: "/jane"}} }},
}

var (
	commonNames = []string{
		"jane", "bob", "system:node:a", "system:anonymous", "", " jane ", "ja\nne", "ja\x00ne", "\x7f", "\u0085", "jäne 安", "ja\u202ene", "a,CN=b", strings.Repeat("j", 64), strings.Repeat("j", 3000),
	}
	organizations = []string{"dev", "ops", "system:masters", "system:authenticated", "system:unauthenticated", "", "d\nev", "é", "dev,ops"}
	userIDs       = []string{"u-1", "u-2", "", "u\n"}
	otherOIDs     = []asn1.ObjectIdentifier{{2, 5, 4, 11}, {2, 5, 4, 6}, {2, 5, 4, 5}, {2, 5, 4, 42}, {0, 9, 2342, 19200300, 100, 1, 1}, {1, 2, 840, 113549, 1, 9, 1}}
)

// newSubject returns the DER of a name.
func newSubject(t *testing.T, r *rand.Rand) []byte {
	t.Helper()
	var name pkix.RDNSequence
	add := func(oid asn1.ObjectIdentifier, text string) {
		attr := pkix.AttributeTypeAndValue{Type: oid, Value: encoded(r, text)}
		if len(name) > 0 && r.IntN(10) == 0 {
			name[len(name)-1] = append(name[len(name)-1], attr) // beside the one before
			return
		}
		name = append(name, []pkix.AttributeTypeAndValue{attr})
	}
	names := commonNames[:1]
	if r.IntN(5) == 0 {
		names = commonNames
	}
	for range pick(r, []int{0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3}) {
		add(commonNameOID, pick(r, names))
	}
	for range pick(r, []int{0, 1, 1, 2, 2, 3}) {
		add(organizationOID, pick(r, organizations))
	}
	for range pick(r, []int{0, 0, 0, 0, 1, 1, 1, 1, 2}) {
		add(userIDOID, pick(r, userIDs[:1+r.IntN(len(userIDs))]))
	}
	for range pick(r, []int{0, 0, 0, 1, 2}) {
		add(pick(r, otherOIDs), pick(r, commonNames))
	}
	r.Shuffle(len(name), func(i, j int) { name[i], name[j] = name[j], name[i] })
	der, err := asn1.Marshal(name)
	require.NoError(t, err)
	return der
}

// encoded is text in one of the types of string that names may have.
func encoded(r *rand.Rand, text string) any {
	value := asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(text)}
	switch r.IntN(12) {
	case 0:
		value = asn1.RawValue{Tag: asn1.TagBMPString}
		for _, c := range text {
			value.Bytes = append(value.Bytes, byte(c>>8), byte(c))
		}
	case 1:
		value = asn1.RawValue{Tag: asn1.TagT61String}
		for _, c := range text {
			value.Bytes = append(value.Bytes, byte(c))
		}
	case 2:
		return text // as encoding/asn1 chooses
	}
	return value
}

// newPresented makes the certificates of a client, or none.
func (a *authorities) newPresented(t *testing.T, r *rand.Rand) *certificate {
	t.Helper()
	switch r.IntN(40) {
	case 0:
		return &certificate{name: "none"}
	case 1:
		return &certificate{name: "pinned", certs: a.pinned}
	}
	for {
		of := pick(r, a.issuers)
		c := &certificate{name: of.what + " issuer"}
		edits := []func(*x509.Certificate){func(c *x509.Certificate) { c.RawSubject = newSubject(t, r) }}
		for range pick(r, []int{0, 0, 0, 0, 1, 1, 2}) {
			odd := pick(r, oddLeaves)
			c.name += "; " + odd.name
			edits = append(edits, odd.edit)
		}
		chain, err := of.tryIssue(pick(r, a.keys), edits...)
		if err != nil {
			continue // crypto/x509 makes or reads no such certificate
		}
		if r.IntN(30) == 0 {
			chain[0] = forged(t, chain[0])
			c.name += "; forged"
		}
		c.certs = a.arranged(r, of.authority, chain)
		return c
	}
}

// forged is a certificate with another signature.
func forged(t *testing.T, c *x509.Certificate) *x509.Certificate {
	t.Helper()
	der := slices.Clone(c.Raw)
	der[len(der)-1] ^= 1
	changed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return changed
}

// arranged is a chain as a client may send it.
func (a *authorities) arranged(r *rand.Rand, of *authority, chain []*x509.Certificate) []*x509.Certificate {
	above := slices.Clone(chain[1:])
	switch r.IntN(10) {
	case 0:
		r.Shuffle(len(above), func(i, j int) { above[i], above[j] = above[j], above[i] })
	case 1:
		if len(above) > 0 {
			i := r.IntN(len(above))
			above = slices.Delete(above, i, i+1)
		}
	case 2:
		above = slices.Insert(above, r.IntN(len(above)+1), pick(r, a.roots).cert, chain[0])
	case 3: // another authority has signed the same key under the same name
		if !of.root {
			other := pick(r, slices.Concat(a.roots, a.others)).issueCAWith(of.key, of.cert.Subject.CommonName)
			above = slices.Insert(above, r.IntN(len(above)+1), other.cert)
		}
	case 4:
		above = append(slices.Repeat([]*x509.Certificate{a.bad[0]}, r.IntN(12)), above...)
	}
	return append(chain[:1:1], above...)
}

func (a *authorities) newExchange(t *testing.T, r *rand.Rand, index int, to *chains) *exchange {
	t.Helper()
	c := a.newPresented(t, r)
	return &exchange{test: "TestCertificates", index: index, chains: to, certificate: c, certs: c.certs, target: "/", header: http.Header{}, proto: 1}
}

func (c *certificate) String() string {
	text := c.name
	for i, cert := range c.certs {
		text += fmt.Sprintf("\n%2d %.200q by %.200q", i, cert.Subject, cert.Issuer)
	}
	return text
}
