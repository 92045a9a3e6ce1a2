package revocation_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
	"github.com/authnchain/authnchain/x509/revocation"
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

// A list in a file, with jane's certificate on it.
func Example() {
	t := &program{}
	defer t.end()
	ca := authntest.NewCA(t)
	jane, bob := ca.Issue("jane", nil), ca.Issue("bob", nil)
	file, err := os.CreateTemp("", "crl")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(file.Name())
	_, _ = file.Write(ca.CRL(1, time.Time{}, jane.Leaf))
	_ = file.Close()

	lists, err := revocation.CRLFile(file.Name(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	check, err := revocation.New(revocation.Config{Sources: []revocation.Source{lists}})
	if err != nil {
		fmt.Println(err)
		return
	}
	auth := x509.New(ca.Roots())
	auth.Revocation = check
	handler := authn.Middleware{Authenticator: auth}.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		u, _ := authn.UserFrom(r.Context())
		fmt.Println("hello", u.GetName())
	}))
	for _, cert := range []*tls.Certificate{jane, bob} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, authntest.Request("/", cert))
		fmt.Println(w.Code)
	}
	// Output:
	// 401
	// hello bob
	// 200
}
