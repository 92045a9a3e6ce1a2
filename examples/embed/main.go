// Embed is the smallest whole program: a server that takes client certificates,
// ID tokens of one issuer and, on /healthz, everybody.
//
// It needs client-ca.crt, the authorities of the client certificates, and
// server.crt and server.key, its own certificate and key; see examples/tour for
// one that makes its own.
package main

import (
	"fmt"
	"log"
	"net/http"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/x509"
)

func main() {
	http.HandleFunc("/whoami", whoami)
	roots, err := x509.LoadRoots("client-ca.crt")
	if err != nil {
		log.Fatal(err)
	}
	people, err := jwt.New(jwt.Config{
		Issuer: "https://login.example.com", Audiences: []string{"my-api"},
		User: jwt.ClaimMappings{Username: jwt.Claim("sub").WithPrefix("oidc:"), Groups: jwt.Claim("groups").WithPrefix("oidc:")}.User,
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	auth := anonymous.New(union.Requests(x509.New(roots), bearer.New(people)), "/healthz")
	handler := authn.Middleware{Authenticator: auth}.Wrap(http.DefaultServeMux)
	s := &http.Server{Addr: "127.0.0.1:8443", Handler: handler, TLSConfig: x509.TLSConfig()}
	log.Fatal(s.ListenAndServeTLS("server.crt", "server.key"))
}

func whoami(w http.ResponseWriter, r *http.Request) {
	u, ok := authn.UserFrom(r.Context())
	if !ok {
		http.Error(w, "not behind the middleware", http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "hello %s of %q\n", u.GetName(), u.GetGroups())
}
