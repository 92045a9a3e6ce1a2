package parity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// certificate is a way for a client to identify itself by TLS.
type certificate struct {
	name   string
	weight int
	class  string              // upstream's answer
	certs  []*x509.Certificate // what is sent; nil: nothing
}

// authority issues certificates.
type authority struct {
	t     testing.TB
	cert  *x509.Certificate
	key   crypto.Signer
	above []*x509.Certificate // that clients must send, besides cert
	root  bool
}

func newRoot(t testing.TB, name string) *authority {
	t.Helper()
	return (&authority{t: t, root: true}).issueCA(name)
}

// issueCA makes an authority under a, or a root if a has no certificate.
func (a *authority) issueCA(name string, edits ...func(*x509.Certificate)) *authority {
	a.t.Helper()
	return a.issueCAWith(newKey(a.t), name, edits...)
}

func (a *authority) issueCAWith(key crypto.Signer, name string, edits ...func(*x509.Certificate)) *authority {
	a.t.Helper()
	c := &authority{t: a.t, key: key, root: a.cert == nil}
	asCA := func(cert *x509.Certificate) {
		cert.IsCA, cert.BasicConstraintsValid = true, true
		cert.KeyUsage, cert.ExtKeyUsage = x509.KeyUsageCertSign, nil
	}
	c.cert = a.issue(c.key, append([]func(*x509.Certificate){named(name), asCA}, edits...)...)[0]
	if a.cert != nil && !a.root {
		c.above = append([]*x509.Certificate{a.cert}, a.above...)
	}
	return c
}

// issue returns a certificate and those that lead to the root. Without a
// certificate of its own, a has key sign for itself.
func (a *authority) issue(key crypto.Signer, edits ...func(*x509.Certificate)) []*x509.Certificate {
	a.t.Helper()
	chain, err := a.tryIssue(key, edits...)
	require.NoError(a.t, err)
	return chain
}

// tryIssue is issue of what crypto/x509 may not make, or not read.
func (a *authority) tryIssue(key crypto.Signer, edits ...func(*x509.Certificate)) ([]*x509.Certificate, error) {
	a.t.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	require.NoError(a.t, err)
	template := &x509.Certificate{
		SerialNumber: serial,
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, edit := range edits {
		edit(template)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil || a.cert == nil || a.root {
		return []*x509.Certificate{cert}, err
	}
	return append([]*x509.Certificate{cert, a.cert}, a.above...), nil
}

// to issues a certificate with a key of the usual kind.
func (a *authority) to(edits ...func(*x509.Certificate)) []*x509.Certificate {
	a.t.Helper()
	return a.issue(newKey(a.t), edits...)
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

// newLargeKey is just larger than what ours verifies with. It takes a second.
func newLargeKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 4096+8)
	require.NoError(t, err)
	return key
}

// named has a subject of a common name and organizations.
func named(name string, groups ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.Subject.CommonName, c.Subject.Organization = name, groups }
}

// attribute adds an attribute to the subject.
func attribute(oid asn1.ObjectIdentifier, value any) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject.ExtraNames = append(c.Subject.ExtraNames, pkix.AttributeTypeAndValue{Type: oid, Value: value})
	}
}

func usage(usages ...x509.ExtKeyUsage) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.ExtKeyUsage = usages }
}

func lasting(from, to time.Duration) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(from), time.Now().Add(to) }
}

var (
	commonNameOID   = asn1.ObjectIdentifier{2, 5, 4, 3}
	organizationOID = asn1.ObjectIdentifier{2, 5, 4, 10}
	userIDOID       = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57683, 2}
)

// These are accepted by upstream alone.
const (
	tenth = "a needed intermediate is the tenth"
	large = "an intermediate has a large key"
)

