package x509_test

import (
	stdx509 "crypto/x509"
	"fmt"
	"net/url"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

// Workloads that are known by a SPIFFE ID have it in their certificate, and no
// common name.
func ExampleSPIFFE() {
	t := &program{}
	defer t.end()
	ca := authntest.NewCA(t)

	workloads := x509.New(ca.Roots())
	workloads.User = x509.SPIFFE("example.org")

	for _, id := range []string{"spiffe://example.org/billing", "spiffe://example.com/billing"} {
		cert := ca.Issue("", nil, func(c *stdx509.Certificate) {
			uri, _ := url.Parse(id)
			c.URIs = []*url.URL{uri}
		})
		resp, ok, err := workloads.AuthenticateRequest(authntest.Request("/", cert))
		if err != nil {
			fmt.Println(authn.ReasonOf(err))
			continue
		}
		fmt.Println(resp.User.GetName(), ok)
	}
	// Output:
	// spiffe://example.org/billing true
	// RuleFailed
}

// What another company's authority signs cannot be taken for one's own people.
func ExampleUserFunc_WithPrefix() {
	t := &program{}
	defer t.end()
	partner := authntest.NewCA(t)

	partners := x509.New(partner.Roots())
	partners.User = x509.Email("partner.example").WithPrefix("partner:")

	cert := partner.Issue("", nil, func(c *stdx509.Certificate) { c.EmailAddresses = []string{"jane@Partner.example"} })
	resp, _, err := partners.AuthenticateRequest(authntest.Request("/", cert))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.User.GetName())
	// Output: partner:jane@partner.example
}
