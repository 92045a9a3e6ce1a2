package certconfig_test

import (
	stdx509 "crypto/x509"
	"fmt"
	"net/url"
	"slices"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
	"github.com/authnchain/authnchain/x509/certconfig"
)

// program stands in for the *testing.T that examples do not have.
type program struct{ cleanups []func() }

func (*program) Helper()                           {}
func (*program) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (p *program) Cleanup(f func())                { p.cleanups = append(p.cleanups, f) }

func (p *program) end() {
	for _, f := range slices.Backward(p.cleanups) {
		f()
	}
}

// Workloads of a mesh become users whose groups are their namespaces.
func Example() {
	t := &program{}
	defer t.end()
	ca := authntest.NewCA(t)

	mapping, err := certconfig.New(certconfig.Config{
		CertificateValidationRules: []certconfig.Rule{{
			Expression: "cert.sans.uris.size() == 1 && cert.sans.uris[0].matches('^spiffe://mesh.example/ns/[a-z0-9-]+/sa/[a-z0-9-]+$')",
			Message:    "not a workload of the mesh",
		}},
		Username: "cert.sans.uris[0]",
		Groups:   "'mesh:' + cert.sans.uris[0].split('/')[4]",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	auth := x509.New(ca.Roots())
	auth.User = mapping.User

	for _, id := range []string{"spiffe://mesh.example/ns/shop/sa/cart", "spiffe://other.example/ns/shop/sa/cart"} {
		cert := ca.Issue("", nil, func(c *stdx509.Certificate) {
			uri, _ := url.Parse(id)
			c.URIs = []*url.URL{uri}
		})
		resp, _, err := auth.AuthenticateRequest(authntest.Request("/", cert))
		if err != nil {
			fmt.Println(authn.ReasonOf(err))
			continue
		}
		fmt.Println(resp.User.GetName(), resp.User.GetGroups())
	}
	// Output:
	// spiffe://mesh.example/ns/shop/sa/cart [mesh:shop]
	// RuleFailed
}
