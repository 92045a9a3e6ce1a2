package revocation

import (
	"crypto/x509"
	"time"

	"golang.org/x/crypto/ocsp"
)

// ParseLists reads CRLs as the sources do, for fuzzing, and returns how many serial
// numbers are on them.
func ParseLists(data []byte) (revoked int, err error) {
	x, err := parseLists(data)
	if err != nil {
		return 0, err
	}
	for _, l := range x.all {
		revoked += len(l.revoked)
	}
	return revoked, nil
}

// ReadResponse reads what a responder said, as [OCSP] does.
func ReadResponse(der []byte, cert, issuer *x509.Certificate, now time.Time) (*ocsp.Response, error) {
	request, err := ocsp.CreateRequest(cert, issuer, nil)
	if err != nil {
		return nil, err
	}
	return read(der, request, cert, issuer, now)
}
