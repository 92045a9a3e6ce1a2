// Tour starts one HTTPS server on this machine with the whole chain of
// authenticators, sends it one request for each credential that a newcomer would
// think of, and prints who it took the caller for and why. Then it goes on
// serving, for curl, until it is interrupted.
//
//	go run ./examples/tour
//	go run ./examples/tour -once
//
// With flags for certificates, tokens, an issuer or a webhook it sends no
// requests and serves with those alone:
//
//	go run ./examples/tour -client-ca ca.crt -token-file tokens.csv \
//	    -issuer https://dex.example.com -issuer-ca dex-ca.crt -audience kubernetes \
//	    -username-claim email -groups-claim groups
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2) // the flag package has told why
	case err != nil:
		fmt.Fprintln(os.Stderr, "tour:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage")

// run is main without the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	p := &process{}
	defer p.end(&err)
	if s.hasInput() {
		return serveInput(ctx, p, s, stdout, stderr)
	}
	return serveDemo(ctx, p, s, stdout, stderr)
}

// settings are the flags.
type settings struct {
	once                bool
	listen              string
	tlsCert, tlsKey     string
	clientCA, tokenFile string
	issuer, issuerCA    string
	audiences           list
	usernameClaim       string
	usernamePrefix      string
	groupsClaim         string
	groupsPrefix        string
	webhookURL          string
	webhookCA           string
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

func parseFlags(args []string, stderr io.Writer) (*settings, error) {
	s := &settings{}
	f := flag.NewFlagSet("tour", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.BoolVar(&s.once, "once", false, "exit after the table")
	f.StringVar(&s.listen, "listen", "127.0.0.1:0", "`address` to serve on; port 0 takes a free one")
	f.StringVar(&s.tlsCert, "tls-cert", "", "`file` with the server's certificate and the intermediates, in PEM; without it the tour makes one")
	f.StringVar(&s.tlsKey, "tls-key", "", "`file` with the server's private key, in PEM")
	f.StringVar(&s.clientCA, "client-ca", "", "`file` with the CA certificates that client certificates must lead to, in PEM")
	f.StringVar(&s.tokenFile, "token-file", "", "`file` of static tokens, which is followed: token,user,uid,\"group1,group2\" in each line")
	f.StringVar(&s.issuer, "issuer", "", "`URL` of an OpenID Connect issuer")
	f.StringVar(&s.issuerCA, "issuer-ca", "", "`file` with the CA certificates of the issuer's server, in PEM; without it the system's")
	f.Var(&s.audiences, "audience", "`audience` that the issuer's tokens must be for; may be repeated, one is enough")
	f.StringVar(&s.usernameClaim, "username-claim", "sub", "`claim` with the user name")
	f.StringVar(&s.usernamePrefix, "username-prefix", "", "`text` before the user name")
	f.StringVar(&s.groupsClaim, "groups-claim", "", "`claim` with the groups; without it there are none")
	f.StringVar(&s.groupsPrefix, "groups-prefix", "", "`text` before each group")
	f.StringVar(&s.webhookURL, "webhook-url", "", "`URL` to POST TokenReviews to")
	f.StringVar(&s.webhookCA, "webhook-ca", "", "`file` with the CA certificates of the webhook's server, in PEM; without it the system's")
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, err
	case err != nil:
		return nil, errUsage
	}
	set := make(map[string]bool)
	var err error
	f.Visit(func(f *flag.Flag) {
		set[f.Name] = true
		if f.Value.String() == "" && !strings.HasSuffix(f.Name, "-prefix") && err == nil {
			err = fmt.Errorf("-%s: is empty", f.Name) // such as an unset variable of the shell
		}
	})
	if err != nil {
		return nil, err
	}
	return s, s.check(set, f.Args())
}

// needs are flags that mean nothing without another.
var needs = []struct{ flag, other string }{
	{"tls-cert", "tls-key"},
	{"tls-key", "tls-cert"},
	{"issuer-ca", "issuer"},
	{"audience", "issuer"},
	{"username-claim", "issuer"},
	{"username-prefix", "issuer"},
	{"groups-claim", "issuer"},
	{"groups-prefix", "groups-claim"},
	{"webhook-ca", "webhook-url"},
}

// check finds flags that make no sense together.
func (s *settings) check(set map[string]bool, rest []string) error {
	for _, n := range needs {
		if set[n.flag] && !set[n.other] {
			return fmt.Errorf("-%s: only with -%s", n.flag, n.other)
		}
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q: there are no arguments, only flags", rest[0])
	case s.issuer != "" && len(s.audiences) == 0:
		return errors.New("-issuer: needs an -audience, or every token of the issuer would do")
	case s.once && s.hasInput():
		return errors.New("-once: there is no table with input of your own")
	}
	return nil
}

func (s *settings) hasInput() bool {
	return s.clientCA != "" || s.tokenFile != "" || s.issuer != "" || s.webhookURL != ""
}
