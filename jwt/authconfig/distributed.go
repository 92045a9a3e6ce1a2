package authconfig

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/internal/flight"
	"github.com/authnchain/authnchain/jwt"
)

// DistributedClaims says how the claim for groups is looked up when a token does
// not hold it but points at where it is ("_claim_names" and "_claim_sources":
// OpenID Connect Core 1.0, section 5.6.2). Claims inside of the token that a third
// party signed ("JWT" in the source, aggregated claims) are not looked at, as in
// kube-apiserver.
type DistributedClaims struct {
	// Resolve returns the groups of a token that does not hold them, and false to
	// leave it to what follows. It gets the claims of the verified token, and a
	// context that ends with the last request that waits for the answer, or after
	// five seconds. An error without a reason ([authn.Error]) is Unavailable.
	// It is for issuers that answer in a way of their own, such as Microsoft Entra
	// ID to users with many groups. Nil means to follow "_claim_sources".
	Resolve func(context.Context, jwt.Claims) (groups []string, ok bool, err error)

	// Hosts are those that a token may send this library to, as a URL has them
	// ("graph.example.com", "graph.example.com:8443"), besides the issuer's own.
	// "*" stands for every one, as in kube-apiserver. Only https is spoken to any.
	Hosts []string

	// AnySubject takes groups out of a token of another "sub" than the user's, or
	// of none, as kube-apiserver does: it then trusts the endpoint not to answer
	// with those of somebody else.
	AnySubject bool
}

const (
	lookUpTimeout = 5 * time.Second  // of one claim
	maxLookUps    = 64               // under way for one issuer
	maxRemembered = 4096             // answers for one issuer
	refusedLife   = 30 * time.Second // of an answer that there are no groups for this token
)

// distributed looks up the groups of the tokens of one issuer.
type distributed struct {
	DistributedClaims
	issuer *issuer
	claim  string
	client *http.Client
	others func(issuer string) *jwt.Authenticator // for tokens that hold claims; nil: not configured
	now    func() time.Time

	flights flight.Group[digest, answer]
	slots   chan struct{} // one for each look-up under way

	mu    sync.Mutex // guards known
	known map[digest]answer
}

type digest = [sha256.Size]byte

// answer is what became of a look-up.
type answer struct {
	groups any   // nil: there are none
	err    error // why the token is refused
	until  time.Time
}

// expand returns claims that have the groups in them, if the token says where
// they are.
func (d *distributed) expand(ctx context.Context, c jwt.Claims) (jwt.Claims, error) {
	if d == nil || c.Has(d.claim) || !c.Has("_claim_names") && d.Resolve == nil {
		return c, nil
	}
	groups, err := d.groups(ctx, c)
	if err != nil {
		return c, fmt.Errorf("distributed claim %q: %w", d.claim, err)
	}
	if groups == nil {
		return c, nil
	}
	return c.With(d.claim, groups)
}

// groups returns the value of the claim, from memory if it is there. One look-up
// is for all who wait for it.
func (d *distributed) groups(ctx context.Context, c jwt.Claims) (any, error) {
	key := c.Digest()
	a, ok := d.remembered(key)
	if !ok {
		var err error
		if a, err = d.flights.Do(ctx, key, func(ctx context.Context) (answer, error) { return d.look(ctx, key, c) }); err != nil {
			return nil, flightError(err)
		}
	}
	return a.groups, a.err
}

// flightError gives an error of a look-up that did not end a reason.
func flightError(err error) error {
	var panicked *flight.PanicError
	if errors.As(err, &panicked) {
		return authn.Errorf(authn.Panicked, "the look-up %w", err)
	}
	return err
}

var errBusy = authn.Errorf(authn.Unavailable, "%d look-ups for the issuer are under way", maxLookUps)

// look looks up and remembers, but for what may be another answer next time.
func (d *distributed) look(ctx context.Context, key digest, c jwt.Claims) (answer, error) {
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	default:
		return answer{}, errBusy
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpTimeout)
	defer cancel()
	a, err := d.lookUp(ctx, c)
	switch {
	case authn.ReasonOf(err) == authn.Unavailable:
		return answer{}, err
	case err != nil:
		a = answer{err: err, until: d.now().Add(refusedLife)}
	}
	d.remember(key, a)
	return a, nil
}

// remembered returns an answer that still holds.
func (d *distributed) remembered(key digest) (answer, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, ok := d.known[key]
	return a, ok && d.now().Before(a.until)
}

