package jwt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/fetch"
)

// The policy on fetching keys. The package's comment tells it to users.
const (
	fetchTimeout  = 5 * time.Second        // of one fetch, discovery included
	fetchInterval = 30 * time.Second       // between two fetches, once there are keys
	firstInterval = time.Second            // between two fetches, while there are none
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
	credit bool       // one more fetch may come before next
}

// keySet is what one fetch brought.
type keySet struct {
	keys    []Key
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

// flight is one fetch and those who wait for it.
type flight struct {
	done    chan struct{} // closed when it is over
	cancel  context.CancelFunc
	waiting int // callers; guarded by remoteKeys.mu
	changed bool
	err     error
}

func newRemoteKeys(c Config, o *Options, now func() time.Time) *remoteKeys {
	return &remoteKeys{now: now, maxStale: cmp.Or(o.MaxStale, staleLife), source: source{
		issuer:    c.Issuer,
		discovery: c.DiscoveryURL,
		client:    fetch.Client(o.Client),
		loopback:  o.Client != nil && strings.HasPrefix(cmp.Or(c.DiscoveryURL, c.Issuer), "http:"),
	}}
}

// Keys implements [KeySet].
func (r *remoteKeys) Keys(ctx context.Context, id string) ([]Key, error) {
	now := r.now()
	set := r.current.Load()
	if set == nil || now.After(set.fetched.Add(r.maxStale)) {
		return r.first(ctx, id)
	}
	if found := find(set.keys, id); len(found) > 0 {
		if age := now.Sub(set.fetched); age > set.life*4/5 {
			return r.aging(ctx, id, found, age > set.life), nil
		}
		return found, nil
	}
	_, err := r.fetch(ctx, true)
	return r.lookUp(id, err)
}

// lookUp returns the keys called id after a fetch that ended with err. That
// there are none is only said if it is known; else a flood of made-up ids would
// make a key unknown that is merely new.
func (r *remoteKeys) lookUp(id string, err error) ([]Key, error) {
	found := find(r.current.Load().keys, id)
	switch {
	case len(found) > 0:
		return found, nil
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
	_, err := r.fetch(ctx, true)
	if err != nil {
		return nil, r.unavailable(err)
	}
	return r.lookUp(id, nil)
}

// aging returns keys of a set that should be fetched anew. That happens in the
// background, unless the set is overdue since nobody has asked for it in time:
// then this caller waits, lest a key that was withdrawn long ago be trusted once
// more. While the issuer fails nobody waits.
func (r *remoteKeys) aging(ctx context.Context, id string, found []Key, overdue bool) []Key {
	if overdue && r.lastError() == nil {
		if _, err := r.fetch(ctx, true); err == nil {
			return find(r.current.Load().keys, id)
		}
		return found
	}
	_, _ = r.fetch(ctx, false) // what comes of it is for the next caller
	return found
}

// refresh implements refresher.
func (r *remoteKeys) refresh(ctx context.Context) bool {
	changed, _ := r.fetch(ctx, true) // without success there are no other keys
	return changed
}

var errTooSoon = errors.New("not among those known, and it is too soon to fetch them again")

// fetch joins the fetch under way or begins one, if it is time. It reports
// whether the fetch brought other keys. If it does not wait, it returns at once.
func (r *remoteKeys) fetch(ctx context.Context, wait bool) (changed bool, err error) {
	r.mu.Lock()
	f := r.flight
	if f == nil {
		if now := r.now(); now.Before(r.next) {
			if !r.credit {
				r.mu.Unlock()
				return false, errTooSoon
			}
			r.credit = false
		}
		f = r.start(ctx)
	}
	if !wait {
		f.waiting++ // for good: nobody's leaving ends it
		r.mu.Unlock()
		return false, nil
	}
	f.waiting++
	r.mu.Unlock()

	select {
	case <-f.done:
		return f.changed, f.err
	case <-ctx.Done():
		r.leave(f)
		return false, ctx.Err()
	}
}

// start begins a fetch. r.mu is held.
func (r *remoteKeys) start(ctx context.Context) *flight {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	f := &flight{done: make(chan struct{}), cancel: cancel}
	r.flight = f
	go func() {
		defer cancel()
		set, err := r.source.fetch(ctx)
		r.land(f, set, err)
	}()
	return f
}

// leave counts one waiting caller out. A fetch that nobody waits for ends soon.
func (r *remoteKeys) leave(f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.waiting--; f.waiting > 0 {
		return
	}
	time.AfterFunc(abandonAfter, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if f.waiting == 0 {
			f.cancel()
		}
	})
}

// land ends a fetch and puts its keys to use.
func (r *remoteKeys) land(f *flight, set *keySet, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(f.done)
	now := r.now()
	r.flight, r.last, f.err = nil, err, err
	before := r.current.Load()
	if err == nil {
		set.fetched = now
		f.changed = before == nil || !sameKeys(before.keys, set.keys)
		r.credit = r.credit || f.changed
		r.current.Store(set)
	}
	interval := fetchInterval
	if r.current.Load() == nil {
		interval = firstInterval
	}
	r.next = now.Add(jitter(interval))
}

// jitter returns d and up to a tenth more, so that servers which started
// together do not ask together.
func jitter(d time.Duration) time.Duration { return d + rand.N(d/10) }

func sameKeys(a, b []Key) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(k Key) bool {
		return !slices.ContainsFunc(b, k.equal)
	})
}

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
	return &authn.Error{Reason: authn.Unavailable, Err: err, RetryAfter: max(0, r.next.Sub(r.now()))}
}

// HealthCheck implements [Authenticator.HealthCheck].
func (r *remoteKeys) HealthCheck() error {
	set, last := r.current.Load(), r.lastError()
	switch {
	case set == nil && last == nil:
		return errors.New("keys: not fetched yet")
	case set == nil:
		return fmt.Errorf("keys: none yet: %w", last)
	case last != nil:
		return fmt.Errorf("keys: still those of %s: %w", set.fetched.UTC().Format(time.RFC3339), last)
	case len(set.keys) == 0:
		return fmt.Errorf("keys: the set of %s has none that is of use: %w", set.fetched.UTC().Format(time.RFC3339), set.why())
	}
	return nil
}

// Preload fetches the issuer's keys if they are not known yet, for a server that
// would rather not start, or not be ready, without them.
func (a *Authenticator) Preload(ctx context.Context) error {
	if _, err := a.keys.Keys(ctx, ""); err != nil {
		return fmt.Errorf("jwt: issuer %q: %w", a.issuer, keysError(err))
	}
	return nil
}

// HealthCheck returns nil once the issuer's keys have been loaded and as long as
// they could be fetched anew when it was time; else it says which keys are in use
// and what is wrong. A KeySet of one's own may have this method too; if it does
// not, it is healthy.
func (a *Authenticator) HealthCheck() error {
	keys, ok := a.keys.(interface{ HealthCheck() error })
	if !ok {
		return nil
	}
	if err := keys.HealthCheck(); err != nil {
		return fmt.Errorf("jwt: issuer %q: %w", a.issuer, err)
	}
	return nil
}
