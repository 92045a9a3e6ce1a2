package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"

	"github.com/authnchain/authnchain/authn/authntest"
)

// A kubeconfig can carry a token in place of the certificate, as "token: …". Behind a
// bearer.New of a list with that one token, in place of x509.New, it does as well.
const kubeconfig = `apiVersion: v1
kind: Config
clusters:
- name: tokenreview
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: kube-apiserver
  user:
    client-certificate-data: %s
    client-key-data: %s
contexts:
- name: tokenreview
  context:
    cluster: tokenreview
    user: kube-apiserver
current-context: tokenreview
`

// printKubeconfig prints how kube-apiserver reaches the server at url, with a client
// certificate of its own.
func printKubeconfig(w io.Writer, p *process, url string, ca *authntest.CA) {
	cert := ca.Issue("kube-apiserver", nil)
	data := base64.StdEncoding.EncodeToString
	fmt.Fprintf(w, kubeconfig, url, data(ca.PEM()), data(authntest.CertificatePEM(cert)), data(authntest.KeyPEM(p, cert)))
}

// process is what the fixtures of package authntest need, outside of a test.
type process struct{ cleanups []func() }

// fatal is what Fatalf panics with.
type fatal struct{ error }

func (p *process) Helper()          {}
func (p *process) Cleanup(f func()) { p.cleanups = append(p.cleanups, f) }
func (p *process) Fatalf(format string, args ...any) {
	panic(fatal{fmt.Errorf(format, args...)})
}

// end cleans up, last first, and makes a Fatalf the error. It is deferred.
func (p *process) end(err *error) {
	switch v := recover().(type) {
	case nil:
	case fatal:
		*err = v.error
	default:
		defer panic(v)
	}
	for _, cleanup := range slices.Backward(p.cleanups) {
		cleanup()
	}
}
