package x509_test

import (
	stdx509 "crypto/x509"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

// Without roots nobody is known, and crypto/x509 is not asked: it would trust
// all that the system does.
func TestNoRoots(t *testing.T) {
	ca := authntest.NewCA(t)
	lost := errors.New("ca.crt: gone")
	tests := []struct {
		name   string
		a      *x509.Authenticator
		reason authn.Reason
		err    string
	}{
		{"zero value", &x509.Authenticator{}, authn.Unavailable, "x509: roots: required"},
		{"func of nil", &x509.Authenticator{Roots: func() (*stdx509.CertPool, error) { return nil, nil }}, authn.Unavailable, "x509: roots: required"},
		{"error", &x509.Authenticator{Roots: func() (*stdx509.CertPool, error) { return nil, lost }}, authn.Unavailable, "x509: roots: ca.crt: gone"},
		{"error and roots", &x509.Authenticator{Roots: func() (*stdx509.CertPool, error) { return ca.Roots(), lost }}, authn.Unavailable, "x509: roots: ca.crt: gone"},
		{"error with another reason", &x509.Authenticator{Roots: func() (*stdx509.CertPool, error) { return nil, authn.Errorf(authn.Expired, "old") }}, authn.Unavailable, "x509: roots: old"},
		{"empty pool", x509.New(stdx509.NewCertPool()), authn.UntrustedCertificate,
			of("CN=ann", "CN="+ca.Certificate().Subject.CommonName) + "certificate signed by unknown authority"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, tt.a, issue(ca), tt.reason, tt.err)

			_, ok, err := tt.a.AuthenticateRequest(authntest.Request(""))
			require.NoError(t, err, "a request without a certificate is not mine, whatever the roots are")
			require.False(t, ok)
		})
	}
}

func TestNewWithoutRoots(t *testing.T) {
	require.PanicsWithValue(t, "x509.New: the roots are nil, which would mean all that the system trusts", func() { x509.New(nil) })
}

func TestRootsErrorIsWrapped(t *testing.T) {
	lost := errors.New("gone")
	a := &x509.Authenticator{Roots: func() (*stdx509.CertPool, error) { return nil, lost }}
	_, _, err := a.AuthenticateRequest(authntest.Request("", authntest.NewCA(t).Issue("ann", nil)))
	require.ErrorIs(t, err, lost)
}

// The roots are asked on every request, also with the same certificate again.
func TestRootsOfEachRequest(t *testing.T) {
	ca, other := authntest.NewCA(t), authntest.NewCA(t)
	now, asked := ca.Roots(), 0
	a := &x509.Authenticator{Roots: func() (*stdx509.CertPool, error) { asked++; return now, nil }}
	cert := issue(ca)
	no := of("CN=ann", "CN="+ca.Certificate().Subject.CommonName) + "certificate signed by unknown authority"

	require.Equal(t, "ann", accepted(t, a, cert).GetName())
	now = other.Roots()
	refused(t, a, cert, authn.UntrustedCertificate, no)
	now.AddCert(ca.Certificate())
	require.Equal(t, "ann", accepted(t, a, cert).GetName())
	require.Equal(t, 3, asked)
}

func TestString(t *testing.T) {
	require.Equal(t, "x509", (&x509.Authenticator{}).String())
}
