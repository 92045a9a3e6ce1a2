package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/webhook"
	"github.com/authnchain/authnchain/x509"
)

const operators = "platform-engineers"

// serveInput serves with what the flags say, until ctx ends.
func serveInput(ctx context.Context, p *process, s *settings, stdout, stderr io.Writer) error {
	auth, err := s.chain()
	if err != nil {
		return err
	}
	srv, err := start(p, s, auth, s.groupsPrefix+operators, stderr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "serving", srv.url(), "until interrupted: /whoami, /platform (for "+s.groupsPrefix+operators+") and /healthz (for everybody)")
	if s.tlsCert == "" {
		fmt.Fprintln(stdout, "its certificate is of the authority in", srv.caFile)
	}
	fmt.Fprintf(stdout, "for example: curl --cacert %s %s/healthz\n", quote(srv.caFile), srv.url())
	return srv.serve(ctx)
}

// chain builds the authenticators of the flags that are set.
func (s *settings) chain() (authenticator.Request, error) {
	var requests []authenticator.Request
	if s.clientCA != "" {
		roots, err := x509.LoadRoots(s.clientCA)
		if err != nil {
			return nil, fmt.Errorf("-client-ca: %w", err)
		}
		requests = append(requests, x509.New(roots))
	}
	tokens, err := s.tokens()
	if err != nil {
		return nil, err
	}
	if tokens != nil {
		all := union.Tokens(tokens...)
		requests = append(requests, bearer.New(all), bearer.NewWebSocket(all))
	}
	return anonymous.New(union.Requests(requests...), "/healthz"), nil
}

func (s *settings) tokens() ([]authenticator.Token, error) {
	var tokens []authenticator.Token
	if s.tokenFile != "" {
		static, err := bearer.File(s.tokenFile, nil)
		if err != nil {
			return nil, fmt.Errorf("-token-file: %w", err)
		}
		tokens = append(tokens, static)
	}
	if s.issuer != "" {
		client, err := clientFor(s.issuerCA)
		if err != nil {
			return nil, fmt.Errorf("-issuer-ca: %w", err)
		}
		people, err := jwt.New(s.jwtConfig(), &jwt.Options{Client: client})
		if err != nil {
			return nil, fmt.Errorf("-issuer: %w", err)
		}
		tokens = append(tokens, people)
	}
	if s.webhookURL != "" {
		client, err := clientFor(s.webhookCA)
		if err != nil {
			return nil, fmt.Errorf("-webhook-ca: %w", err)
		}
		reviewer, err := webhook.New(webhook.Config{URL: s.webhookURL}, &webhook.Options{Client: client})
		if err != nil {
			return nil, fmt.Errorf("-webhook-url: %w", err)
		}
		tokens = append(tokens, reviewer)
	}
	return tokens, nil
}

func (s *settings) jwtConfig() jwt.Config {
	mappings := jwt.ClaimMappings{Username: jwt.Claim(s.usernameClaim).WithPrefix(s.usernamePrefix)}
	if s.groupsClaim != "" {
		mappings.Groups = jwt.Claim(s.groupsClaim).WithPrefix(s.groupsPrefix)
	}
	return jwt.Config{Issuer: s.issuer, Audiences: s.audiences, User: mappings.User}
}

const timeout = 10 * time.Second

// clientFor returns a client that trusts the CA certificates of a file, or the
// system's if there is none.
func clientFor(caFile string) (*http.Client, error) {
	if caFile == "" {
		return &http.Client{Timeout: timeout}, nil
	}
	roots, err := x509.LoadRoots(caFile)
	if err != nil {
		return nil, err
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: t, Timeout: timeout}, nil
}
