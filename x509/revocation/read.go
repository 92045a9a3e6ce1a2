package revocation

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/authnchain/authnchain/internal/clip"
)

// reasonRemoved says that a certificate is not revoked any more.
const reasonRemoved = 8

var (
	oidReasonCode        = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidInvalidityDate    = asn1.ObjectIdentifier{2, 5, 29, 24}
	oidNumber            = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidDelta             = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidScope             = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidCertificateIssuer = asn1.ObjectIdentifier{2, 5, 29, 29}
	oidKeyID             = asn1.ObjectIdentifier{2, 5, 29, 35}
)

// parseList reads one CRL in DER. Its signature is for later, when the issuer's
// certificate is at hand.
func parseList(der []byte) (*list, error) {
	rl, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, clip.Error(errors.New(strings.TrimPrefix(err.Error(), "x509: ")))
	}
	l := &list{
		issuer:      string(rl.RawIssuer),
		issuerText:  rl.Issuer.String(),
		keyID:       bytes.Clone(rl.AuthorityKeyId), // or it would hold all of der in memory
		number:      rl.Number,
		this:        rl.ThisUpdate,
		next:        rl.NextUpdate,
		fingerprint: sha256.Sum256(der),
	}
	switch {
	case len(rl.Raw) != len(der):
		err = errors.New("bytes after its end")
	case rl.NextUpdate.IsZero(): // section 5.1.2.5
		err = errors.New("has no nextUpdate")
	case !rl.NextUpdate.After(rl.ThisUpdate):
		err = errors.New("nextUpdate is not after thisUpdate")
	case weak(rl.SignatureAlgorithm):
		err = fmt.Errorf("signed with %s, which is too weak", rl.SignatureAlgorithm)
	default:
		err = l.read(rl)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l, err)
	}
	l.unproven = &x509.RevocationList{ // of which the entries take most of the memory
		RawTBSRevocationList: rl.RawTBSRevocationList,
		SignatureAlgorithm:   rl.SignatureAlgorithm,
		Signature:            rl.Signature,
	}
	return l, nil
}

// weak reports whether signatures can be made for what the authority did not mean to
// sign.
func weak(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}

// read takes over the extensions and the entries. A critical extension that is not
// known makes a list useless (sections 5.2 and 5.3).
func (l *list) read(rl *x509.RevocationList) error {
	var seen []asn1.ObjectIdentifier
	for _, ext := range rl.Extensions {
		if slices.ContainsFunc(seen, ext.Id.Equal) {
			return fmt.Errorf("extension %s twice", ext.Id)
		}
		seen = append(seen, ext.Id)
		switch {
		case ext.Id.Equal(oidDelta):
			return errors.New("a delta CRL, which is not supported")
		case ext.Id.Equal(oidScope):
			if err := l.scope.parse(ext.Value); err != nil {
				return fmt.Errorf("issuingDistributionPoint: %w", err)
			}
		case ext.Id.Equal(oidNumber) || ext.Id.Equal(oidKeyID):
		case ext.Critical:
			return fmt.Errorf("the critical extension %s is not known", clip.Text(ext.Id.String()))
		}
	}
	l.revoked = make(map[serial]entry, len(rl.RevokedCertificateEntries))
	for i := range rl.RevokedCertificateEntries {
		if err := l.add(&rl.RevokedCertificateEntries[i]); err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	return nil
}

func (l *list) add(e *x509.RevocationListEntry) error {
	for _, ext := range e.Extensions {
		switch {
		case ext.Id.Equal(oidCertificateIssuer):
			return errors.New("of another issuer: indirect CRLs are not supported")
		case ext.Id.Equal(oidReasonCode) || ext.Id.Equal(oidInvalidityDate):
		case ext.Critical:
			return fmt.Errorf("the critical extension %s is not known", clip.Text(ext.Id.String()))
		}
	}
	if e.ReasonCode == reasonRemoved { // section 6.3.3 (l)
		return nil
	}
	at := min(max(e.RevocationTime.Unix(), 0), 1<<32-1)
	l.revoked[serialOf(e.SerialNumber)] = entry{uint32(at), uint8(max(0, min(e.ReasonCode, 255)))}
	return nil
}
