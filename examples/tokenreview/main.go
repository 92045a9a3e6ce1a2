// Tokenreview serves a chain of tokens as a TokenReview API on this machine, and prints
// the kubeconfig that kube-apiserver's --authentication-token-webhook-config-file wants:
//
//	go run ./examples/tokenreview > webhook.kubeconfig
//	go run ./examples/tokenreview -token-file tokens.csv -issuer https://login.example.com -audience kubernetes
//
// Without flags it knows one token, which it makes up and tells. The certificates in the
// kubeconfig are new each time and good for a day; a server of your own has its own.
package main

import (
	"context"
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
	"syscall"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/webhook"
	"github.com/authnchain/authnchain/x509"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2) // the flag package has told why
	case err != nil:
		fmt.Fprintln(os.Stderr, "tokenreview:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage")

// run is main without the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	p := &process{}
	defer p.end(&err)
	s, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	tokens, err := s.chain(stderr)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	ca := authntest.NewCA(p) // of the server and of whoever may ask
	host := listener.Addr().(*net.TCPAddr).IP.String()

	logger := log.New(stderr, "", log.LstdFlags)
	reviewer := webhook.Reviewer{Token: tokens, Audiences: s.apiAudiences, Observe: observe(logger)}
	askers := authn.Middleware{Authenticator: x509.New(ca.Roots())}
	config := x509.TLSConfig()
	config.Certificates = []tls.Certificate{*ca.IssueServer([]string{host, "localhost"})}
	server := &http.Server{
		Handler:     askers.Wrap(reviewer),
		TLSConfig:   config,
		ReadTimeout: 10 * time.Second,
		ErrorLog:    logger,
	}
	printKubeconfig(stdout, p, "https://"+listener.Addr().String()+"/", ca)

	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// observe tells the operator the whole story, of which whoever asks gets one word.
func observe(logger *log.Logger) func(context.Context, webhook.Review) {
	return func(ctx context.Context, r webhook.Review) {
		asker, _ := authn.UserFrom(ctx)
		logger.Printf("%s asks: %s", asker.GetName(), r.Trace)
	}
}
