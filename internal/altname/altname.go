// Package altname reads the subject alternative names of certificates (RFC 5280,
// section 4.2.1.6) as they are written there. crypto/x509 has URIs only as net/url
// reads them, which takes SPIFFE://a/b# for spiffe://a/b.
package altname

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
)

// A Kind of name is its tag in a GeneralName.
type Kind int

// The kinds that are texts.
const (
	Email Kind = 1
	DNS   Kind = 2
	URI   Kind = 6
)

var (
	oid           = asn1.ObjectIdentifier{2, 5, 29, 17}
	errUnreadable = errors.New("the subject alternative names cannot be read")
)

// Of returns the names of one kind that a certificate has, in their order.
func Of(cert *x509.Certificate, kind Kind) (texts []string, err error) {
	for _, extension := range cert.Extensions {
		if !extension.Id.Equal(oid) {
			continue
		}
		var names []asn1.RawValue
		if rest, err := asn1.Unmarshal(extension.Value, &names); err != nil || len(rest) > 0 {
			return nil, errUnreadable
		}
		for _, name := range names {
			if name.Class != asn1.ClassContextSpecific || name.Tag != int(kind) {
				continue
			}
			if name.IsCompound { // which is not DER
				return nil, errUnreadable
			}
			texts = append(texts, string(name.Bytes))
		}
	}
	return texts, nil
}
