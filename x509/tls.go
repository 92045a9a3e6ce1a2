package x509

import (
	"crypto/tls"
	"errors"
)

// TLSConfig returns a configuration for servers that asks clients for a
// certificate, lets those without one in, and leaves it to an [Authenticator] to
// verify what they sent.
func TLSConfig() *tls.Config {
	return &tls.Config{
		ClientAuth: tls.RequestClientCert,
		MinVersion: tls.VersionTLS12,
	}
}

// CheckTLS says why servers with c do not get client certificates as an
// [Authenticator] wants them, and nil if they do. Call it when the server starts:
// with a wrong configuration nobody is let in, or the wrong ones are.
//
// Another configuration that c's GetConfigForClient returns must be checked by itself.
func CheckTLS(c *tls.Config) error {
	switch {
	case c == nil || c.ClientAuth == tls.NoClientCert:
		return errors.New("x509: tls.Config.ClientAuth: with NoClientCert no client is asked for a certificate; want RequestClientCert")
	case c.ClientAuth >= tls.VerifyClientCertIfGiven && c.ClientCAs == nil:
		return errors.New("x509: tls.Config.ClientCAs: nil means the authorities of the system, and TLS refuses the clients of all others; want RequestClientCert, which leaves it to the Authenticator")
	case c.MinVersion != 0 && c.MinVersion < tls.VersionTLS12 || c.MaxVersion != 0 && c.MaxVersion < tls.VersionTLS12:
		return errors.New("x509: tls.Config.MinVersion: before TLS 1.2 a client proves with SHA-1 that it has the key; want VersionTLS12")
	}
	return nil
}
