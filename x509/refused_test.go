package x509_test

import (
	"crypto/tls"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

func TestRefused(t *testing.T) {
	ca := authntest.NewCA(t)
	own := authority(t, "own", p256(t), nil)
	short := rsaKey(t, 1024)
	shortRoot := authority(t, "short", short, nil)
	shortCA := authority(t, "short", short, own)
	serverRoot := authority(t, "servers", p256(t), nil, usages(stdx509.ExtKeyUsageServerAuth))
	roots := ca.Roots()
	roots.AddCert(own.cert)
	roots.AddCert(serverRoot.cert)
	roots.AddCert(shortRoot.cert)

	noPath := func(c *stdx509.Certificate) { c.MaxPathLenZero = true }
	constrained := func(c *stdx509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"example.com"}
	}
	excluded := func(c *stdx509.Certificate) { c.ExcludedDNSDomains = []string{"ann.test"} }
	mailOnly := func(c *stdx509.Certificate) { c.PermittedEmailAddresses = []string{"example.com"} }
	mail := func(c *stdx509.Certificate) { c.EmailAddresses = []string{"ann@ann.test"} }
	uriOnly := func(c *stdx509.Certificate) { c.PermittedURIDomains = []string{"example.com"} }
	uri := func(c *stdx509.Certificate) { c.URIs = []*url.URL{{Scheme: "spiffe", Host: "ann.test", Path: "/ann"}} }
	ipOnly := func(c *stdx509.Certificate) {
		c.PermittedIPRanges = []*net.IPNet{{IP: net.IPv4(10, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}}
	}
	ip := func(c *stdx509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)} }
	noCA := func(c *stdx509.Certificate) { c.IsCA = false }
	signsNothing := func(c *stdx509.Certificate) { c.KeyUsage = stdx509.KeyUsageCRLSign }
	host := func(c *stdx509.Certificate) { c.DNSNames = []string{"ann.test"} }
	critical := func(c *stdx509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true}}
	}
	isCA := func(c *stdx509.Certificate) { c.IsCA, c.KeyUsage = true, stdx509.KeyUsageCertSign }
	sha1 := func(c *stdx509.Certificate) { c.SignatureAlgorithm = stdx509.ECDSAWithSHA1 }
	for0 := usages(stdx509.ExtKeyUsageServerAuth)

	otherKey := authority(t, "own", p256(t), nil)
	holder := sign(t, p256(t), own, bare, func(c *stdx509.Certificate) { c.Subject = pkix.Name{CommonName: "bob"} })
	through := issue(ca.Intermediate("a"))
	through.Certificate = through.Certificate[:1]

	root := ca.Certificate().Subject.CommonName
	const (
		usage      = "certificate specifies an incompatible key usage"
		unknown    = "certificate signed by unknown authority"
		denied     = "a root or intermediate certificate is not authorized to sign for this name: "
		outside    = " is not permitted by any constraint"
		noSign     = "invalid signature: parent certificate cannot sign this kind of certificate"
		tooShort   = "an RSA key of its chain is shorter than 2048 bits"
		because    = unknown + ` (possibly because of "x509: `
		candidate  = `" while trying to verify candidate authority certificate `
		ecdsaFails = because + "ECDSA verification failure" + candidate + `"own")`
	)
	tests := []struct {
		name   string
		cert   *tls.Certificate
		issuer string
		err    string
	}{
		{"for servers", issue(ca, for0), root, usage},
		{"for code", issue(ca, usages(stdx509.ExtKeyUsageCodeSigning)), root, usage},
		{"intermediate for servers", issue(ca.Intermediate("a", for0)), "a", usage},
		{"intermediate of one for servers", issue(ca.Intermediate("a", for0).Intermediate("b")), "b", usage},
		{"path too long", issue(ca.Intermediate("a", noPath).Intermediate("b")), "b", "too many intermediates for path length constraint"},
		{"name constraints", issue(ca.Intermediate("a", constrained), host), "a", denied + `DNS name "ann.test"` + outside},
		{"name constraints, excluded", issue(ca.Intermediate("a", excluded), host), "a", denied + `DNS name "ann.test" is excluded by constraint "ann.test"`},
		{"name constraints two above", issue(ca.Intermediate("a", constrained).Intermediate("b"), host), "b", denied + `DNS name "ann.test"` + outside},
		{"name constraints, e-mail", issue(ca.Intermediate("a", mailOnly), mail), "a", denied + `email address "ann@ann.test"` + outside},
		{"name constraints, URI", issue(ca.Intermediate("a", uriOnly), uri), "a", denied + `URI "spiffe://ann.test/ann"` + outside},
		{"name constraints, IP", issue(ca.Intermediate("a", ipOnly), ip), "a", denied + `IP address "192.0.2.1"` + outside},
		{"intermediate that is no CA", issue(ca.Intermediate("a", noCA)), "a", because + noSign + candidate + `"a")`},
		{"intermediate that may not sign", issue(ca.Intermediate("a", signsNothing)), "a", because + noSign + candidate + `"a")`},
		{"for clients below one for servers", issue(ca.Intermediate("a", for0), usages(stdx509.ExtKeyUsageClientAuth)), "a", usage},
		{"any key usage below one for servers", issue(ca.Intermediate("a", for0), usages(stdx509.ExtKeyUsageAny)), "a", usage},
		{"root for servers", sent(client(t, p256(t), serverRoot)), "servers", usage},
		{"unknown authority", issue(authntest.NewCA(t).Intermediate("a")), "a", unknown},
		{"same subject, other key", sent(client(t, p256(t), otherKey)), "own", ecdsaFails},
		{"same subject, other key, sent along", sent(client(t, p256(t), otherKey), otherKey.cert), "own", ecdsaFails},
		{"intermediate not sent", through, "a", unknown},
		{"an authority", issue(ca, isCA), root, "a CA certificate is no client's"},
		{"self-signed", sent(client(t, p256(t), nil)), "ann", unknown},
		{"issued by a client", sent(client(t, p256(t), holder), holder.cert), "bob", because + noSign + candidate + `"bob")`},
		{"RSA of 1024 bits", sent(client(t, short, own)), "own", tooShort},
		{"RSA of 1024 bits above", sent(client(t, p256(t), shortCA), shortCA.cert), "short", tooShort},
		{"RSA of 1024 bits at the root", sent(client(t, p256(t), shortRoot)), "short", tooShort},
		{"SHA-1", sent(client(t, p256(t), own, sha1)), "own", because + "cannot verify signature: insecure algorithm ECDSA-SHA1" + candidate + `"own")`},
		{"critical extension", issue(ca, critical), root, "unhandled critical extension"},
		{"critical extension above", issue(ca.Intermediate("a", critical)), "a", "unhandled critical extension"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, x509.New(roots), tt.cert, authn.UntrustedCertificate, of("CN=ann", "CN="+tt.issuer)+tt.err)
		})
	}
	refused(t, x509.New(roots), sent(own.cert), authn.UntrustedCertificate, of("CN=own", "CN=own")+"a CA certificate is no client's")
}

