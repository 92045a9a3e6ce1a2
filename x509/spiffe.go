package x509

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// SPIFFE returns a func that names the holder of an X.509-SVID by its SPIFFE ID, such
// as spiffe://example.org/billing, which must be of one of the trust domains. The
// user has no groups, and the credential ID that [CommonName] gives.
//
// An authority speaks for every trust domain that is given here. Where each has
// authorities of its own, as is usual in SPIFFE, make an [Authenticator] for each.
//
// It has no opinion on a certificate without a URI among its subject alternative
// names. It refuses one with several, or whose URI is not, to the letter, a SPIFFE
// ID with a path; and one that may sign certificates or CRLs
// (https://github.com/spiffe/spiffe, standards/SPIFFE-ID.md and X509-SVID.md).
// SPIFFE panics if there is no trust domain, or one cannot be.
func SPIFFE(trustDomains ...string) UserFunc {
	if len(trustDomains) == 0 {
		panic("x509.SPIFFE: at least one trust domain is required; none would mean any")
	}
	for _, domain := range trustDomains {
		if err := checkTrustDomain(domain); err != nil {
			panic(fmt.Sprintf("x509.SPIFFE: %q: %v", domain, err))
		}
	}
	allowed := slices.Clone(trustDomains)
	return bySAN(sanURI, func(leaf *x509.Certificate, text string) (string, error) {
		domain, err := trustDomainOf(text)
		if err != nil {
			return "", authn.Errorf(authn.InvalidUser, "%s: %w", clip.Quote(text), err)
		}
		if !slices.Contains(allowed, domain) {
			return "", authn.Errorf(authn.RuleFailed, "%s: the trust domain is not one of %q", clip.Quote(text), allowed)
		}
		if err := checkSVID(leaf); err != nil {
			return "", err
		}
		return text, nil
	})
}

// checkSVID refuses certificates that are not for authentication (X509-SVID,
// section 5.2).
func checkSVID(leaf *x509.Certificate) error {
	switch {
	case leaf.IsCA:
		return authn.Errorf(authn.UntrustedCertificate, "a CA certificate is no workload's")
	case leaf.KeyUsage&x509.KeyUsageCertSign != 0:
		return authn.Errorf(authn.UntrustedCertificate, "a certificate with the key usage keyCertSign is no workload's")
	case leaf.KeyUsage&x509.KeyUsageCRLSign != 0:
		return authn.Errorf(authn.UntrustedCertificate, "a certificate with the key usage cRLSign is no workload's")
	}
	return nil
}

const (
	maxSPIFFEID    = 2048 // SPIFFE-ID, section 2.3
	maxTrustDomain = 255
)

// trustDomainOf returns the trust domain of the SPIFFE ID of a workload.
func trustDomainOf(id string) (string, error) {
	if len(id) > maxSPIFFEID {
		return "", fmt.Errorf("longer than %d bytes", maxSPIFFEID)
	}
	rest, ok := strings.CutPrefix(id, "spiffe://")
	if !ok {
		return "", errors.New("does not begin with spiffe://")
	}
	domain, path, ok := strings.Cut(rest, "/")
	if err := checkTrustDomain(domain); err != nil {
		return "", err
	}
	if !ok {
		return "", errors.New("there is no path, which only an authority's may lack") // X509-SVID, section 3.1
	}
	return domain, checkSPIFFEPath(path)
}

// checkTrustDomain says why name is none (SPIFFE-ID, section 2.1). In particular
// there is no user, and no port.
func checkTrustDomain(name string) error {
	if name == "" {
		return errors.New("trust domain: empty")
	}
	if len(name) > maxTrustDomain {
		return fmt.Errorf("trust domain: longer than %d bytes", maxTrustDomain)
	}
	if err := checkBytes(name, isLowerOrDigit, "-._"); err != nil {
		return fmt.Errorf("trust domain: %w", err)
	}
	return nil
}

// checkSPIFFEPath looks at a path without its first slash (SPIFFE-ID, section 2.2).
// In particular nothing is percent-encoded, and there is no query and no fragment.
func checkSPIFFEPath(path string) error {
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "":
			return errors.New("path: a segment is empty")
		case ".", "..":
			return errors.New(`path: a segment is "." or ".."`)
		}
		if err := checkBytes(segment, isLetterOrDigit, "-._"); err != nil {
			return fmt.Errorf("path: %w", err)
		}
	}
	return nil
}
