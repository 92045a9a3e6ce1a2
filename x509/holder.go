package x509

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/confirm"
)

// holder is a user who holds a certificate.
type holder struct {
	user.Info
	serial, issuer string
	from, until    time.Time
}

// newHolder returns the holder of leaf, of which the chain ends at a time.
func newHolder(u user.Info, leaf *x509.Certificate, until time.Time) holder {
	h := holder{Info: u, issuer: leaf.Issuer.String(), from: leaf.NotBefore, until: until}
	if leaf.SerialNumber != nil {
		h.serial = leaf.SerialNumber.Text(16)
	}
	// All of the issuer's name: a pkix.Name has but one common name.
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(leaf.RawIssuer, &name); err == nil && len(rest) == 0 {
		h.issuer = name.String()
	}
	return h
}

// Expiry is for [authn.ExpiryOf].
func (h holder) Expiry() time.Time {
	if own, ok := authn.ExpiryOf(h.Info); ok && own.Before(h.until) {
		return own
	}
	return h.until
}

// Issued is for [authn.IssuedOf].
func (h holder) Issued() time.Time { return h.from }

// Certificate is for [authn.CertificateOf].
func (h holder) Certificate() (serial, issuer string) { return h.serial, h.issuer }

// Confirmation is for package confirm.
func (h holder) Confirmation() confirm.Func { return confirm.Of(h.Info) }
