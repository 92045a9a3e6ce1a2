package parity

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authorities are who issues the certificates of TestCertificates.
type authorities struct {
	roots   []*authority // trusted; the usual one many times
	others  []*authority // not trusted, with the names of those that are
	pinned  []*x509.Certificate
	pool    *x509.CertPool
	longer  *x509.CertPool // those of pool that have no short key
	issuers []issuer
	caKeys  []crypto.Signer
	keys    []crypto.Signer     // of clients
	bad     []*x509.Certificate // what everybody refuses
}

func newAuthorities(t *testing.T, ring *keyRing) *authorities {
	t.Helper()
	good := newRoot(t, "root")
	short := rootWith(t, ring.weak, "short")
	a := &authorities{pool: x509.NewCertPool(), longer: x509.NewCertPool()}
	a.roots = slices.Concat(slices.Repeat([]*authority{good}, 12), []*authority{
		rootWith(t, ring.rsa[0], "RSA"),
		rootWith(t, ring.p384[0], "P-384"),
		rootWith(t, ring.ed25519, "Ed25519"),
		rootWith(t, ring.p256[0], "path", func(c *x509.Certificate) { c.MaxPathLen = 1 }),
		rootWith(t, ring.p256[1], "late", lasting(-2*time.Hour, -time.Hour)),
		rootWith(t, ring.p256[2], "names", func(c *x509.Certificate) {
			c.PermittedDNSDomainsCritical, c.PermittedDNSDomains, c.ExcludedURIDomains = true, []string{"example.com"}, []string{"example.net"}
		}),
		short,
	})
	a.others = []*authority{newRoot(t, "root"), newRoot(t, "RSA"), newRoot(t, "nobody's")}
	a.pinned = (&authority{t: t}).to(named("pinned"))
	for _, root := range a.roots {
		a.pool.AddCert(root.cert)
		if root != short {
			a.longer.AddCert(root.cert)
		}
	}
	a.pool.AddCert(a.pinned[0])
	a.longer.AddCert(a.pinned[0])
	a.bad = a.others[0].to(named("jane"))
	a.keys = []crypto.Signer{
		ring.p256[0], ring.p256[1], ring.p256[2], newKey(t), newKey(t), newKey(t), ring.p384[0], ring.p521[0], ring.ed25519,
		ring.rsa[0], ring.rsa[1], ring.weak,
	}
	a.caKeys = slices.Concat(a.keys, slices.Repeat(a.keys[:6:6], 3), []crypto.Signer{newLargeKey(t), newSteepKey(t, ring.rsa[2])})
	for n := range 500 {
		a.issuers = append(a.issuers, a.newIssuer(random(n, 1)))
	}
	return a
}

func rootWith(t *testing.T, key crypto.Signer, name string, edits ...func(*x509.Certificate)) *authority {
	t.Helper()
	return (&authority{t: t, root: true}).issueCAWith(key, name, edits...)
}

// newSteepKey has the primes of another key, and an exponent that is just larger
// than what ours verifies with.
func newSteepKey(t *testing.T, of *rsa.PrivateKey) crypto.Signer {
	t.Helper()
	const exponent = 1<<17 + 29 // a prime
	phi := big.NewInt(1)
	for _, p := range of.Primes {
		phi.Mul(phi, new(big.Int).Sub(p, big.NewInt(1)))
	}
	d := new(big.Int).ModInverse(big.NewInt(exponent), phi)
	require.NotNil(t, d)
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: of.N, E: exponent}, D: d, Primes: of.Primes}
	key.Precompute()
	require.NoError(t, key.Validate())
	return key
}

// oddCAs are what may be the matter with an intermediate.
var oddCAs = []oddity{
	{"expired", lasting(-2*time.Hour, -time.Hour)},
	{"not yet valid", lasting(time.Hour, 2*time.Hour)},
	{"for servers", usage(x509.ExtKeyUsageServerAuth)},
	{"for clients", usage(x509.ExtKeyUsageClientAuth)},
	{"for any use", usage(x509.ExtKeyUsageAny)},
	{"no CA", func(c *x509.Certificate) { c.IsCA = false }},
	{"no basic constraints", func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = false, false }},
	{"may not sign", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }},
	{"no path", func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true }},
	{"a path of one", func(c *x509.Certificate) { c.MaxPathLen = 1 }},
	{"some names only", func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains, c.ExcludedEmailAddresses = true, []string{"example.com"}, []string{"example.net"}
	}},
	{"critical extension", critical},
}

// oddity is something unusual about a certificate.
type oddity struct {
	name string
	edit func(*x509.Certificate)
}

// issuer is an authority, and what it is.
type issuer struct {
	*authority
	what string
}

func (a *authorities) newIssuer(r *rand.Rand) issuer {
	of := issuer{pick(r, a.roots), "trusted"}
	if r.IntN(16) == 0 {
		of = issuer{pick(r, a.others), "not trusted"}
	}
	root := of.cert.Subject.CommonName
	for n := range pick(r, []int{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 7, 8, 9, 10}) {
		name, edit := fmt.Sprintf("%s %d", root, n+1), func(*x509.Certificate) {}
		if r.IntN(20) == 0 {
			odd := pick(r, oddCAs)
			name, edit = name+", "+odd.name, odd.edit
		}
		of.authority = of.issueCAWith(pick(r, a.caKeys), name, edit)
	}
	return of
}

func sha1Of(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }

func critical(c *x509.Certificate) {
	c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, Critical: true, Value: []byte{5, 0}})
}
