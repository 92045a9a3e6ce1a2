package authntest_test

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"

	"github.com/authnchain/authnchain/authn/authntest"
)

// program is a T that is no test.
type program struct{ cleanups []func() }

func (*program) Helper()                           {}
func (*program) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (p *program) Cleanup(f func())                { p.cleanups = append(p.cleanups, f) }

// end cleans up, the last first, as a test does.
func (p *program) end() {
	for _, f := range slices.Backward(p.cleanups) {
		f()
	}
}

// A request with a client certificate, and what the handler under test sees of
// it. In a test, t is the *testing.T; here it is a type with the same three
// methods.
func Example() {
	t := &program{}
	defer t.end()

	ca := authntest.NewCA(t)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cert := r.TLS.PeerCertificates[0]
		if _, err := cert.Verify(x509.VerifyOptions{
			Roots:     ca.Roots(),
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(cert.Subject.CommonName, cert.Subject.Organization)
	})

	r := authntest.Request("/pods", ca.Issue("ann", []string{"ops", "dev"}))
	handler.ServeHTTP(httptest.NewRecorder(), r)
	// Output: ann [ops dev]
}
