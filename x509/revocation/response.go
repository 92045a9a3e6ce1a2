package revocation

import (
	"bytes"
	"crypto/sha1" // names a key (RFC 6960, section 4.2.1), and signs nothing
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/authnchain/authnchain/internal/clip"
)

// read returns what a responder said of cert, if it may say so and is signed. The
// times are not looked at but for the certificate's of a delegated responder.
func read(der, request []byte, cert, issuer *x509.Certificate, now time.Time) (*ocsp.Response, error) {
	resp, err := ocsp.ParseResponse(der, nil) // one response, as there was one question
	if err != nil {
		return nil, unread(err)
	}
	if resp.SerialNumber.Cmp(cert.SerialNumber) != 0 {
		return nil, errors.New("about another serial number")
	}
	if !sameIssuer(der, request) {
		return nil, errors.New("about a certificate of another issuer")
	}
	if weak(resp.SignatureAlgorithm) {
		return nil, fmt.Errorf("signed with %s, which is too weak", resp.SignatureAlgorithm)
	}
	signer := issuer
	if c := resp.Certificate; c != nil && !bytes.Equal(c.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) {
		if err := mayRespond(c, issuer, now); err != nil {
			return nil, fmt.Errorf("responder %s: %w", clip.Quote(c.Subject.String()), err)
		}
		signer = c
	}
	if resp.CheckSignatureFrom(signer) != nil {
		return nil, errors.New("not signed by the issuer or one that it names")
	}
	if !isResponder(resp, signer) {
		return nil, errors.New("the responder's id is not that of who signed")
	}
	return resp, nil
}

// unread says why x/crypto/ocsp does not take a response.
func unread(err error) error {
	var status ocsp.ResponseError
	var wrong ocsp.ParseError
	switch {
	case errors.As(err, &status):
		return fmt.Errorf("the responder says: %s", status.Status)
	case errors.As(err, &wrong):
		return clip.Error(wrong)
	}
	return errors.New("malformed")
}

// mayRespond says why a certificate that came with a response is no responder's for
// issuer (RFC 6960, section 4.2.2.2). Whether it was revoked in turn is not asked: that
// is left to local policy where it does not say (section 4.2.2.2.1), and the answer
// would have to come from the same issuer.
func mayRespond(c, issuer *x509.Certificate, now time.Time) error {
	purpose := false
	for _, usage := range c.ExtKeyUsage {
		purpose = purpose || usage == x509.ExtKeyUsageOCSPSigning
	}
	switch {
	case !purpose:
		return errors.New("its extended key usage is not OCSPSigning")
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return errors.New("its key usage is not digitalSignature")
	case now.Before(c.NotBefore) || now.After(c.NotAfter):
		return errors.New("its certificate is not valid now")
	case !bytes.Equal(c.RawIssuer, issuer.RawSubject) || c.CheckSignatureFrom(issuer) != nil:
		return errors.New("its certificate is not of the issuer")
	}
	return nil
}

// isResponder reports whether the responder that a response names is who signed it
// (section 4.2.2.3).
func isResponder(resp *ocsp.Response, signer *x509.Certificate) bool {
	if resp.ResponderKeyHash == nil {
		return bytes.Equal(resp.RawResponderName, signer.RawSubject)
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(signer.RawSubjectPublicKeyInfo, &info); err != nil {
		return false
	}
	sum := sha1.Sum(info.Key.RightAlign())
	return bytes.Equal(resp.ResponderKeyHash, sum[:])
}

// certID is that of section 4.1.1. x/crypto/ocsp does not compare it.
type certID struct {
	Hash    pkix.AlgorithmIdentifier
	Name    []byte
	Key     []byte
	Skipped asn1.RawValue // the serial number
}

// sameIssuer reports whether a response is about the issuer that was asked about.
func sameIssuer(response, request []byte) bool {
	asked, err := ocsp.ParseRequest(request)
	if err != nil {
		return false
	}
	id, err := idOf(response)
	return err == nil && id.Hash.Algorithm.Equal(oidSHA1) &&
		bytes.Equal(id.Name, asked.IssuerNameHash) && bytes.Equal(id.Key, asked.IssuerKeyHash)
}

var oidSHA1 = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}

// idOf digs the one certID out of a response (section 4.2.1).
func idOf(response []byte) (id certID, err error) {
	var outer struct {
		Status asn1.Enumerated
		Bytes  struct {
			Type  asn1.ObjectIdentifier
			Basic []byte
		} `asn1:"explicit,tag:0"`
	}
	if _, err = asn1.Unmarshal(response, &outer); err != nil {
		return id, err
	}
	var basic struct {
		Data struct {
			Version   int `asn1:"optional,default:0,explicit,tag:0"`
			Responder asn1.RawValue
			Produced  time.Time `asn1:"generalized"`
			Responses []asn1.RawValue
		}
	}
	if _, err = asn1.Unmarshal(outer.Bytes.Basic, &basic); err != nil {
		return id, err
	}
	if len(basic.Data.Responses) != 1 {
		return id, errors.New("not one response")
	}
	_, err = asn1.Unmarshal(basic.Data.Responses[0].Bytes, &id) // which comes first in it
	return id, err
}
