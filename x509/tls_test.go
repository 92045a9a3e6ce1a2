package x509_test

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

func TestCheckTLS(t *testing.T) {
	ca := authntest.NewCA(t)
	const (
		unasked = "x509: tls.Config.ClientAuth: with NoClientCert no client is asked for a certificate; want RequestClientCert"
		system  = "x509: tls.Config.ClientCAs: nil means the authorities of the system, and TLS refuses the clients of all others; want RequestClientCert, which leaves it to the Authenticator"
		sha1    = "x509: tls.Config.MinVersion: before TLS 1.2 a client proves with SHA-1 that it has the key; want VersionTLS12"
	)
	tests := []struct {
		name string
		c    *tls.Config
		err  string
	}{
		{"ours", x509.TLSConfig(), ""},
		{"none", nil, unasked},
		{"zero value", &tls.Config{}, unasked},
		{"not asked, with authorities", &tls.Config{ClientCAs: ca.Roots()}, unasked},
		{"asked", &tls.Config{ClientAuth: tls.RequestClientCert}, ""},
		{"asked, with a hint", &tls.Config{ClientAuth: tls.RequestClientCert, ClientCAs: ca.Roots()}, ""},
		{"required", &tls.Config{ClientAuth: tls.RequireAnyClientCert}, ""},
		{"verified by the system's", &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven}, system},
		{"required and verified by the system's", &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert}, system},
		{"verified", &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: ca.Roots()}, ""},
		{"required and verified", &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Roots()}, ""},
		{"TLS 1.3", &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS13}, ""},
		{"TLS 1.1", &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS11}, sha1},
		{"at most TLS 1.1", &tls.Config{ClientAuth: tls.RequestClientCert, MaxVersion: tls.VersionTLS11}, sha1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := x509.CheckTLS(tt.c)
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			s := serveTLS(t, x509.New(ca.Roots()), tt.c, "HTTP/1.1")
			require.Equal(t, "ann", s.ask(t, s.connect(t, 0, issue(ca))).text)
		})
	}
}

// What CheckTLS says of the configurations that it does not like is so.
func TestWrongTLS(t *testing.T) {
	ca := authntest.NewCA(t)
	s := serveTLS(t, x509.New(ca.Roots()), &tls.Config{}, "HTTP/1.1")
	require.Equal(t, "not mine", s.ask(t, s.connect(t, 0, issue(ca))).text)

	s = serveTLS(t, x509.New(ca.Roots()), &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven}, "HTTP/1.1")
	_, err := s.connect(t, 0, issue(ca)).Get(s.URL)
	require.ErrorContains(t, err, "remote error: tls: ")
	require.Zero(t, s.handled.Load())
}
