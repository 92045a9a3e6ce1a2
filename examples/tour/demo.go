package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
)

// serveDemo shows the table and then serves until ctx ends.
func serveDemo(ctx context.Context, p *process, s *settings, stdout, stderr io.Writer) error {
	var w *world
	waitFor(stdout, "making keys", func() { w = newWorld(p) })
	auth, err := w.chain()
	if err != nil {
		return err
	}
	srv, err := start(p, s, auth, prefix+operators, stderr)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- srv.serve(ctx) }()

	rows := w.rows()
	results, err := srv.askAll(ctx, stdout, rows)
	if ctx.Err() != nil {
		return <-served // interrupted before there was a table
	}
	if err == nil {
		printTable(stdout, results)
		err = verdict(results)
	}
	if err != nil || s.once {
		stop()
		return firstError(err, <-served)
	}
	if err := printCurl(stdout, p, srv, rows); err != nil {
		return err
	}
	return <-served
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// result is what came of a row.
type result struct {
	row
	answer int        // status
	body   string     // the beginning of it
	got    user.Info  // whom the chain took the caller for; nil: nobody
	err    error      // why nobody
	link   authn.Link // what the chain said
}

func (r result) name() string {
	if r.got == nil {
		return ""
	}
	return r.got.GetName()
}

// asMust reports whether the answer is the one that the row must have.
func (r result) asMust() bool { return r.answer == r.status && r.name() == r.user }

// verdict is an error if the table is not right.
func verdict(results []result) error {
	for _, r := range results {
		if !r.asMust() {
			return fmt.Errorf("%s: got %d for %q, must be %d for %q", r.credential, r.answer, r.name(), r.status, r.user)
		}
	}
	return nil
}

func (s *server) askAll(ctx context.Context, stdout io.Writer, rows []row) (results []result, err error) {
	leaf, err := x509.ParseCertificate(s.cert.Certificate[0])
	if err != nil {
		return nil, err
	}
	waitFor(stdout, "asking", func() {
		for _, r := range rows {
			var res result
			if res, err = s.ask(ctx, r, leaf); err != nil {
				err = fmt.Errorf("%s: %w", r.credential, err)
				return
			}
			results = append(results, res)
		}
	})
	return results, err
}

// ask sends the request of a row.
func (s *server) ask(ctx context.Context, r row, serverLeaf *x509.Certificate) (result, error) {
	res := result{row: r}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url()+r.path, nil)
	if err != nil {
		return res, err
	}
	r.addToken(req.Header)
	req.Header.Set(idHeader, r.credential)
	s.traces.await(r.credential)
	client := http.Client{
		Transport: &http.Transport{TLSClientConfig: clientTLS(r.cert, serverLeaf), DisableKeepAlives: true},
		Timeout:   10 * time.Second,
	}
	answer, err := client.Do(req)
	if err != nil {
		return res, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err != nil {
		return res, err
	}
	res.answer, res.body = answer.StatusCode, string(body)
	rec, ok := s.traces.take(r.credential)
	if !ok {
		return res, errors.New("the server has not seen the request")
	}
	res.got, res.err, res.link = rec.outcome.User, rec.outcome.Err, rec.trace.Result()
	return res, nil
}

// addToken adds the token of a row to the header of a request, if there is one: in a
// WebSocket as browsers can, in a subprotocol.
func (r row) addToken(h http.Header) {
	switch {
	case r.socket:
		h.Set("Connection", "Upgrade")
		h.Set("Upgrade", "websocket")
		h.Set("Sec-WebSocket-Protocol", "tour, base64url.bearer.authorization.k8s.io."+base64.RawURLEncoding.EncodeToString([]byte(r.token)))
	case r.token != "":
		h.Set("Authorization", "Bearer "+r.token)
	}
}

// clientTLS returns the configuration of a client that trusts one server
// certificate, whoever signed it and for whatever name.
func clientTLS(cert *tls.Certificate, server *x509.Certificate) *tls.Config {
	c := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	c.RootCAs.AddCert(server)
	if len(server.IPAddresses) == 0 && len(server.DNSNames) > 0 {
		c.ServerName = server.DNSNames[0]
	}
	if cert != nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
	}
	return c
}
