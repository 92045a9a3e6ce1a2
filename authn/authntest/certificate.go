package authntest

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"
)

var (
	oidOrganization = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidUID          = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57683, 2}
)

// Expired is an edit for [CA.Issue]: the certificate ended a minute ago.
func Expired(cert *x509.Certificate) {
	cert.NotBefore = time.Now().Add(-time.Hour)
	cert.NotAfter = time.Now().Add(-time.Minute)
}

// NotYetValid is an edit for [CA.Issue]: the certificate starts in an hour.
func NotYetValid(cert *x509.Certificate) {
	cert.NotBefore = time.Now().Add(time.Hour)
	cert.NotAfter = time.Now().Add(24 * time.Hour)
}

// UID returns an edit for [CA.Issue] that adds uid to the subject, in the
// attribute that Kubernetes reads a user's UID from (1.3.6.1.4.1.57683.2). Used
// twice, it adds two.
func UID(uid string) func(*x509.Certificate) {
	return func(cert *x509.Certificate) {
		cert.Subject.ExtraNames = append(cert.Subject.ExtraNames, pkix.AttributeTypeAndValue{Type: oidUID, Value: uid})
	}
}

// CertificatePEM returns the whole chain of cert as PEM blocks, leaf first.
func CertificatePEM(cert *tls.Certificate) []byte {
	var out []byte
	for _, der := range cert.Certificate {
		out = append(out, encode("CERTIFICATE", der)...)
	}
	return out
}

// KeyPEM returns the private key of cert as a PEM block (PKCS #8, RFC 5208).
func KeyPEM(t T, cert *tls.Certificate) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatalf("authntest: private key: %v", err)
	}
	return encode("PRIVATE KEY", der)
}

// spread gives each organization a part of the name to itself. pkix.Name would
// put all of them into one set, and DER sorts sets (X.690, section 11.6): the
// groups would come out in another order than they went in.
func spread(name *pkix.Name) {
	if slices.ContainsFunc(name.ExtraNames, func(a pkix.AttributeTypeAndValue) bool { return a.Type.Equal(oidOrganization) }) {
		return // an edit has spelled them out, and pkix.Name prefers that
	}
	var names []pkix.AttributeTypeAndValue
	for _, org := range name.Organization {
		names = append(names, pkix.AttributeTypeAndValue{Type: oidOrganization, Value: org})
	}
	name.ExtraNames = append(names, name.ExtraNames...)
}
