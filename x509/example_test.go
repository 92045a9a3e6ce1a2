package x509_test

import (
	"crypto/tls"
	stdx509 "crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
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

// A server that asks its clients for certificates and knows whose they are.
// Elsewhere the roots come from a file, by [x509.LoadRoots].
func ExampleNew() {
	t := &program{}
	defer t.end()
	ca := authntest.NewCA(t)

	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := authn.UserFrom(r.Context())
		fmt.Fprintln(w, "hello", u.GetName(), u.GetGroups())
	})
	server := httptest.NewUnstartedServer(authn.Middleware{Authenticator: x509.New(ca.Roots())}.Wrap(hello))
	server.TLS = x509.TLSConfig()
	server.StartTLS()
	defer server.Close()

	for _, certs := range [][]tls.Certificate{nil, {*ca.Issue("jane", []string{"engineering"})}} {
		transport := server.Client().Transport.(*http.Transport).Clone()
		transport.TLSClientConfig.Certificates = certs
		defer transport.CloseIdleConnections()
		answer, err := (&http.Client{Transport: transport}).Get(server.URL)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		fmt.Print(answer.StatusCode, " ", string(body))
	}
	// Output:
	// 401 Unauthorized
	// 200 hello jane [engineering system:authenticated]
}

// Workloads that are known by a SPIFFE ID have it as a URI in their certificate,
// and no common name.
func ExampleAuthenticator() {
	t := &program{}
	defer t.end()
	ca := authntest.NewCA(t)

	auth := x509.New(ca.Roots())
	auth.User, auth.UserOnce = x509.SPIFFE("example.org"), true

	cert := ca.Issue("", nil, func(c *stdx509.Certificate) {
		c.URIs = []*url.URL{{Scheme: "spiffe", Host: "example.org", Path: "/billing"}}
	})
	resp, ok, err := auth.AuthenticateRequest(authntest.Request("/", cert))
	fmt.Println(resp.User.GetName(), resp.User.GetGroups(), ok, err)
	// Output: spiffe://example.org/billing [] true <nil>
}

// A bundle that is cut off is not taken for a shorter one.
func ExampleParseRoots() {
	t := &program{}
	defer t.end()
	bundle := string(authntest.NewCA(t).PEM()) + string(authntest.NewCA(t).PEM())

	_, err := x509.ParseRoots([]byte(strings.TrimSuffix(bundle, "-----\n")))
	fmt.Println(err)
	// Output: x509: roots: block 2: cut off or broken
}

// Authorities in a file that is followed, and a histogram of how long the
// certificates of clients still last.
func ExampleFile() {
	t := &program{}
	defer t.end()
	ca := authntest.NewCA(t)
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "client-ca.crt")
	if err := os.WriteFile(path, ca.PEM(), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	roots, err := x509.File(path, &x509.FileOptions{OnReload: func(err error) { fmt.Println("reloaded:", err) }})
	if err != nil {
		fmt.Println(err)
		return
	}
	auth := &x509.Authenticator{
		Roots:  roots.Roots,
		Health: roots.HealthCheck,
		Remaining: func(left time.Duration) {
			fmt.Println("ends within the hour:", left < time.Hour)
		},
	}
	resp, ok, err := auth.AuthenticateRequest(authntest.Request("/", ca.Issue("jane", []string{"engineering"})))
	fmt.Println(resp.User.GetName(), resp.User.GetGroups(), ok, err)
	fmt.Println("health:", authn.HealthOf(auth))
	// Output:
	// ends within the hour: false
	// jane [engineering] true <nil>
	// health: <nil>
}
