package x509

import (
	"bytes"
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
func newHolder(u user.Info, leaf *x509.Certificate, issuer string, until time.Time) holder {
	h := holder{Info: u, issuer: issuer, from: leaf.NotBefore, until: until}
	if leaf.SerialNumber != nil {
		h.serial = leaf.SerialNumber.Text(16)
	}
	return h
}

// issuerName is the name of an issuer as it is encoded, and as text.
type issuerName struct {
	raw  []byte
	text string
}

// issuerOf returns the name of who has issued leaf, all of it: a pkix.Name has but one
// common name. To write it takes as long as much of a verification, and most
// certificates have the same issuer as the one before.
func (m *memory) issuerOf(leaf *x509.Certificate) string {
	if last := m.issuer.Load(); last != nil && len(leaf.RawIssuer) > 0 && bytes.Equal(last.raw, leaf.RawIssuer) {
		return last.text
	}
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(leaf.RawIssuer, &name); err != nil || len(rest) > 0 {
		return leaf.Issuer.String()
	}
	own := &issuerName{bytes.Clone(leaf.RawIssuer), name.String()}
	m.issuer.Store(own)
	return own.text
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
