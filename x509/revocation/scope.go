package revocation

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"slices"
)

// scope is which certificates of its issuer a CRL covers. The zero scope is all.
type scope struct {
	onlyUsers, onlyCAs bool
	urls               []string // nil: wherever a certificate says that its CRL is
}

// issuingDistributionPoint is that of RFC 5280, section 5.2.5.
type issuingDistributionPoint struct {
	Name           pointName      `asn1:"optional,tag:0"`
	OnlyUsers      bool           `asn1:"optional,tag:1"`
	OnlyCAs        bool           `asn1:"optional,tag:2"`
	Reasons        asn1.BitString `asn1:"optional,tag:3"`
	Indirect       bool           `asn1:"optional,tag:4"`
	OnlyAttributes bool           `asn1:"optional,tag:5"`
}

type pointName struct {
	Full     []asn1.RawValue  `asn1:"optional,tag:0"`
	Relative pkix.RDNSequence `asn1:"optional,tag:1"`
}

const tagURI = 6 // of a GeneralName, section 4.2.1.6

// parse reads the extension and refuses what is not simple.
func (s *scope) parse(der []byte) error {
	var p issuingDistributionPoint
	rest, err := asn1.Unmarshal(der, &p)
	switch {
	case err != nil || len(rest) > 0:
		return errors.New("malformed")
	case p.Indirect:
		return errors.New("indirect CRLs are not supported")
	case p.OnlyAttributes:
		return errors.New("for attribute certificates")
	case p.Reasons.BitLength > 0:
		return errors.New("onlySomeReasons is not supported")
	case p.OnlyUsers && p.OnlyCAs:
		return errors.New("for no certificate at all")
	case len(p.Name.Relative) > 0:
		return errors.New("relative names are not supported")
	}
	s.onlyUsers, s.onlyCAs = p.OnlyUsers, p.OnlyCAs
	for _, name := range p.Name.Full {
		if name.Class == asn1.ClassContextSpecific && name.Tag == tagURI {
			s.urls = append(s.urls, string(name.Bytes))
		}
	}
	if len(p.Name.Full) > 0 && s.urls == nil {
		return errors.New("has a name, but no URI")
	}
	return nil
}

// covers reports whether a list with this scope tells of cert (section 6.3.3 (b)).
func (s *scope) covers(cert *x509.Certificate) bool {
	if cert.IsCA && s.onlyUsers || !cert.IsCA && s.onlyCAs {
		return false
	}
	return s.urls == nil || slices.ContainsFunc(s.urls, func(url string) bool {
		return slices.Contains(cert.CRLDistributionPoints, url)
	})
}

func (s *scope) equal(o *scope) bool {
	return s.onlyUsers == o.onlyUsers && s.onlyCAs == o.onlyCAs && slices.Equal(s.urls, o.urls)
}
