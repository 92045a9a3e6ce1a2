package x509_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

// edit changes a certificate before it is signed.
type edit = func(*stdx509.Certificate)

// issue returns a certificate of ann with the serial number 2a, which error
// texts repeat.
func issue(ca *authntest.CA, edits ...edit) *tls.Certificate {
	return ca.Issue("ann", nil, append(edits, serial)...)
}

func serial(c *stdx509.Certificate) { c.SerialNumber = big.NewInt(0x2a) }

func usages(u ...stdx509.ExtKeyUsage) edit {
	return func(c *stdx509.Certificate) { c.ExtKeyUsage = u }
}

// of is what an error says before the fault.
func of(subject, issuer string) string {
	return `x509: certificate of "` + subject + `", serial 2a, issued by "` + issuer + `": `
}

// named is an authority with a key that the test has, for what authntest's CAs
// cannot do: other kinds of keys, and one key with several certificates.
type named struct {
	cert *stdx509.Certificate
	key  crypto.Signer
}

// authority returns one called name, with its own signature or, unless by is
// nil, by's.
func authority(t testing.TB, name string, key crypto.Signer, by *named, edits ...edit) *named {
	t.Helper()
	return sign(t, key, by, append([]edit{func(c *stdx509.Certificate) {
		c.Subject = pkix.Name{CommonName: name}
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, stdx509.KeyUsageCertSign
	}}, edits...)...)
}

// client returns a client certificate of ann.
func client(t testing.TB, key crypto.Signer, by *named, edits ...edit) *stdx509.Certificate {
	t.Helper()
	return sign(t, key, by, append([]edit{usages(stdx509.ExtKeyUsageClientAuth), func(c *stdx509.Certificate) {
		c.Subject = pkix.Name{CommonName: "ann"}
	}}, edits...)...).cert
}

func sign(t testing.TB, key crypto.Signer, by *named, edits ...edit) *named {
	t.Helper()
	tmpl := &stdx509.Certificate{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	serial(tmpl)
	for _, e := range edits {
		e(tmpl)
	}
	if by == nil {
		by = &named{tmpl, key}
	}
	der, err := stdx509.CreateCertificate(rand.Reader, tmpl, by.cert, key.Public(), by.key)
	require.NoError(t, err)
	cert, err := stdx509.ParseCertificate(der)
	require.NoError(t, err)
	return &named{cert, key}
}

func p256(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func rsaKey(t testing.TB, bits int) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return key
}

// sent is a chain as a client presents it.
func sent(certs ...*stdx509.Certificate) *tls.Certificate {
	var out tls.Certificate
	for _, c := range certs {
		out.Certificate = append(out.Certificate, c.Raw)
	}
	return &out
}

func pool(certs ...*stdx509.Certificate) *stdx509.CertPool {
	p := stdx509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p
}

// accepted asks a about cert, which must be good, and returns whose it is.
func accepted(t testing.TB, a *x509.Authenticator, cert *tls.Certificate) *user.DefaultInfo {
	t.Helper()
	resp, ok, err := a.AuthenticateRequest(authntest.Request("", cert))
	require.NoError(t, err)
	require.True(t, ok)
	require.Nil(t, resp.Audiences)
	return plain(resp.User)
}

// plain is u as it looks.
func plain(u user.Info) *user.DefaultInfo {
	return &user.DefaultInfo{Name: u.GetName(), UID: u.GetUID(), Groups: u.GetGroups(), Extra: u.GetExtra()}
}

// refused asks a about cert, which must be refused with exactly this.
func refused(t testing.TB, a *x509.Authenticator, cert *tls.Certificate, reason authn.Reason, text string) {
	t.Helper()
	resp, ok, err := a.AuthenticateRequest(authntest.Request("", cert))
	require.EqualError(t, err, text)
	require.Equal(t, reason, authn.ReasonOf(err))
	require.False(t, ok)
	require.Nil(t, resp)
}
