package authconfig

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/flight"
	"github.com/authnchain/authnchain/internal/pause"
	"github.com/authnchain/authnchain/jwt"
)

// DistributedClaims says how the claim of claimMappings.groups is looked up when a
// token does not hold it but points at where it is ("_claim_names" and
// "_claim_sources": OpenID Connect Core 1.0, section 5.6.2). Claims inside of the
// token that a third party signed ("JWT" in the source, aggregated claims) are not
// looked at, as in kube-apiserver.
//
// What was found is kept as long as the token lives, and found anew for others. A
// token that holds the claim is verified each time, so that it counts no longer
// than its issuer and key do.
type DistributedClaims struct {
	// Resolve returns the groups of a token that lacks the claim, and false to leave
	// it to what follows. It is for issuers that answer in a way of their own, such
	// as Microsoft Entra ID to users with many groups. It gets the claims of the
	// verified token, of whichever issuer of the configuration ([jwt.Claims.Issuer]),
	// and a context that ends with the last request that waits for the answer, or
	// after five seconds. An error without a reason ([authn.Error]) makes the token
	// [authn.Unavailable]; one with another reason is kept for 30 seconds. Resolve
	// is safe for concurrent use; for one issuer, at most 64 are under way. More than
	// 10,000 groups, or one of more than 4 KiB, refuse the token. Nil means to follow
	// "_claim_sources".
	Resolve func(context.Context, jwt.Claims) (groups []string, ok bool, err error)

	// Hosts are those that a token may send this library to, with the port if it is
	// not 443 ("graph.example.com", "graph.example.com:8443"), besides the issuer's
	// own. "*" stands for every one, as in kube-apiserver. Only https is spoken to
	// any. Nil means the issuer's own alone.
	Hosts []string

	// AnySubject takes groups out of a token of another "sub" than the user's, or
	// of none, as kube-apiserver does: it then trusts the endpoint not to answer
	// with those of somebody else.
	AnySubject bool

	// MaxAge is how long an answer is kept, if the token lives longer. Zero means as
	// long as the token.
	MaxAge time.Duration
}

// distributed looks up the groups of the tokens of one issuer.
type distributed struct {
	DistributedClaims
	issuer *issuer
	claim  string
	client *http.Client
	others func(issuer string) *jwt.Authenticator // that are in use now; nil: not configured
	now    func() time.Time

	flights flight.Group[digest, answer]

	mu        sync.Mutex // guards all below
	memory    memory
	flying    int            // look-ups under way
	flyingFor map[string]int // by "sub"
}

type digest = [sha256.Size]byte

// expand returns claims that have the groups in them, if they are elsewhere.
func (d *distributed) expand(ctx context.Context, c jwt.Claims) (jwt.Claims, error) {
	if d == nil || c.Has(d.claim) || !c.Has("_claim_names") && d.Resolve == nil {
		return c, nil
	}
	expanded, err := d.expanded(ctx, c)
	if err != nil {
		return c, fmt.Errorf("distributed claim %q: %w", d.claim, err)
	}
	return expanded, nil
}

func (d *distributed) expanded(ctx context.Context, c jwt.Claims) (jwt.Claims, error) {
	key := c.Digest()
	a, err := d.answer(ctx, key, c)
	if err != nil {
		return c, err
	}
	expanded, err := d.use(ctx, c, a)
	if err == nil || a.held == "" || authn.ReasonOf(err) == authn.Unavailable || d.now().Sub(a.asked) < refusedLife {
		return expanded, err
	}
	d.forget(key) // its issuer may have another key by now, and the endpoint another token
	if a, err = d.answer(ctx, key, c); err != nil {
		return c, err
	}
	return d.use(ctx, c, a)
}

// use returns claims with what was found.
func (d *distributed) use(ctx context.Context, c jwt.Claims, a answer) (jwt.Claims, error) {
	switch {
	case a.err != nil:
		return c, a.err
	case a.found:
		return c.With(d.claim, a.groups)
	case a.held == "":
		return c, nil
	}
	claims, _, err := d.read(ctx, c, a.held)
	if err != nil {
		return c, err
	}
	return c.WithFrom(claims, d.claim)
}

// answer returns what is known of a claim, from memory if it is there. One look-up
// is for all who wait for it.
func (d *distributed) answer(ctx context.Context, key digest, c jwt.Claims) (answer, error) {
	if a, ok := d.remembered(key); ok {
		return a, nil
	}
	ctx, resume := pause.Begin(ctx, d)
	defer resume()
	ctx, cancel := context.WithTimeout(ctx, lookUpTimeout)
	defer cancel()
	a, err := d.flights.Do(ctx, key, func(ctx context.Context) (answer, error) { return d.look(ctx, key, c) })
	var panicked *flight.PanicError
	if errors.As(err, &panicked) {
		err = authn.Errorf(authn.Panicked, "the look-up %w", err)
	}
	return a, err
}

func (d *distributed) remembered(key digest) (answer, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.memory.get(key, d.now())
}

func (d *distributed) forget(key digest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.memory.drop(key)
}

func (d *distributed) remember(key digest, a answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.memory.put(key, a, d.now())
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
	return s.where(), d.mayAsk(s.Endpoint)
}
