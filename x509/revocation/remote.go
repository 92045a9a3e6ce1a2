package revocation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authnchain/authnchain/internal/fetch"
)

// defaultRefresh is how old fetched lists become before they are fetched again.
const defaultRefresh = 10 * time.Minute

// remote is the CRLs at a URL.
type remote struct {
	url string
	*fetching
	current atomic.Pointer[held] // nil until a fetch succeeds

	mu     sync.Mutex          // guards the following
	flight *flight             // the fetch under way; nil if none
	last   error               // of the last fetch that ended
	next   time.Time           // when to fetch again at the earliest
	askers []*x509.Certificate // issuers that were asked about
}

// fetching is how CRLs are fetched, and how often others came of it.
type fetching struct {
	client   *http.Client
	maxBytes int
	refresh  time.Duration
	now      func() time.Time
	changes  *atomic.Uint64
	places   chan struct{} // of those under way
}

// maxFetches is how many lists a source fetches at a time.
const maxFetches = 8

// held is what a fetch brought, and when to fetch it anew.
type held struct {
	*lists
	refresh time.Time
}

var errTooSoon = errors.New("it is too soon to fetch it again")

// status is [Source.Status]. It waits for a fetch only if the lists at hand cannot
// tell, and fetching them anew could help.
func (r *remote) status(ctx context.Context, cert, issuer *x509.Certificate) (time.Time, error) {
	var err error
	if h := r.current.Load(); h != nil {
		var until time.Time
		now := r.now()
		until, err = h.status(cert, issuer, now)
		if !now.Before(h.refresh) {
			r.fetch(issuer)
			until = earliest(until, now.Add(fetchInterval)) // if it brings nothing new
		} else {
			until = earliest(until, h.refresh)
		}
		if err == nil || err == errNoList || isRevoked(err) {
			return until, r.named(err)
		}
	}
	f := r.fetch(issuer)
	if f == nil {
		return time.Time{}, join(r.named(err), r.lastError())
	}
	if failed := f.wait(ctx); failed != nil {
		return time.Time{}, join(r.named(err), failed)
	}
	h := r.current.Load()
	until, err := h.status(cert, issuer, r.now())
	return earliest(until, h.refresh), r.named(err)
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// named says where err is from.
func (r *remote) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", clipURL(r.url), err)
}

// fetch returns the fetch under way, or begins one if it is time, else nil.
func (r *remote) fetch(issuer *x509.Certificate) *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asks(issuer)
	if r.flight == nil && due(r.next, r.now()) {
		r.flight = fly(clipURL(r.url), r.load, r.land)
	}
	return r.flight
}

// land ends a fetch.
func (r *remote) land(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	interval := fetchInterval
	if r.current.Load() == nil {
		interval = firstInterval
	}
	r.flight, r.last, r.next = nil, err, r.now().Add(jitter(interval))
}

func (r *remote) lastError() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		return r.named(errTooSoon)
	}
	return r.last
}

// load fetches the lists. Its errors name the URL.
func (r *remote) load(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/pkix-crl") // RFC 2585, section 4.2
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	case <-ctx.Done():
		return r.named(fmt.Errorf("%d others are being fetched: %w", maxFetches, ctx.Err()))
	}
	answer, err := fetch.DoMax(r.client, req, r.maxBytes, http.StatusOK)
	if err != nil {
		return err
	}
	return r.named(r.take(answer.Body))
}

// take puts lists to use, if they may be.
func (r *remote) take(body []byte) error {
	x, err := parseLists(body)
	if err != nil {
		return err
	}
	var old *lists
	if h := r.current.Load(); h != nil {
		old = h.lists
	}
	if err := x.admissible(old, r.issuers(), r.now()); err != nil {
		return err
	}
	r.use(x, old)
	return nil
}

// use puts lists to use. Those that are as they were keep what is known of their
// signatures.
func (r *remote) use(x, old *lists) {
	changed := !x.same(old)
	if changed {
		x.keep(old)
	} else {
		x = old
	}
	now := r.now()
	wait := r.refresh
	for _, l := range x.all {
		wait = min(wait, max(l.next.Sub(now)/2, fetchInterval))
	}
	r.current.Store(&held{x, now.Add(jitter(wait))})
	if changed {
		r.changes.Add(1)
	}
}

func (r *remote) healthCheck() error {
	h := r.current.Load()
	r.mu.Lock()
	last := r.last
	r.mu.Unlock()
	switch {
	case h == nil && last == nil:
		return r.named(errors.New("not fetched yet"))
	case h == nil:
		return last
	}
	err := r.named(h.problem(r.now()))
	if last != nil {
		err = join(err, fmt.Errorf("still what was fetched before: %w", last))
	}
	return err
}