// remember keeps an answer. If there are too many, those that do not hold any more
// go first, and then any.
func (d *distributed) remember(key digest, a answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.known) >= maxRemembered {
		now := d.now()
		maps.DeleteFunc(d.known, func(_ digest, a answer) bool { return !now.Before(a.until) })
	}
	for other := range d.known {
		if len(d.known) < maxRemembered {
			break
		}
		delete(d.known, other)
	}
	if d.known == nil {
		d.known = make(map[digest]answer)
	}
	d.known[key] = a
}

func (d *distributed) lookUp(ctx context.Context, c jwt.Claims) (answer, error) {
	until, err := c.Time("exp")
	if err != nil {
		return answer{}, err
	}
	if d.Resolve != nil {
		groups, ok, err := d.Resolve(ctx, c)
		if err != nil {
			return answer{}, resolveError(err)
		}
		if ok {
			return answer{groups: slices.Clone(groups), until: until}, nil
		}
	}
	source, ok, err := d.source(c)
	if err != nil || !ok {
		return answer{until: until}, err
	}
	held, err := d.fetch(ctx, source)
	if err != nil {
		return answer{}, err
	}
	return d.read(ctx, c, held, until)
}

// resolveError gives an error of Resolve a reason, if it has none.
func resolveError(err error) error {
	if authn.ReasonOf(err) == authn.Refused {
		return authn.Errorf(authn.Unavailable, "%w", clip.Error(err))
	}
	return err
}

// reach says, without asking anybody, whether the groups of a token are elsewhere,
// and why they cannot be had.
func (d *distributed) reach(c jwt.Claims) (where string, err error) {
	switch {
	case d == nil || c.Has(d.claim):
		return "", nil
	case d.Resolve != nil:
		return "DistributedClaims.Resolve", nil
	}
	s, ok, err := d.source(c)
	if err != nil || !ok {
		return "", err
	}
	return clip.Text(fetch.Redact(s.Endpoint)), d.mayAsk(s.Endpoint)
}

// source is a member of "_claim_sources".
type source struct {
	Endpoint    string `json:"endpoint"`
	AccessToken string `json:"access_token"`
}

// source returns where a token says that the claim is, and whether it says so.
func (d *distributed) source(c jwt.Claims) (source, bool, error) {
	sources, err := claimSources(c)
	if err == nil { // kube-apiserver looks at this one only here
		err = decodeIfThere(c, "_claim_sources", &map[string]struct{ JWT string }{})
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

// read verifies the token that holds the claim, with the keys of its own issuer
// and for the audiences of the one that pointed at it, and takes the claim out.
func (d *distributed) read(ctx context.Context, c jwt.Claims, held string, until time.Time) (answer, error) {
	issuer, err := jwt.UnverifiedIssuer(held)
	if err != nil {
		return answer{}, fmt.Errorf("the token that holds it: %w", err)
	}
	other := d.others(issuer)
	if other == nil {
		return answer{}, authn.Errorf(authn.UntrustedIssuer, "the token that holds it: issuer %s: not one of those configured", clip.Quote(issuer))
	}
	verifier, err := d.issuer.verifier(other)
	if err != nil {
		return answer{}, err
	}
	claims, err := verifier.Verify(ctx, held)
	if err != nil {
		return answer{}, fmt.Errorf("the token that holds it: %w", err)
	}
	if err := d.sameSubject(c, claims); err != nil {
		return answer{}, err
	}
	groups, err := claims.Value(d.claim)
	if err != nil {
		return answer{}, fmt.Errorf("the token that holds it: %w", err)
	}
	if exp, err := claims.Time("exp"); err == nil && exp.Before(until) {
		until = exp
	}
	return answer{groups: groups, until: until}, nil
}

func (d *distributed) sameSubject(user, held jwt.Claims) error {
	if d.AnySubject {
		return nil
	}
	want, err := user.String("sub")
	if err != nil {
		return err
	}
	got, err := held.String("sub")
	if err != nil {
		return fmt.Errorf("the token that holds it: %w (DistributedClaims.AnySubject takes it)", err)
	}
	if got != want {
		return authn.Errorf(authn.RuleFailed, "the token that holds it: its \"sub\" %s is not the user's (DistributedClaims.AnySubject takes it)", clip.Quote(got))
	}
	return nil
}
