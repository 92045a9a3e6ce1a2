package x509

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
)

var (
	oidCommonName = asn1.ObjectIdentifier{2, 5, 4, 3}
	// oidUserID is the type of the subject attribute that holds a Kubernetes
	// user ID, as k8s.io/apimachinery/pkg/apis/asn1 has it.
	oidUserID = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57683, 2}
)

// CommonName names the holder of a certificate as kube-apiserver does: the user
// name is the subject's common name, the groups are its organizations, and the
// user ID is the attribute 1.3.6.1.4.1.57683.2, if there is one. The extra
// attribute authentication.kubernetes.io/credential-id is X509SHA256= and the
// SHA-256 of the certificate in hexadecimal.
//
// It has no opinion on a subject without a common name. Unlike kube-apiserver it
// refuses one with several, or with an empty one or one that [authn.CheckName]
// does not like. A user ID must be one string that is not empty.
func CommonName(chain []*x509.Certificate) (*authenticator.Response, bool, error) {
	leaf := chain[0]
	name, ok, err := single(leaf.Subject, oidCommonName, "common name")
	if err != nil || !ok {
		return nil, false, err
	}
	if err := authn.CheckName(name); err != nil {
		return nil, false, authn.Errorf(authn.InvalidUser, "subject: %w", err)
	}
	uid, _, err := single(leaf.Subject, oidUserID, "user ID")
	if err != nil {
		return nil, false, err
	}
	return response(leaf, &user.DefaultInfo{
		Name:   name,
		UID:    uid,
		Groups: append([]string(nil), leaf.Subject.Organization...), // the certificate is every request's of the connection
	}), true, nil
}

// response is the answer about u, who is known by leaf.
func response(leaf *x509.Certificate, u *user.DefaultInfo) *authenticator.Response {
	digest := sha256.Sum256(leaf.Raw)
	u.Extra = map[string][]string{user.CredentialIDKey: {"X509SHA256=" + hex.EncodeToString(digest[:])}}
	return &authenticator.Response{User: u}
}

// single returns the one value of a subject's attribute, and whether it has any.
func single(subject pkix.Name, oid asn1.ObjectIdentifier, what string) (value string, found bool, err error) {
	for _, attr := range subject.Names {
		if !attr.Type.Equal(oid) {
			continue
		}
		if found {
			return "", false, authn.Errorf(authn.InvalidUser, "subject: more than one %s", what)
		}
		value, found = attr.Value.(string)
		if !found || value == "" {
			return "", false, authn.Errorf(authn.InvalidUser, "subject: the %s is empty or not a string", what)
		}
	}
	return value, found, nil
}
