package x509

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

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

// verify returns the chains from leaf to one of roots.
func verify(roots *x509.CertPool, leaf *x509.Certificate, sent []*x509.Certificate, now time.Time) ([][]*x509.Certificate, error) {
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

// verified returns what is known of leaf, from before if it still holds.
func (a *Authenticator) verified(leaf *x509.Certificate, sent []*x509.Certificate, now time.Time) (*verified, error) {
	roots, err := a.roots()
	if err != nil {
		return nil, &authn.Error{Reason: authn.Unavailable, Err: fmt.Errorf("x509: roots: %w", err)}
	}
	sent = sent[:min(len(sent), MaxIntermediates)]
	epoch := a.memory.epochOf(roots)
	if v := a.memory.find(leaf); v != nil && v.holds(epoch, sent, now) {
		return v, nil
	}
	chains, err := verify(roots, leaf, sent, now)
	if err != nil {
		return nil, err
	}
	v := newVerified(epoch, sent, chains)
	a.memory.keep(leaf, v)
	return v, nil
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

func pool(certs []*x509.Certificate) *x509.CertPool {
	if len(certs) == 0 {
		return nil // there are none
	}
	p := x509.NewCertPool()
	for _, c := range certs {
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
