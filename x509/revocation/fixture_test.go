package revocation_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/x509/revocation"
)

// epoch is when the tests begin that have a clock of their own.
var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// clock is a time that passes when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: epoch} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// authority is a CA that signs whatever it is told to.
type authority struct {
	t      testing.TB
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	parent *authority // nil: a root
	now    time.Time  // when it signs
	serial int64
}

func newRoot(t testing.TB, now time.Time, edits ...func(*x509.Certificate)) *authority {
	a := &authority{t: t, key: newKey(t), now: now}
	tmpl := caTemplate("root", now, edits)
	a.cert = certify(t, tmpl, tmpl, a.key, a.key)
	return a
}

func (a *authority) intermediate(name string, edits ...func(*x509.Certificate)) *authority {
	sub := &authority{t: a.t, key: newKey(a.t), parent: a, now: a.now}
	tmpl := caTemplate(name, a.now, edits)
	tmpl.SerialNumber = a.next()
	sub.cert = certify(a.t, tmpl, a.cert, sub.key, a.key)
	return sub
}

func (a *authority) issue(name string, edits ...func(*x509.Certificate)) *x509.Certificate {
	tmpl := &x509.Certificate{
		SerialNumber: a.next(),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    a.now.Add(-time.Hour),
		NotAfter:     a.now.Add(1000 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, edit := range edits {
		edit(tmpl)
	}
	return certify(a.t, tmpl, a.cert, newKey(a.t), a.key)
}

func (a *authority) next() *big.Int {
	a.serial++
	return big.NewInt(a.serial)
}

// chain returns cert and the CAs above it.
func (a *authority) chain(cert *x509.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{cert}
	for ; a != nil; a = a.parent {
		chain = append(chain, a.cert)
	}
	return chain
}

// crl returns a list in DER, of an hour ago, good for a day, and with the given
// certificates on it.
func (a *authority) crl(number int64, edit func(*x509.RevocationList), revoked ...*x509.Certificate) []byte {
	a.t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(number), ThisUpdate: a.now.Add(-time.Hour), NextUpdate: a.now.Add(24 * time.Hour)}
	for _, cert := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: a.now.Add(-2 * time.Hour), ReasonCode: 1})
	}
	if edit != nil {
		edit(list)
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.cert, a.key)
	require.NoError(a.t, err)
	return der
}

func caTemplate(name string, now time.Time, edits []func(*x509.Certificate)) *x509.Certificate {
	tmpl := &x509.Certificate{
		SerialNumber:          big.NewInt(1000),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(1000 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	for _, edit := range edits {
		edit(tmpl)
	}
	return tmpl
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func certify(t testing.TB, tmpl, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

// bundle returns lists in PEM.
func bundle(ders ...[]byte) []byte {
	var data []byte
	for _, der := range ders {
		data = append(data, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})...)
	}
	return data
}

func checker(t testing.TB, now func() time.Time, sources ...revocation.Source) *revocation.Checker {
	t.Helper()
	c, err := revocation.New(revocation.Config{Sources: sources, Now: now})
	require.NoError(t, err)
	return c
}
