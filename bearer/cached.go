package bearer

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/confirm"
	"github.com/authnchain/authnchain/internal/flight"
)

// CacheOptions are the settings of a [Cache].
type CacheOptions struct {
	// TTL is how long an acceptance is remembered, from when it was asked for, if
	// the credential does not expire before ([authn.ExpiryOf]). A token that is
	// revoked may be accepted for as long. Zero or less means 10 seconds, as
	// kube-apiserver has it; more than 10 minutes is taken for 10 minutes.
	TTL time.Duration

	// FailureTTL is how long a refusal is remembered, if it is conclusive
	// ([authn.Conclusive]), and that nobody recognizes a token. Zero means 10
	// seconds; negative means not at all, as kube-apiserver has it; more than 10
	// minutes is taken for 10 minutes.
	FailureTTL time.Duration

	// MaxEntries is how many acceptances are remembered; of refusals it is a quarter
	// as many. Zero or less means 32,768. It is rounded up to a multiple of 64. Users
	// with more than 4 KiB of names, groups and extra attributes on average make it
	// fewer, if they are 16 MiB in all; one with more than 100 KiB may not be
	// remembered.
	MaxEntries int

	// MaxInFlight is how many tokens are looked up at the same time. More wait for
	// half a second and are then [authn.Unavailable]. Zero or less means 256. Who waits
	// for an issuer's keys or distributed claims, or for a webhook's reviewer, is not
	// counted meanwhile; if four times as many wait for the same, more wait for half a
	// second too.
	MaxInFlight int

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

const (
	defaultTTL     = 10 * time.Second
	maxTTL         = 10 * time.Minute
	defaultEntries = 32 << 10
	maxEntries     = 1 << 30 // more than fit into any memory
)

// Cache remembers what an authenticator said of tokens. [Cached] makes one.
type Cache struct {
	token      authenticator.Token
	ttl        time.Duration
	failureTTL time.Duration
	now        func() time.Time
	hash       *hasher
	accepted   table[*authenticator.Response]
	refused    table[error] // nil for what nobody recognizes
	flights    flight.Group[question, outcome]
	places     *places // of those in flight
}

// question is what a look-up answers. Who asks once the generation is another does
// not get an answer from before.
type question struct {
	key        digest
	generation uint64
}

// outcome is one of the three answers.
type outcome struct {
	resp *authenticator.Response
	ok   bool
	err  error
}

// Cached returns an authenticator that remembers for a short time what token said,
// and asks it only once for all who come with the same token meanwhile. o may be
// nil. It panics if token is nil.
//
// What is remembered is an answer under a keyed digest of the token and of the
// audiences asked for; tokens are not kept. Acceptances and refusals have a space of
// their own each, so that no number of bad tokens makes it forget good ones; and
// tokens that are seen a few times do not push out those that come again and again.
// Answers that depend on more than the token must come from around the cache and not
// from within: a look-up is for all who wait, so it knows nothing of their requests,
// but for the audiences and the trace of the first. It ends when the last of them has
// left.
//
// A refusal that is not conclusive, such as [authn.Unavailable], is told to those who
// wait and forgotten. A panic of token, be it http.ErrAbortHandler, is an error with
// the reason [authn.Panicked]. If token is [authn.Generational], as those of package
// jwt are, all that was remembered is forgotten when its generation changes.
//
// The responses that it returns are shared and must not be changed, but for those
// under a context with audiences, as [authenticator.WrapAudienceAgnosticToken] changes
// them. Their users cannot be changed ([authn.ReadOnly]). Refusals are kept as token
// made them, so their errors must hold nothing of the token.
func Cached(token authenticator.Token, o *CacheOptions) *Cache {
	if token == nil {
		panic("bearer.Cached: the authenticator of tokens is nil")
	}
	if o == nil {
		o = &CacheOptions{}
	}
	entries := defaultEntries
	if o.MaxEntries > 0 {
		entries = (min(o.MaxEntries, maxEntries) + 63) / 64 * 64
	}
	c := &Cache{
		token:      token,
		ttl:        min(cmp.Or(max(o.TTL, 0), defaultTTL), maxTTL),
		failureTTL: min(cmp.Or(o.FailureTTL, defaultTTL), maxTTL),
		now:        o.Now,
		hash:       newHasher(),
		places:     newPlaces(defaultInFlight),
	}
	c.accepted.limit(entries)
	c.refused.limit(entries / 4)
	if o.MaxInFlight > 0 {
		c.places = newPlaces(o.MaxInFlight)
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c
}

// String returns "cache", its name in traces.
func (c *Cache) String() string { return "cache" }

// Generation implements [authn.Generational].
func (c *Cache) Generation() uint64 { return authn.GenerationOf(c.token) }

// HealthCheck returns what [authn.HealthOf] the authenticator returns.
func (c *Cache) HealthCheck() error { return authn.HealthOf(c.token) }

// AuthenticateToken implements [authenticator.Token].
func (c *Cache) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	q := question{c.hash.sum(ctx, token), c.Generation()}
	found, ok := c.remembered(q)
	if ok && !found.ok && authn.Explaining(ctx) {
		found = c.askAnew(ctx, token)
		return found.resp, found.ok, found.err
	}
	switch {
	case !ok:
		found = c.join(ctx, q, token)
	case authn.Traced(ctx):
		authn.Note(ctx, "remembered")
		if found.err != nil {
			found.err = fmt.Errorf("remembered: %w", found.err)
		}
	}
	if found.ok {
		found.resp = hand(ctx, found.resp)
	}
	return found.resp, found.ok, found.err
}

// hand returns a response as a caller may have it.
func hand(ctx context.Context, resp *authenticator.Response) *authenticator.Response {
	if promise := confirm.From(ctx); promise != nil && confirm.Of(resp.User) != nil {
		promise.Expect() // of each caller, also of those that the authenticator has not seen
	}
	if _, limited := authenticator.AudiencesFrom(ctx); limited {
		own := *resp
		return &own
	}
	return resp
}

// remembered returns the answer to q, if there is one that still holds.
func (c *Cache) remembered(q question) (outcome, bool) {
	at := moment{c.now().UnixNano(), q.generation}
	if resp, ok := c.accepted.get(q.key, at); ok {
		return outcome{resp: resp, ok: true}, true
	}
	err, ok := c.refused.get(q.key, at)
	return outcome{err: err}, ok
}
