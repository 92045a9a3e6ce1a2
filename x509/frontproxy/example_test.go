package frontproxy_test

import (
	"fmt"
	"log"
	"net/http"
	"slices"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/x509"
	"github.com/authnchain/authnchain/x509/frontproxy"
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

// A server that has clients of its own and some that come through a proxy, which
// calls the header of the user name otherwise. Elsewhere the roots come from files,
// by [x509.LoadRoots].
func ExampleNew() {
	t := &program{}
	defer t.end()
	proxyCA, clientCA := authntest.NewCA(t), authntest.NewCA(t)

	proxies, err := frontproxy.New(frontproxy.Config{
		Proxies:     x509.New(proxyCA.Roots()),
		Names:       []string{"front-proxy"},
		UserHeaders: []string{"X-Login"},
	})
	if err != nil {
		log.Fatal(err)
	}
	m := authn.Middleware{
		Authenticator:     union.Requests(proxies, proxies.Except(x509.New(clientCA.Roots()))),
		CredentialHeaders: proxies.Headers(),
	}

	proxy, bob := proxyCA.Issue("front-proxy", nil), clientCA.Issue("bob", nil)
	for _, r := range []*http.Request{authntest.Request("/", proxy), authntest.Request("/", bob), authntest.Request("/")} {
		r.Header.Set("X-Login", "jane")
		r.Header.Set("X-Remote-Group", "engineering")
		authenticated, err := m.Authenticate(r)
		if err != nil {
			fmt.Println(err)
			continue
		}
		u, _ := authn.UserFrom(authenticated.Context())
		fmt.Println(u.GetName(), u.GetGroups(), len(authenticated.Header))
	}
	// Output:
	// jane [engineering system:authenticated] 0
	// bob [system:authenticated] 0
	// authn: no credential in the request
}

// Without the names of the proxies, every client of their authority would be one.
func ExampleNew_names() {
	t := &program{}
	defer t.end()

	_, err := frontproxy.New(frontproxy.Config{Proxies: x509.New(authntest.NewCA(t).Roots())})
	fmt.Println(err)
	// Output: frontproxy: names: at least one is required
}

var _ authenticator.Request = (*frontproxy.Authenticator)(nil)
