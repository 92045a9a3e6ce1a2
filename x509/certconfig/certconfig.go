// Package certconfig names the holders of client certificates by CEL expressions, as
// a kube-apiserver's AuthenticationConfiguration does with the claims of tokens.
//
//	mapping, err := certconfig.New(certconfig.Config{
//		Username: "'host:' + cert.sans.dnsNames[0]",
//		CertificateValidationRules: []certconfig.Rule{{
//			Expression: "cert.sans.dnsNames.size() == 1",
//			Message:    "one DNS name, please",
//		}},
//	})
//	...
//	auth := x509.New(roots)
//	auth.User, auth.UserOnce = mapping.User, true
//
// Kubernetes has no such mapping: KEP-6285, which is provisional, plans
// userValidationRules for certificates, with the expressions that are
// UserValidationRules here, and leaves the mapping as it is, [x509.CommonName].
//
// # The variable cert
//
//	cert.subject, cert.issuer
//	    .commonName           string; "" if there is none, an error if there are several
//	    .organizations        list of strings; so are the next four
//	    .organizationalUnits, .countries, .provinces, .localities
//	    .serialNumber         string; the attribute, not the certificate's
//	    .text                 string, as RFC 2253 writes the whole name: its end comes first
//	cert.sans
//	    .uris, .dnsNames, .emails, .ips   lists of strings, as they are written
//	cert.serial               string, in hexadecimal with small letters
//	cert.fingerprint          string, the SHA-256 of the certificate, likewise
//	cert.notBefore, cert.notAfter         timestamps
//	cert.keyUsages            list of strings, such as "digitalSignature"
//	cert.extKeyUsages         list of strings, such as "clientAuth"; others as 1.2.3.4
//
// All fields are always there, and known when an expression is compiled, so that a
// misspelt one is an error of [New]. User rules have the variable user of Kubernetes:
// user.username, user.uid, user.groups, user.extra.
//
// # Evaluation
//
// It is that of package authconfig: kube-apiserver's CEL environment and its cost
// limit, and [MaxEvaluation] for all expressions of a certificate together. What takes
// longer makes it [authn.Unavailable].
package certconfig

import (
	"context"
	"crypto/x509"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/expressions"
)

// MaxEvaluation is how long all expressions of one certificate may take together, in
// two attempts of half of it, if [Config] does not say otherwise.
const MaxEvaluation = 50 * time.Millisecond

// Config says whom a certificate names.
type Config struct {
	// Username is an expression for the name: a string. It is required.
	Username string

	// Groups is an expression for the groups: a string or a list of strings, where
	// null and "" are none. Empty means no groups.
	Groups string

	// UID is an expression for the user ID: a string. Empty means none.
	UID string

	// Extra are further attributes. Those of Kubernetes are not among them; that with
	// the credential ID, X509SHA256= and the fingerprint, every user has.
	Extra []Extra

	// CertificateValidationRules are about the variable cert. They come before all
	// else, and all must be true.
	CertificateValidationRules []Rule

	// UserValidationRules are about the variable user, as it came out. All must be
	// true.
	UserValidationRules []Rule

	// MaxEvaluation is how long all expressions of one certificate may take together.
	// Zero means [MaxEvaluation]; less is an error.
	MaxEvaluation time.Duration
}

// Extra is an attribute of users.
type Extra struct {
	// Key is its name, with a domain before it: example.org/team.
	Key string

	// ValueExpression is an expression for its values, as Groups is one.
	ValueExpression string
}

// Rule is what must be true.
type Rule struct {
	// Expression gives true or false.
	Expression string

	// Message is what errors say if it is false. Empty means that they show the
	// expression alone.
	Message string
}

// Mapping names the holders of certificates. It is safe for concurrent use.
type Mapping struct {
	certRules, userRules  []rule
	username, groups, uid *expressions.Expression // nil: none
	extra                 []extra
	most                  time.Duration
	places                *expressions.Places // nil: all expressions can be stopped everywhere
}

type rule struct {
	*expressions.Expression
	message string
}

type extra struct {
	*expressions.Expression
	key string
}

// User names the holder of a certificate, for the field User of an authenticator of
// package x509. Refusals have the reason [authn.RuleFailed] if a rule says no, and
// [authn.InvalidUser] if the user cannot be made.
func (m *Mapping) User(chain []*x509.Certificate) (*authenticator.Response, bool, error) {
	ctx := context.Background() // the time is bounded
	u, err := expressions.Try(ctx, func() (user.Info, error) {
		return m.attempt(ctx, newEvaluation(m, chain[0]))
	})
	if err != nil {
		return nil, false, err
	}
	return &authenticator.Response{User: u}, true, nil
}

func (m *Mapping) attempt(ctx context.Context, e *evaluation) (user.Info, error) {
	if m.places == nil {
		return expressions.Run(ctx, e)
	}
	leave, err := m.places.Enter(ctx, e.fingerprint)
	if err != nil {
		return nil, err
	}
	aside := expressions.NewAside(e)
	go func() {
		defer leave()
		aside.Run(ctx)
	}()
	return aside.Wait(ctx)
}