// certificates are those of all kinds, and the roots to trust. The first is none,
// the second one that is no good.
func certificates(t testing.TB, ring *keyRing) ([]*certificate, *x509.CertPool) {
	t.Helper()
	root, other := newRoot(t, "root"), newRoot(t, "root") // one name, two keys
	one := root.issueCA("one")
	two := one.issueCA("two")
	servers := root.issueCA("servers", usage(x509.ExtKeyUsageServerAuth))
	late := root.issueCA("late", lasting(-2*time.Hour, -time.Hour))
	leafCA := root.issueCA("no path", func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true })
	jane := named("jane", "dev", "ops")
	pinned := (&authority{t: t}).to(named("pinned"))
	viaTwo := two.to(named("two"))
	pool := x509.NewCertPool()
	pool.AddCert(root.cert)
	pool.AddCert(pinned[0])
	all := []*certificate{
		{"none", 40, notMine, nil},
		{"of another CA", 3, refused, other.to(jane)},
		{"jane", 10, accepted, root.to(jane)},
		{"no organization", 2, accepted, root.to(named("bob"))},
		{"no common name", 2, notMine, root.to(named("", "dev"))},
		{"nothing in the subject", 1, notMine, root.to()},
		{"an empty common name", 2, notMine, root.to(attribute(commonNameOID, ""))},
		{"two common names", 2, accepted, root.to(attribute(commonNameOID, "jane"), attribute(commonNameOID, "admin"))},
		{"control characters", 2, accepted, root.to(named("ja\nne"))},
		{"not ASCII", 2, accepted, root.to(named("jäne 安", "é"))},
		{"organizations one by one", 2, accepted, root.to(named("carol"), attribute(organizationOID, "b"), attribute(organizationOID, "a"), attribute(organizationOID, "b"))},
		{"organizational units", 1, accepted, root.to(jane, func(c *x509.Certificate) { c.Subject.OrganizationalUnit = []string{"x", "y"} })},
		{"a group of the system", 2, accepted, root.to(named("known", "system:authenticated", "dev"))},
		{"system:anonymous", 2, accepted, root.to(named("system:anonymous", "dev"))},
		{"system:unauthenticated", 2, accepted, root.to(named("guest", "system:unauthenticated"))},
		{"user ID", 3, accepted, root.to(jane, attribute(userIDOID, "u-1"))},
		{"two user IDs", 1, refused, root.to(jane, attribute(userIDOID, "u-1"), attribute(userIDOID, "u-2"))},
		{"an empty user ID", 1, refused, root.to(jane, attribute(userIDOID, ""))},
		{"user ID that is a number", 1, refused, withNumber(root.to(jane))},
		{"expired", 1, refused, root.to(jane, lasting(-2*time.Hour, -time.Minute))},
		{"not yet valid", 1, refused, root.to(jane, lasting(time.Hour, 2*time.Hour))},
		{"server", 1, refused, root.to(jane, usage(x509.ExtKeyUsageServerAuth))},
		{"server and client", 1, accepted, root.to(jane, usage(x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth))},
		{"any use", 1, accepted, root.to(jane, usage(x509.ExtKeyUsageAny))},
		{"no use said", 1, accepted, root.to(jane, usage())},
		{"one intermediate", 3, accepted, one.to(named("one"))},
		{"two intermediates", 3, accepted, viaTwo},
		{"intermediates in disorder", 1, accepted, []*x509.Certificate{viaTwo[0], viaTwo[2], viaTwo[1]}},
		{"root sent too", 1, accepted, append(one.to(named("one")), root.cert)},
		{"intermediate missing", 1, refused, viaTwo[:1]},
		{"one of two missing", 1, refused, viaTwo[:2]},
		{tenth, 2, accepted, filled(viaTwo, other, 8)},
		{"a needed intermediate is the eighth", 2, accepted, filled(viaTwo, other, 6)},
		{large, 2, accepted, root.issueCAWith(newLargeKey(t), "large").to(jane)},
		{"intermediate for servers", 1, refused, servers.to(jane)},
		{"expired intermediate", 1, refused, late.to(jane)},
		{"path too long", 1, refused, leafCA.issueCA("below").to(jane)},
		{"a CA's", 2, accepted, []*x509.Certificate{root.issueCA("ca").cert}},
		{"an intermediate's", 1, accepted, []*x509.Certificate{one.cert}},
		{"the root's", 1, accepted, []*x509.Certificate{root.cert}},
		{"self-signed", 1, refused, (&authority{t: t}).to(jane)},
		{"self-signed and trusted", 1, accepted, pinned},
		{"RSA", 1, accepted, root.issue(ring.rsa[0], named("rsa"))},
		{"short RSA", 2, accepted, root.issue(ring.weak, named("weak"))},
		{"Ed25519", 1, accepted, root.issue(ring.ed25519, named("ed"))},
		{"P-521", 1, accepted, root.issue(ring.p521[0], named("p521"))},
	}
	return all, pool
}

// withNumber gives a certificate a user ID that is no text. crypto/x509 reads no
// such certificate, but both chains have a rule for it.
func withNumber(chain []*x509.Certificate) []*x509.Certificate {
	c := *chain[0]
	c.Subject.Names = append(c.Subject.Names[:len(c.Subject.Names):len(c.Subject.Names)], pkix.AttributeTypeAndValue{Type: userIDOID, Value: 7})
	return []*x509.Certificate{&c}
}

// filled puts n certificates that are of no use before the intermediates.
func filled(chain []*x509.Certificate, other *authority, n int) []*x509.Certificate {
	sent := chain[:1:1]
	for range n {
		sent = append(sent, other.to(named("filler"))...)
	}
	return append(sent, chain[1:]...)
}
