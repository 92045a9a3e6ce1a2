package main

import (
	"encoding/base64"
	"fmt"
	"io"

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
func printKubeconfig(w io.Writer, url string, ca *authntest.CA) {
	cert := ca.Issue("kube-apiserver", nil)
	data := base64.StdEncoding.EncodeToString
	fmt.Fprintf(w, kubeconfig, url, data(ca.PEM()), data(authntest.CertificatePEM(cert)), data(authntest.KeyPEM(program{}, cert)))
}