// A certificate is good from its first second to its last, by the clock of the
// Authenticator.
func TestTimes(t *testing.T) {
	ca := authntest.NewCA(t)
	from := ca.Certificate().NotBefore.Add(time.Hour)
	until := from.Add(time.Hour)
	between := func(c *stdx509.Certificate) { c.NotBefore, c.NotAfter = from, until }
	leaf := issue(ca, between)
	above := issue(ca.Intermediate("a", between))
	root := "CN=" + ca.Certificate().Subject.CommonName
	late, early := ca.Certificate().NotAfter.Add(time.Second), ca.Certificate().NotBefore.Add(-time.Second)
	stamp := func(at time.Time) string { return at.UTC().Format(time.RFC3339) }
	over := func(at, end time.Time) string {
		return "certificate has expired or is not yet valid: current time " + stamp(at) + " is after " + stamp(end)
	}
	soon := func(at, start time.Time) string {
		return "certificate has expired or is not yet valid: current time " + stamp(at) + " is before " + stamp(start)
	}
	tests := []struct {
		name   string
		cert   *tls.Certificate
		at     time.Time
		reason authn.Reason
		err    string
	}{
		{"first second", leaf, from, "", ""},
		{"last second", leaf, until, "", ""},
		{"a second early", leaf, from.Add(-time.Second), authn.NotYetValid, of("CN=ann", root) + soon(from.Add(-time.Second), from)},
		{"a second late", leaf, until.Add(time.Second), authn.Expired, of("CN=ann", root) + over(until.Add(time.Second), until)},
		{"intermediate a second early", above, from.Add(-time.Second), authn.NotYetValid, of("CN=ann", "CN=a") + soon(from.Add(-time.Second), from)},
		{"intermediate a second late", above, until.Add(time.Second), authn.Expired, of("CN=ann", "CN=a") + over(until.Add(time.Second), until)},
		{"root too", issue(ca, func(c *stdx509.Certificate) { c.NotAfter = late }), late, authn.Expired, of("CN=ann", root) + over(late, ca.Certificate().NotAfter)},
		{"root not yet", issue(ca, func(c *stdx509.Certificate) { c.NotBefore = early }), early, authn.NotYetValid, of("CN=ann", root) + soon(early, ca.Certificate().NotBefore)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := x509.New(ca.Roots())
			a.Now = func() time.Time { return tt.at.UTC() }
			if tt.err == "" {
				require.Equal(t, "ann", accepted(t, a, tt.cert).GetName())
				return
			}
			refused(t, a, tt.cert, tt.reason, tt.err)
		})
	}
}

// Without Now it is the time of the machine.
func TestTimeOfDay(t *testing.T) {
	ca := authntest.NewCA(t)
	for reason, e := range map[authn.Reason]edit{authn.Expired: authntest.Expired, authn.NotYetValid: authntest.NotYetValid} {
		_, ok, err := x509.New(ca.Roots()).AuthenticateRequest(authntest.Request("", issue(ca, e)))
		require.False(t, ok)
		require.Equal(t, reason, authn.ReasonOf(err))
		var invalid stdx509.CertificateInvalidError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, stdx509.Expired, invalid.Reason)
	}
}
