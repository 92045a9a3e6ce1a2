package authntest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"slices"
	"time"
)

// CA is a certificate authority, a root or an intermediate.
type CA struct {
	t     T
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	root  *x509.Certificate
	chain [][]byte // this CA and those above it, without the root
}

// NewCA returns a CA with a fresh, self-signed P-256 root (RFC 5280) and a name
// of its own. The root, like all that comes from it, is valid from an hour ago
// until a day ahead.
func NewCA(t T) *CA {
	t.Helper()
	ca := &CA{t: t, key: newKey(t)}
	tmpl := authority("authntest root " + rand.Text()[:8]) // two roots of one name are hard to tell apart
	ca.cert = parse(t, sign(t, tmpl, tmpl, ca.key.Public(), ca.key))
	ca.root = ca.cert
	return ca
}

// Intermediate returns a CA called name under this one. Edits may change its
// certificate before it is signed.
func (ca *CA) Intermediate(name string, edits ...func(*x509.Certificate)) *CA {
	ca.t.Helper()
	made := ca.issue(authority(name), edits)
	return &CA{
		t:     ca.t,
		cert:  made.Leaf,
		key:   made.PrivateKey.(*ecdsa.PrivateKey),
		root:  ca.root,
		chain: made.Certificate,
	}
}

// Certificate returns the CA's own certificate.
func (ca *CA) Certificate() *x509.Certificate { return ca.cert }

// PEM returns the CA's own certificate as a PEM block: for a root, the bundle
// to trust.
func (ca *CA) PEM() []byte { return encode("CERTIFICATE", ca.cert.Raw) }

// Roots returns a new pool with the root that this CA is, or is under.
func (ca *CA) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.root)
	return pool
}

// Issue returns a client certificate with a key of its own, for a user called
// name (the common name) in groups (the organizations, in this order). Edits may
// change the certificate before it is signed.
//
// The result holds the certificate, then the intermediates up to but without
// the root, and its Leaf is set.
func (ca *CA) Issue(name string, groups []string, edits ...func(*x509.Certificate)) *tls.Certificate {
	ca.t.Helper()
	tmpl := leaf(x509.ExtKeyUsageClientAuth)
	tmpl.Subject = pkix.Name{CommonName: name, Organization: slices.Clone(groups)}
	return ca.issue(tmpl, edits)
}

// IssueServer returns a server certificate for hosts, each a DNS name or an IP
// address. It is otherwise like [CA.Issue].
func (ca *CA) IssueServer(hosts []string, edits ...func(*x509.Certificate)) *tls.Certificate {
	ca.t.Helper()
	tmpl := leaf(x509.ExtKeyUsageServerAuth)
	tmpl.Subject = pkix.Name{CommonName: "authntest server"}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, host)
		}
	}
	return ca.issue(tmpl, edits)
}

// CRL returns a signed list of revoked certificates (RFC 5280, section 5) as a
// PEM block. A nextUpdate in the past makes a stale list; zero is a day ahead.
func (ca *CA) CRL(number int64, nextUpdate time.Time, revoked ...*x509.Certificate) []byte {
	ca.t.Helper()
	thisUpdate := time.Now().Add(-time.Minute)
	if nextUpdate.IsZero() {
		nextUpdate = thisUpdate.Add(24 * time.Hour)
	}
	if nextUpdate.Before(thisUpdate) {
		thisUpdate = nextUpdate.Add(-time.Hour)
	}
	list := &x509.RevocationList{Number: big.NewInt(number), ThisUpdate: thisUpdate, NextUpdate: nextUpdate}
	for _, cert := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: thisUpdate})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, ca.cert, ca.key)
	if err != nil {
		ca.t.Fatalf("authntest: CRL: %v", err)
	}
	return encode("X509 CRL", der)
}

func (ca *CA) issue(tmpl *x509.Certificate, edits []func(*x509.Certificate)) *tls.Certificate {
	ca.t.Helper()
	for _, edit := range edits {
		edit(tmpl)
	}
	spread(&tmpl.Subject)
	key := newKey(ca.t)
	der := sign(ca.t, tmpl, ca.cert, key.Public(), ca.key)
	return &tls.Certificate{
		Certificate: append([][]byte{der}, ca.chain...),
		PrivateKey:  key,
		Leaf:        parse(ca.t, der),
	}
}

func authority(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

func leaf(usage x509.ExtKeyUsage) *x509.Certificate {
	return &x509.Certificate{
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{usage},
	}
}

func newKey(t T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("authntest: P-256 key: %v", err)
	}
	return key
}

// sign leaves a nil serial number to crypto/x509, which draws a random one
// (RFC 5280, section 4.1.2.2).
func sign(t T, tmpl, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, pub, key)
	if err != nil {
		t.Fatalf("authntest: certificate of %q: %v", tmpl.Subject.CommonName, err)
	}
	return der
}

func parse(t T, der []byte) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("authntest: parsing a certificate: %v", err)
	}
	return cert
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
