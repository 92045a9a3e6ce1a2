package revocation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/fetch"
)

// maxPoints is how many distribution points are remembered.
const maxPoints = 64

// Points is a [Source] of the CRLs at the distribution points that certificates name.
// It is safe for concurrent use.
type Points struct {
	hosts    hosts
	http     bool
	fetching *fetching
	changes  atomic.Uint64

	mu      sync.Mutex // guards remotes
	remotes map[string]*remote
}

// CRLPoints returns a source of the CRLs that certificates themselves name (RFC 5280,
// section 4.2.1.13), each fetched as [CRLURL] does. The URLs come out of certificates
// that lead to a trusted root, so an authority could send this server anywhere: hosts
// are those that it may ask, each a name, "crl.example.com", for the usual port, or
// with another, "crl.example.com:8080". At least one is required. Most authorities
// name URLs with http; see [URLOptions].HTTP. Of several URLs the first that can tell
// is believed, and 4 are looked at. o may be nil.
//
// It keeps the lists of 64 URLs.
func CRLPoints(hosts []string, o *URLOptions) (*Points, error) {
	if o == nil {
		o = &URLOptions{}
	}
	allowed, err := newHosts(hosts)
	if err != nil {
		return nil, fmt.Errorf("revocation: CRL distribution points: %w", err)
	}
	p := &Points{hosts: allowed, http: o.HTTP, remotes: make(map[string]*remote)}
	p.fetching = o.fetching(&p.changes)
	return p, nil
}

// Status implements [Source].
func (p *Points) Status(ctx context.Context, cert, issuer *x509.Certificate) (time.Time, error) {
	if len(cert.CRLDistributionPoints) == 0 {
		return time.Time{}, errors.New("the certificate names no CRL")
	}
	urls, problems := p.hosts.allow(cert.CRLDistributionPoints, p.http)
	for _, url := range urls {
		until, err := p.remote(url).status(ctx, cert, issuer)
		if err == nil || isRevoked(err) {
			return until, err
		}
		problems = join(problems, err)
	}
	return time.Time{}, problems
}

// remote returns what is at a URL. If there are too many, any other makes room.
func (p *Points) remote(url string) *remote {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.remotes[url]
	if !ok {
		for other := range p.remotes {
			if len(p.remotes) < maxPoints {
				break
			}
			delete(p.remotes, other)
		}
		r = &remote{url: url, fetching: p.fetching}
		p.remotes[url] = r
	}
	return r
}

// Generation returns a number that grows when any of the lists changes.
func (p *Points) Generation() uint64 { return p.changes.Load() }

// HealthCheck returns what is wrong with the lists that are remembered.
func (p *Points) HealthCheck() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, url := range slices.Sorted(maps.Keys(p.remotes)) {
		errs = append(errs, p.remotes[url].healthCheck())
	}
	if err := join(errs...); err != nil {
		return fmt.Errorf("CRL distribution points: %w", err)
	}
	return nil
}

func clipURL(url string) string { return clip.Text(fetch.Redact(url)) }
