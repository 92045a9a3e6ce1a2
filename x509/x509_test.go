package x509_test

import (
	"crypto/sha256"
	"crypto/tls"
	stdx509 "crypto/x509"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

func TestAccepted(t *testing.T) {
	ca := authntest.NewCA(t)
	own := authority(t, "rsa", rsaKey(t, 2048), nil)
	pinned := client(t, p256(t), nil)
	roots := ca.Roots()
	roots.AddCert(own.cert)
	roots.AddCert(pinned)
	tests := []struct {
		name string
		cert *tls.Certificate
		want user.DefaultInfo
	}{
		{"name alone", ca.Issue("ann", nil), user.DefaultInfo{Name: "ann"}},
		{"groups in their order", ca.Issue("ann", []string{"ops", "dev", "ops"}), user.DefaultInfo{Name: "ann", Groups: []string{"ops", "dev", "ops"}}},
		{"user ID", ca.Issue("ann", []string{"ops"}, authntest.UID("u-1")), user.DefaultInfo{Name: "ann", UID: "u-1", Groups: []string{"ops"}}},
		{"name of Kubernetes", ca.Issue("system:node:n1", []string{"system:nodes"}), user.DefaultInfo{Name: "system:node:n1", Groups: []string{"system:nodes"}}},
		{"name not of ASCII", ca.Issue("Ånn 安", nil), user.DefaultInfo{Name: "Ånn 安"}},
		{"one intermediate", ca.Intermediate("a").Issue("ann", nil), user.DefaultInfo{Name: "ann"}},
		{"two intermediates", ca.Intermediate("a").Intermediate("b").Issue("ann", nil), user.DefaultInfo{Name: "ann"}},
		{"no key usage", ca.Issue("ann", nil, usages()), user.DefaultInfo{Name: "ann"}},
		{"as openssl x509 -req makes it", ca.Issue("ann", nil, bare), user.DefaultInfo{Name: "ann"}},
		{"any key usage", ca.Issue("ann", nil, usages(stdx509.ExtKeyUsageAny)), user.DefaultInfo{Name: "ann"}},
		{"client and server", ca.Issue("ann", nil, usages(stdx509.ExtKeyUsageServerAuth, stdx509.ExtKeyUsageClientAuth)), user.DefaultInfo{Name: "ann"}},
		{"intermediate for clients", ca.Intermediate("a", usages(stdx509.ExtKeyUsageClientAuth)).Issue("ann", nil), user.DefaultInfo{Name: "ann"}},
		{"RSA of 2048 bits", sent(client(t, rsaKey(t, 2048), own)), user.DefaultInfo{Name: "ann"}},
		{"among the roots itself", sent(pinned), user.DefaultInfo{Name: "ann"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			digest := sha256.Sum256(tt.cert.Certificate[0])
			tt.want.Extra = map[string][]string{"authentication.kubernetes.io/credential-id": {"X509SHA256=" + hex.EncodeToString(digest[:])}}
			require.Equal(t, &tt.want, accepted(t, x509.New(roots), tt.cert))
		})
	}
}

// bare takes away the extensions that openssl x509 -req does not put in unless
// asked.
func bare(c *stdx509.Certificate) {
	c.ExtKeyUsage, c.KeyUsage, c.BasicConstraintsValid = nil, 0, false
}

func TestNothingShared(t *testing.T) {
	ca := authntest.NewCA(t)
	a, r := x509.New(ca.Roots()), authntest.Request("", ca.Issue("ann", []string{"ops", "dev"}))
	first, _, err := a.AuthenticateRequest(r)
	require.NoError(t, err)
	first.User.GetGroups()[0] = "system:masters"
	first.User.GetExtra()[user.CredentialIDKey][0] = "other"
	delete(first.User.GetExtra(), user.CredentialIDKey)

	second, _, err := a.AuthenticateRequest(r)
	require.NoError(t, err)
	require.Equal(t, []string{"ops", "dev"}, second.User.GetGroups())
	require.Contains(t, second.User.GetExtra()[user.CredentialIDKey][0], "X509SHA256=")
	require.Equal(t, []string{"ops", "dev"}, r.TLS.PeerCertificates[0].Subject.Organization)
}

func TestNotMine(t *testing.T) {
	ca := authntest.NewCA(t)
	plain := authntest.Request("")
	plain.TLS = nil
	unnamed := authntest.Request("", ca.Issue("", []string{"system:masters"}, authntest.UID("u-1")))
	tests := []struct {
		name string
		ask  func(*x509.Authenticator) *authn.Trace
		note string
	}{
		{"no TLS", func(a *x509.Authenticator) *authn.Trace { return authn.Explain(a, plain) }, "no client certificate"},
		{"no certificate", func(a *x509.Authenticator) *authn.Trace { return authn.Explain(a, authntest.Request("")) }, "no client certificate"},
		{"no common name", func(a *x509.Authenticator) *authn.Trace { return authn.Explain(a, unnamed) }, "the certificate names no user"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			links := tt.ask(x509.New(ca.Roots())).Result().Links
			require.Len(t, links, 1)
			links[0].Took = 0
			require.Equal(t, authn.Link{Name: "x509", Verdict: authn.VerdictNotMine, Detail: tt.note}, links[0])
		})
	}
}
