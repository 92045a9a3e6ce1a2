package authn

import (
	"time"

	"k8s.io/apiserver/pkg/authentication/user"
)

// IssuedOf returns when the credential was issued that u was accepted for, and whether
// that is known. It is the time that a method Issued() time.Time of u returns, if it
// has one and the time is not zero. Users of this module have it if their credential
// tells (certificates, tokens with the claim "iat" and more), also those that [UserFrom]
// returns.
func IssuedOf(u user.Info) (time.Time, bool) {
	if i, ok := u.(interface{ Issued() time.Time }); ok {
		t := i.Issued()
		return t, !t.IsZero()
	}
	return time.Time{}, false
}

// CertificateOf returns the serial number, in hexadecimal, and the issuer, as RFC 4514
// writes it, of the certificate that u was accepted for, and whether they are known. It
// is what a method Certificate() (serial, issuer string) of u returns, if it has one
// and neither is empty.
func CertificateOf(u user.Info) (serial, issuer string, ok bool) {
	if c, is := u.(interface {
		Certificate() (serial, issuer string)
	}); is {
		serial, issuer = c.Certificate()
		return serial, issuer, serial != "" && issuer != ""
	}
	return "", "", false
}

// credentialIDs returns what the credential of u is called. It is only to be read.
func credentialIDs(u user.Info) []string {
	if shared, ok := u.(*readOnly); ok {
		return shared.extra[user.CredentialIDKey] // without copies of it all
	}
	return u.GetExtra()[user.CredentialIDKey]
}
