package jwt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/internal/pause"
)

// The policy on fetching keys. The package's comment tells it to users.
const (
	fetchTimeout  = 5 * time.Second        // of one fetch, discovery included
	fetchInterval = 30 * time.Second       // between two fetches, once there are keys
	firstInterval = time.Second            // between two fetches, while there are none
	maxSpares     = 8                      // fetches before their time, in an hour
	abandonAfter  = 500 * time.Millisecond // how long a fetch goes on that nobody waits for any more

	defaultLife = 10 * time.Minute // how long a set is fresh
	minLife     = time.Minute
	maxLife     = time.Hour
	staleLife   = 24 * time.Hour // how long a set is used that cannot be fetched anew, if Options do not say
)

// remoteKeys are the keys that an issuer publishes.
type remoteKeys struct {
	source   source
	maxStale time.Duration
	now      func() time.Time

	current atomic.Pointer[keySet] // nil until a fetch succeeds
	absent  absentKeys

	mu     sync.Mutex // guards all below
	flight *flight    // the fetch under way; nil if none
	last   error      // of the last fetch that ended
	next   time.Time  // when to fetch again at the earliest
	spares spares     // fetches that may come before next
}

// keySet is what one fetch brought.
type keySet struct {
	keys    []Key
	number  uint64 // of sets with other keys than the one before, up to this one
	notes   []string
	fetched time.Time
	life    time.Duration
}

// why says what became of the members of a set without keys.
func (s *keySet) why() error {
	if len(s.notes) == 0 {
		return errors.New("it has no members")
	}
	return clip.Error(errors.New(strings.Join(s.notes, "; ")))
}

func newRemoteKeys(c Config, o *Options, now func() time.Time) *remoteKeys {
	return &remoteKeys{now: now, maxStale: cmp.Or(o.MaxStale, staleLife), source: source{
		issuer:    c.Issuer,
		discovery: c.DiscoveryURL,
		given:     c.KeysURL,
		client:    fetch.Client(o.Client),
		now:       now,
		loopback:  o.Client != nil && strings.HasPrefix(strings.ToLower(cmp.Or(c.DiscoveryURL, c.Issuer)), "http:"),
	}}
}

// Keys implements [KeySet].
func (r *remoteKeys) Keys(ctx context.Context, id string) ([]Key, error) {
	now := r.now()
	set := r.current.Load()
	if set == nil || r.tooOld(set, now) {
		return r.first(ctx, id)
	}
	if found := find(set.keys, id); len(found) > 0 {
		if age := now.Sub(set.fetched); age < 0 || age > set.life*4/5 {
			return r.aging(ctx, id, found, age > set.life)
		}
		return found, nil
	}
	return r.lookUp(id, r.fetch(ctx, true))
}

// lookUp returns the keys called id after a fetch that ended with err. That
// there are none is only said if it is known; else a flood of made-up ids would
// make a key unknown that is merely new.
func (r *remoteKeys) lookUp(id string, err error) ([]Key, error) {
	keys := r.current.Load().keys
	found := find(keys, id)
	switch {
	case len(found) > 0:
		return found, nil
	case len(keys) == 0 && err == nil:
		return nil, r.unavailable(errNoKeys)
	case err == nil:
		r.absent.add(id, r.now())
		return nil, nil
	case errors.Is(err, errTooSoon) && r.lastError() == nil:
		if r.absent.has(id, r.now()) {
			return nil, nil
		}
		err = fmt.Errorf("key %s: %w", clip.Quote(id), err)
	}
	return nil, r.unavailable(err)
}

// first returns keys of a set that has to be fetched before.
func (r *remoteKeys) first(ctx context.Context, id string) ([]Key, error) {
	if err := r.fetch(ctx, true); err != nil {
		return nil, r.unavailable(err)
	}
	return r.lookUp(id, nil)
}

// aging returns keys of a set that should be fetched anew. That happens in the
// background, unless the set is overdue since nobody has asked for it in time:
// then this caller waits, or goes without, lest a key that was withdrawn long ago
// be trusted once more. While the issuer fails nobody waits.
func (r *remoteKeys) aging(ctx context.Context, id string, found []Key, overdue bool) ([]Key, error) {
	if !overdue || r.failing() {
		_ = r.fetch(ctx, false) // what comes of it is for the next caller
		return found, nil
	}
	switch err := r.fetch(ctx, true); {
	case err == nil:
		return r.lookUp(id, nil)
	case ctx.Err() != nil || errors.Is(err, pause.ErrCrowded):
		return nil, r.unavailable(err)
	}
	return found, nil
}

// failing reports whether the issuer failed a short time ago.
func (r *remoteKeys) failing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last != nil && r.now().Sub(r.next) < fetchInterval
}

// Refresh implements [Refresher].
func (r *remoteKeys) Refresh(ctx context.Context) error {
	err := r.fetch(ctx, true)
	if errors.Is(err, errTooSoon) {
		return nil
	}
	return err
}

var errNoKeys = errors.New("there is none that is of use")

func (r *remoteKeys) lastError() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// unavailable returns the error for a token that waits for keys in vain.
func (r *remoteKeys) unavailable(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if errors.Is(err, errTooSoon) && r.last != nil {
		err = r.last
	}
	return &authn.Error{Reason: authn.Unavailable, Err: err, RetryAfter: min(max(0, r.next.Sub(r.now())), 2*fetchInterval)}
}

// HealthCheck implements [Authenticator.HealthCheck].
func (r *remoteKeys) HealthCheck() error {
	set, last := r.current.Load(), r.lastError()
	switch {
	case set == nil && last == nil:
		return errors.New("keys: not fetched yet")
	case set == nil:
		return fmt.Errorf("keys: none yet: %w", last)
	case r.tooOld(set, r.now()):
		return fmt.Errorf("keys: none, those of %s are too old: %w", set.fetched.UTC().Format(time.RFC3339), cmp.Or(last, errors.New("not fetched since")))
	case last != nil:
		return fmt.Errorf("keys: still those of %s: %w", set.fetched.UTC().Format(time.RFC3339), last)
	case len(set.keys) == 0:
		return fmt.Errorf("keys: the set of %s has none that is of use: %w", set.fetched.UTC().Format(time.RFC3339), set.why())
	}
	return nil
}

// tooOld reports whether a set may not be used any more.
func (r *remoteKeys) tooOld(set *keySet, now time.Time) bool {
	return now.After(set.fetched.Add(r.maxStale))
}
