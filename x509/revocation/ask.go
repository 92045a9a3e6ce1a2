package revocation

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/fetch"
)

// fetch asks the responders of a certificate until one answers.
func (r *Responder) fetch(ctx context.Context, a *answer, cert, issuer *x509.Certificate) error {
	urls, problems := []string{r.config.URL}, error(nil)
	if r.config.URL == "" {
		urls, problems = r.hosts.allow(cert.OCSPServer, r.config.HTTP)
	}
	if len(urls) == 0 {
		return cmp.Or(problems, errors.New("the certificate names no responder"))
	}
	request, err := ocsp.CreateRequest(cert, issuer, nil)
	if err != nil {
		return err
	}
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	case <-ctx.Done():
		return fmt.Errorf("%d others are asked about: %w", maxInFlight, ctx.Err())
	}
	for i, url := range urls {
		limited, cancel := share(ctx, len(urls)-i)
		err := r.ask(limited, url, request, a, cert, issuer)
		cancel()
		if err == nil {
			return nil
		}
		problems = join(problems, err)
	}
	return problems
}

// share gives one of so many that are still to be asked its part of the time.
func share(ctx context.Context, of int) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(end)/time.Duration(of))
}

func (r *Responder) ask(ctx context.Context, url string, request []byte, a *answer, cert, issuer *x509.Certificate) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(request))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/ocsp-request") // RFC 6960, appendix A.1
	req.Header.Set("Accept", "application/ocsp-response")
	got, err := fetch.DoMax(r.client, req, maxResponse, http.StatusOK)
	if err != nil {
		return err
	}
	if err := r.judge(got.Body, request, a, cert, issuer); err != nil {
		return fmt.Errorf("%s: %w", clipURL(url), err)
	}
	return nil
}

// judge remembers what a response says, if it counts.
func (r *Responder) judge(der, request []byte, a *answer, cert, issuer *x509.Certificate) error {
	now := r.now()
	resp, err := read(der, request, cert, issuer, now)
	if err != nil {
		return err
	}
	if err := currentAt(resp, now, r.config.MaxAge); err != nil {
		return err
	}
	return r.take(a, resp, now)
}

// currentAt says why a response does not tell how things are at a time (section
// 4.2.2.1).
func currentAt(resp *ocsp.Response, now time.Time, maxAge time.Duration) error {
	switch {
	case resp.ThisUpdate.After(now.Add(leeway)):
		return fmt.Errorf("not valid before %s", resp.ThisUpdate.UTC().Format(time.RFC3339))
	case !resp.NextUpdate.IsZero() && !now.Before(resp.NextUpdate):
		return fmt.Errorf("stale since %s", resp.NextUpdate.UTC().Format(time.RFC3339))
	case resp.NextUpdate.IsZero() && now.Sub(resp.ThisUpdate) > maxAge:
		return fmt.Errorf("of %s, without a nextUpdate", resp.ThisUpdate.UTC().Format(time.RFC3339))
	}
	return nil
}

// take remembers a response, if it is no older than what is known.
func (r *Responder) take(a *answer, resp *ocsp.Response, now time.Time) error {
	var revoked error
	switch resp.Status {
	case ocsp.Good:
	case ocsp.Revoked:
		at := min(max(resp.RevokedAt.Unix(), 0), 1<<32-1)
		e := entry{uint32(at), uint8(max(0, min(resp.RevocationReason, 255)))}
		revoked = authn.Errorf(authn.Revoked, "%s", e)
	default:
		return errors.New("the responder does not know the certificate")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.known && resp.ThisUpdate.Before(a.this) {
		return errors.New("older than the answer that is in use")
	}
	if a.known && (a.revoked == nil) != (revoked == nil) {
		r.changes.Add(1)
	}
	life := r.config.MaxAge
	if resp.NextUpdate.IsZero() {
		life = min(life, currentAge)
	} else {
		life = min(life, resp.NextUpdate.Sub(now))
	}
	a.known, a.revoked, a.this = true, revoked, resp.ThisUpdate
	a.until, a.refresh = now.Add(life), now.Add(life*3/4)
	return nil
}
