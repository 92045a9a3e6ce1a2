package revocation

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authnchain/authnchain/internal/fetch"
)

const (
	defaultMaxAge  = time.Hour
	defaultEntries = 4096
	currentAge     = time.Minute // of an answer without a nextUpdate
	maxResponse    = 64 << 10    // bytes
	maxInFlight    = 64
)

// OCSPConfig is the settings of [OCSP]. Either URL or Hosts is required.
type OCSPConfig struct {
	// URL is the responder to ask about every certificate. Empty means those that the
	// certificates themselves name (RFC 5280, section 4.2.2.1), if Hosts allows them.
	URL string

	// Hosts are those that may be asked because a certificate names them, each a name,
	// "ocsp.example.com", for the usual port, or with another, "ocsp.example.com:8080".
	Hosts []string

	// HTTP allows URLs with http, which is what most authorities name. Answers are
	// signed; but who is on the way sees which certificate is asked about, and can give
	// an older answer that is still valid. False means https only.
	HTTP bool

	// Client sends the requests. Redirects are not followed, whatever it says. Nil
	// means a client with the settings of [http.DefaultTransport].
	Client *http.Client

	// MaxAge is how long an answer is used, if its nextUpdate is not sooner. Zero means
	// an hour.
	MaxAge time.Duration

	// MaxEntries is of how many certificates the answers are remembered. Zero means
	// 4,096.
	MaxEntries int

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// Responder is a [Source] that asks OCSP responders (RFC 6960). It is safe for
// concurrent use.
type Responder struct {
	config  OCSPConfig
	hosts   hosts
	client  *http.Client
	now     func() time.Time
	places  chan struct{} // of those in flight
	changes atomic.Uint64

	mu      sync.Mutex // guards the following, and all entries
	entries map[question]*answer
}

// question is a certificate, by its issuer's key and its serial number.
type question [sha256.Size]byte

// answer is what is known of one certificate.
type answer struct {
	known   bool      // there was an answer
	revoked error     // nil: it is good
	this    time.Time // of the answer, and the following
	until   time.Time
	refresh time.Time

	flight *flight
	next   time.Time // when to ask again at the earliest
	last   error     // of the last time it was asked
}

// OCSP returns a source that asks responders by POST, one certificate at a time, and
// remembers their answers. An answer that a certificate is unknown is none.
func OCSP(c OCSPConfig) (*Responder, error) {
	r := &Responder{
		config:  c,
		client:  fetch.Client(c.Client),
		now:     orNow(c.Now),
		places:  make(chan struct{}, maxInFlight),
		entries: make(map[question]*answer),
	}
	r.config.MaxAge = cmp.Or(max(c.MaxAge, 0), defaultMaxAge)
	r.config.MaxEntries = cmp.Or(max(c.MaxEntries, 0), defaultEntries)
	var err error
	switch {
	case c.URL != "" && len(c.Hosts) > 0:
		err = errors.New("either a URL or hosts, not both")
	case c.URL != "":
		if err = checkURL(c.URL, c.HTTP); err != nil {
			err = fmt.Errorf("URL %q: %w", fetch.Redact(c.URL), err)
		}
	default:
		r.hosts, err = newHosts(c.Hosts)
	}
	if err != nil {
		return nil, fmt.Errorf("revocation: OCSP: %w", err)
	}
	return r, nil
}

// Status implements [Source].
func (r *Responder) Status(ctx context.Context, cert, issuer *x509.Certificate) (time.Time, error) {
	q := questionOf(cert, issuer)
	until, f, err := r.look(q, cert, issuer)
	if f != nil {
		if f.wait(ctx) != nil && ctx.Err() != nil {
			return time.Time{}, named(ctx.Err())
		}
		until, _, err = r.look(q, cert, issuer)
	}
	return until, named(err)
}

// errAsked is for an answer that is on its way.
var errAsked = errors.New("the responder is being asked")

func named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("OCSP: %w", err)
}

func questionOf(cert, issuer *x509.Certificate) question {
	h := sha256.New()
	h.Write(issuer.RawSubjectPublicKeyInfo)
	h.Write(issuer.RawSubject)
	h.Write(cert.SerialNumber.Bytes())
	return question(h.Sum(nil))
}

// look returns what is known, or else an error and the flight that may bring it. That a
// certificate was revoked stays known until there is a newer answer.
func (r *Responder) look(q question, cert, issuer *x509.Certificate) (time.Time, *flight, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	a := r.entry(q)
	valid := a.known && now.Before(a.until)
	if (!valid || !now.Before(a.refresh)) && a.flight == nil && due(a.next, now) {
		a.flight = fly("responder",
			func(ctx context.Context) error { return r.fetch(ctx, a, cert, issuer) },
			func(err error) { r.land(a, err) })
	}
	switch {
	case valid && !now.Before(a.refresh):
		return earliest(a.until, now.Add(fetchInterval)), nil, a.revoked
	case valid:
		return a.refresh, nil, a.revoked
	case a.flight != nil:
		return time.Time{}, a.flight, errAsked
	case a.revoked != nil:
		return time.Time{}, nil, a.revoked
	}
	return time.Time{}, nil, cmp.Or(a.last, errTooSoon)
}

// entry returns the answer to q, which may be a new one. If there are too many, another
// makes room, and rather one that is good. r.mu is held.
func (r *Responder) entry(q question) *answer {
	a, ok := r.entries[q]
	if ok {
		return a
	}
	if len(r.entries) >= r.config.MaxEntries {
		var victim question
		seen := 0
		for other, b := range r.entries {
			victim = other
			if seen++; seen == 8 || b.revoked == nil && b.flight == nil {
				break
			}
		}
		delete(r.entries, victim)
	}
	a = &answer{}
	r.entries[q] = a
	return a
}

func (r *Responder) land(a *answer, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	interval := firstInterval
	if a.known {
		interval = fetchInterval
	}
	a.flight, a.last, a.next = nil, err, r.now().Add(jitter(interval))
}

// Generation returns a number that grows when the answer on a certificate has become
// another one.
func (r *Responder) Generation() uint64 { return r.changes.Load() }

// HealthCheck returns why the responders could not tell of certificates when they were
// last asked, and of how many.
func (r *Responder) HealthCheck() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var one error
	n := 0
	for _, a := range r.entries {
		if a.last != nil {
			one, n = a.last, n+1
		}
	}
	if one == nil {
		return nil
	}
	return fmt.Errorf("OCSP: %d of %d certificates: %w", n, len(r.entries), one)
}
