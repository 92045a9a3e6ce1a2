// Package x509 authenticates requests by their TLS client certificates
// (RFC 5280).
//
// [New] makes an [Authenticator] that trusts the certificates issued under some
// roots, verifies the one of each request itself, and names its holder by a
// func, [CommonName] unless told otherwise. The server's [tls.Config] must ask
// for certificates without verifying them; [TLSConfig] is such a one.
//
// # What is checked
//
//   - The certificate leads to a root, at the time of the request, through at
//     most [MaxIntermediates] of the certificates that the client sent with it,
//     less those with an RSA key of more than 4,096 bits or an exponent over 2^17.
//   - It may be used for client authentication: its extended key usage, and
//     that of every certificate above it, says so or says nothing; and it is no
//     CA certificate.
//   - No RSA key in the chain is shorter than 2,048 bits.
//
// crypto/tls has checked before that the client has the private key.
package x509

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// MaxIntermediates is how many certificates that came with the client's are
// looked at. Each more could make verification much slower, and clients choose
// what they send.
const MaxIntermediates = 8

const (
	minRSABits     = 2048
	maxRSABits     = 4096    // of an intermediate: more takes long to verify with
	maxRSAExponent = 1 << 17 // likewise
)

// Authenticator checks client certificates and names their holders.
type Authenticator struct {
	// Roots returns the authorities to trust. It is asked on every request, so
	// that they may change while the server runs; an error says that they are
	// not known now, which makes every certificate [authn.Unavailable]. Roots is
	// required and may not return nil, since to crypto/x509 no roots are all that
	// the system trusts.
	Roots func() (*x509.CertPool, error)

	// User names the holder of a certificate, given a verified chain that begins
	// with it. With several chains it is asked about each until it accepts one; if
	// it accepts none, its errors come back together. Nil means [CommonName].
	User func(chain []*x509.Certificate) (*authenticator.Response, bool, error)

	// Now returns the time that certificates must be valid at. Nil means
	// [time.Now].
	Now func() time.Time
}

// New returns an Authenticator of the certificates issued under roots. It panics
// if roots is nil.
func New(roots *x509.CertPool) *Authenticator {
	if roots == nil {
		panic("x509.New: the roots are nil, which would mean all that the system trusts")
	}
	return &Authenticator{Roots: func() (*x509.CertPool, error) { return roots, nil }}
}

// TLSConfig returns a configuration for servers that asks clients for a
// certificate, lets those without one in, and leaves it to an [Authenticator] to
// verify what they sent.
func TLSConfig() *tls.Config {
	return &tls.Config{
		ClientAuth: tls.RequestClientCert,
		MinVersion: tls.VersionTLS12,
	}
}

// String is how a trace calls it.
func (a *Authenticator) String() string { return "x509" }

// AuthenticateRequest implements [authenticator.Request]. It has no opinion on a
// request without a client certificate. One that is not good is refused with
// [authn.UntrustedCertificate], [authn.Expired] or [authn.NotYetValid].
func (a *Authenticator) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		authn.Note(r.Context(), "no client certificate")
		return nil, false, nil
	}
	leaf := r.TLS.PeerCertificates[0]
	chains, err := a.verify(leaf, r.TLS.PeerCertificates[1:])
	if err != nil {
		return nil, false, err
	}
	resp, ok, err := a.name(chains)
	if err != nil {
		return nil, false, fmt.Errorf("x509: %s: %w", describe(leaf), err)
	}
	if !ok {
		authn.Note(r.Context(), "the certificate names no user")
	}
	return resp, ok, nil
}

// verify returns the chains from leaf to a root.
func (a *Authenticator) verify(leaf *x509.Certificate, sent []*x509.Certificate) ([][]*x509.Certificate, error) {
	roots, err := a.roots()
	if err != nil {
		return nil, &authn.Error{Reason: authn.Unavailable, Err: fmt.Errorf("x509: roots: %w", err)}
	}
	now := time.Now()
	if a.Now != nil {
		now = a.Now()
	}
	if leaf.IsCA {
		return nil, refused(authn.UntrustedCertificate, leaf, errors.New("a CA certificate is no client's"))
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: pool(sent),
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil, refused(reasonOf(err, now), leaf, clip.Error(trimmed{err}))
	}
	chains = slices.DeleteFunc(chains, hasShortKey)
	if len(chains) == 0 {
		return nil, refused(authn.UntrustedCertificate, leaf, fmt.Errorf("an RSA key of its chain is shorter than %d bits", minRSABits))
	}
	return chains, nil
}

func (a *Authenticator) roots() (*x509.CertPool, error) {
	if a.Roots == nil {
		return nil, errors.New("required")
	}
	roots, err := a.Roots()
	if err == nil && roots == nil {
		err = errors.New("required")
	}
	return roots, err
}

func (a *Authenticator) name(chains [][]*x509.Certificate) (*authenticator.Response, bool, error) {
	name := a.User
	if name == nil {
		name = CommonName
	}
	var errs refusals
	for _, chain := range chains {
		resp, ok, err := name(chain)
		switch {
		case err != nil:
			errs = append(errs, err)
		case ok:
			return resp, true, nil
		}
	}
	if errs == nil {
		return nil, false, nil
	}
	return nil, false, errs
}

// refusals are the errors of several chains, which often say the same.
type refusals []error

func (r refusals) Error() string {
	var texts []string
	for _, err := range r {
		if text := err.Error(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}

func (r refusals) Unwrap() []error { return r }

func pool(certs []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs[:min(len(certs), MaxIntermediates)] {
		if !isSlow(c) {
			p.AddCert(c)
		}
	}
	return p
}

// isSlow reports whether a client could make this server work hard with c.
func isSlow(c *x509.Certificate) bool {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	return ok && (key.N.BitLen() > maxRSABits || key.E > maxRSAExponent)
}

func hasShortKey(chain []*x509.Certificate) bool {
	return slices.ContainsFunc(chain, func(c *x509.Certificate) bool {
		key, ok := c.PublicKey.(*rsa.PublicKey)
		return ok && key.N.BitLen() < minRSABits
	})
}

func refused(reason authn.Reason, leaf *x509.Certificate, err error) error {
	return &authn.Error{Reason: reason, Err: fmt.Errorf("x509: %s: %w", describe(leaf), err)}
}

// reasonOf returns the word for err. Expired says both in crypto/x509, of the
// leaf or of a certificate above it.
func reasonOf(err error, now time.Time) authn.Reason {
	var invalid x509.CertificateInvalidError
	switch {
	case !errors.As(err, &invalid) || invalid.Reason != x509.Expired:
		return authn.UntrustedCertificate
	case now.Before(invalid.Cert.NotBefore):
		return authn.NotYetValid
	default:
		return authn.Expired
	}
}

// trimmed is an error of crypto/x509 without that package's name, which is ours
// too.
type trimmed struct{ error }

func (t trimmed) Error() string { return trimPackage(t.error.Error()) }
func (t trimmed) Unwrap() error { return t.error }

// describe names a certificate for an operator who looks for it.
func describe(c *x509.Certificate) string {
	return fmt.Sprintf("certificate of %s, serial %s, issued by %s",
		clip.Quote(c.Subject.String()), clip.Text(c.SerialNumber.Text(16)), clip.Quote(c.Issuer.String()))
}
