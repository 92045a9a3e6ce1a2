// Tokenreview serves a chain of tokens as a TokenReview API on this machine, and prints
// the kubeconfig that kube-apiserver's --authentication-token-webhook-config-file wants:
//
//	go run ./examples/tokenreview > webhook.kubeconfig
//	go run ./examples/tokenreview -token-file tokens.csv > webhook.kubeconfig
//
// Without a file it knows one token, which it makes up and tells. The certificates in the
// kubeconfig are new each time and good for a day; a server of your own has its own.
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/webhook"
	"github.com/authnchain/authnchain/x509"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Fatal("tokenreview: ", err)
	}
}

// run is main without the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("tokenreview", flag.ContinueOnError)
	f.SetOutput(stderr)
	listen := f.String("listen", "127.0.0.1:0", "`address` to serve on; port 0 takes a free one")
	file := f.String("token-file", "", "`file` of static tokens, token,user,uid,\"group1,group2\" in each line; it is followed")
	// What kubeadm gives the API server as its --service-account-issuer, and so as its audience.
	api := f.String("api-audiences", "https://kubernetes.default.svc.cluster.local", "`list` of kube-apiserver's --api-audiences, by commas, that the tokens are good for")
	if err := f.Parse(args); err != nil {
		return err
	}
	logger := log.New(stderr, "", log.LstdFlags)
	tokens, err := chain(*file, logger)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	ca := authntest.NewCA(program{}) // of the server and of whoever may ask
	config := x509.TLSConfig()
	config.Certificates = []tls.Certificate{*ca.IssueServer([]string{listener.Addr().(*net.TCPAddr).IP.String(), "localhost"})}
	reviewer := webhook.Reviewer{Token: tokens, Audiences: strings.Split(*api, ","), Observe: func(ctx context.Context, r webhook.Review) {
		asker, _ := authn.UserFrom(ctx)
		logger.Printf("%s asks: %s", asker.GetName(), r.Trace) // of which whoever asks gets one word
	}}
	askers := authn.Middleware{Authenticator: x509.New(ca.Roots())}
	server := &http.Server{Handler: askers.Wrap(reviewer), TLSConfig: config, ReadTimeout: 10 * time.Second, ErrorLog: logger}
	printKubeconfig(stdout, "https://"+listener.Addr().String()+"/", ca)
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// chain is any authenticator of tokens: here those of a file, or one that is new.
func chain(file string, logger *log.Logger) (authenticator.Token, error) {
	if file != "" {
		return bearer.File(file, nil)
	}
	token := rand.Text()
	logger.Printf("no -token-file: the one token is %s, jane's", token)
	return bearer.NewTokens(map[string]user.Info{token: &user.DefaultInfo{Name: "jane", Groups: []string{"engineering"}}})
}

// program is what the fixtures of package authntest need outside of a test.
type program struct{}

func (program) Helper()                           {}
func (program) Cleanup(func())                    {}
func (program) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
