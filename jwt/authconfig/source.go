package authconfig

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/jwt"
)

// source is a member of "_claim_sources".
type source struct {
	Endpoint    string `json:"endpoint"`
	AccessToken string `json:"access_token"`
}

// where is the endpoint as it may be told.
func (s source) where() string { return clip.Text(fetch.Redact(s.Endpoint)) }

// source returns where a token says that the claim is, and whether it says so.
func (d *distributed) source(c jwt.Claims) (source, bool, error) {
	if !c.Has("_claim_names") {
		return source{}, false, nil
	}
	sources, err := claimSources(c)
	if err == nil { // kube-apiserver looks at these only here
		err = c.Decode("_claim_sources", &map[string]struct{ JWT string }{})
	}
	s := sources[d.claim]
	return s, s.Endpoint != "", err
}

// fetch asks an endpoint for the token that holds the claim.
func (d *distributed) fetch(ctx context.Context, s source) (string, error) {
	if err := d.mayAsk(s.Endpoint); err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint, nil)
	if err != nil {
		return "", authn.Errorf(authn.RuleFailed, "endpoint %s: not a URL", clip.Quote(fetch.Redact(s.Endpoint)))
	}
	req.Header.Set("Accept", "application/jwt")
	if s.AccessToken != "" {
		req.Header.Set("Authorization", "Bearer "+s.AccessToken)
	}
	answer, err := fetch.Do(d.client, req, http.StatusOK)
	if err != nil {
		return "", fetchError(err)
	}
	if len(answer.Body) > maxHeld {
		return "", authn.Errorf(authn.ClaimMissing, "endpoint %s: an answer of %d bytes, more than %d", clip.Quote(fetch.Redact(s.Endpoint)), len(answer.Body), maxHeld)
	}
	return strings.TrimSpace(string(answer.Body)), nil
}

// fetchError tells an endpoint that does not give the claim for this token from
// one that cannot be asked now.
func fetchError(err error) error {
	var status *fetch.StatusError
	if errors.As(err, &status) {
		switch status.Code {
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
			return authn.Errorf(authn.ClaimMissing, "%w", err)
		}
		return &authn.Error{Reason: authn.Unavailable, Err: err, RetryAfter: status.RetryAfter}
	}
	return authn.Errorf(authn.Unavailable, "%w", err)
}

func (d *distributed) mayAsk(endpoint string) error {
	if err := d.allowed(endpoint); err != nil {
		return authn.Errorf(authn.RuleFailed, "endpoint %s: %w", clip.Quote(fetch.Redact(endpoint)), err)
	}
	return nil
}

// allowed says why an endpoint may not be asked.
func (d *distributed) allowed(endpoint string) error {
	if err := fetch.CheckURL(endpoint, false); err != nil {
		return err
	}
	host := hostOf(endpoint)
	if host == hostOf(d.issuer.URL) || slices.Contains(d.Hosts, "*") || slices.ContainsFunc(d.Hosts, func(h string) bool { return hostOf("https://"+h) == host }) {
		return nil
	}
	return errors.New("the host is neither the issuer's nor among DistributedClaims.Hosts")
}

// hostOf returns the host and the port of an https URL in the one way to write
// them.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}

// read verifies the token that holds the claim, with the keys of its own issuer as
// they are now and for the audiences of the one that pointed at it. It returns its
// claims and when they end.
func (d *distributed) read(ctx context.Context, c jwt.Claims, held string) (jwt.Claims, time.Time, error) {
	claims, err := d.verify(ctx, held)
	if err == nil && !claims.Has(d.claim) {
		_, err = claims.Value(d.claim)
	}
	if groups, textErr := claims.Strings(d.claim); err == nil && textErr == nil {
		_, err = checkGroups(groups)
	}
	if err == nil && !d.AnySubject {
		err = sameSubject(c, claims)
	}
	if err != nil {
		return jwt.Claims{}, time.Time{}, fmt.Errorf("the token that holds it: %w", err)
	}
	until, err := claims.Time("exp")
	return claims, until, err
}

func (d *distributed) verify(ctx context.Context, held string) (jwt.Claims, error) {
	issuer, err := jwt.UnverifiedIssuer(held)
	if err != nil {
		return jwt.Claims{}, err
	}
	other := d.others(issuer)
	if other == nil {
		return jwt.Claims{}, authn.Errorf(authn.UntrustedIssuer, "issuer %s: not one of those configured", clip.Quote(issuer))
	}
	verifier, err := d.issuer.verifier(other)
	if err != nil {
		return jwt.Claims{}, err
	}
	return verifier.Verify(ctx, held)
}

func sameSubject(user, held jwt.Claims) error {
	want, err := user.String("sub")
	if err != nil {
		return fmt.Errorf("the user's own token: %w", err)
	}
	got, err := held.String("sub")
	if err != nil {
		return fmt.Errorf("%w (DistributedClaims.AnySubject takes it)", err)
	}
	if got != want {
		return authn.Errorf(authn.RuleFailed, "its \"sub\" %s is not the user's (DistributedClaims.AnySubject takes it)", clip.Quote(got))
	}
	return nil
}
