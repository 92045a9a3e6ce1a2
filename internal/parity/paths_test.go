package parity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	ourx509 "github.com/authnchain/authnchain/x509"
)

// The corpora of certificate paths are about paths, so that their holders are
// named here by a func that takes anybody.
func anybody([]*x509.Certificate) (*authenticator.Response, bool, error) {
	return &authenticator.Response{User: &user.DefaultInfo{Name: "anybody"}}, true, nil
}

// presenting is a request of who presents these certificates.
func presenting(certs []*x509.Certificate) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.TLS = &tls.ConnectionState{PeerCertificates: certs}
	return r
}

// pathVerdict asks a about a path, leaf first, and returns the rule by which it
// refuses; nothing is that it accepts.
func pathVerdict(a *ourx509.Authenticator, certs []*x509.Certificate) string {
	_, ok, err := a.AuthenticateRequest(presenting(certs))
	switch {
	case err != nil:
		return ruleOf(err)
	case !ok:
		return "not mine"
	}
	return ""
}

// invalid are the words for the rules of crypto/x509.
var invalid = map[x509.InvalidReason]string{
	x509.NotAuthorizedToSign:           "an issuer is no CA",
	x509.Expired:                       "expired or not yet valid",
	x509.CANotAuthorizedForThisName:    "a name that the CA may not give",
	x509.UnconstrainedName:             "a name of a kind that cannot be constrained",
	x509.TooManyIntermediates:          "the path is too long",
	x509.IncompatibleUsage:             "not for client authentication",
	x509.NameMismatch:                  "issuer and subject differ",
	x509.NameConstraintsWithoutSANs:    "name constraints, but no names",
	x509.TooManyConstraints:            "too much work",
	x509.CANotAuthorizedForExtKeyUsage: "the CA may not issue for this use",
	x509.NoValidChains:                 "no path without a fault",
}

// ownRules are the rules that are not those of crypto/x509, by the end of the
// error's text.
var ownRules = []string{"a CA certificate is no client's", "an RSA key of its chain is shorter than 2048 bits"}

func ruleOf(err error) string {
	var fault x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "unknown authority"
	case errors.As(err, new(x509.UnhandledCriticalExtension)):
		return "a critical extension that is not understood"
	case errors.As(err, new(x509.HostnameError)):
		return "another host's"
	case errors.As(err, &fault):
		return invalid[fault.Reason]
	}
	i := slices.IndexFunc(ownRules, func(rule string) bool { return strings.HasSuffix(err.Error(), rule) })
	if i < 0 {
		return fmt.Sprintf("no rule that is known: %v", err)
	}
	return ownRules[i]
}
