package revocation

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/authnchain/authnchain/internal/fetch"
)

// URLOptions are the settings of [CRLURL] that are rarely needed.
type URLOptions struct {
	// HTTP allows a URL with http. Lists are signed, so nobody can make one up; but
	// who is on the way can see what is asked for, and hold a newer list back until the
	// older one is stale. False means https only.
	HTTP bool

	// Client sends the requests. Redirects are not followed, whatever it says. Nil
	// means a client with the settings of [http.DefaultTransport].
	Client *http.Client

	// MaxBytes is how long a list may be. Zero means 16 MiB.
	MaxBytes int

	// Refresh is how old a list becomes before it is fetched again, if half of the time
	// to its nextUpdate is not shorter. Zero means 10 minutes; less than 30 seconds are
	// taken for 30.
	Refresh time.Duration

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

func (o *URLOptions) fetching(changes *atomic.Uint64) *fetching {
	return &fetching{
		client:   fetch.Client(o.Client),
		maxBytes: orMaxBytes(o.MaxBytes),
		refresh:  max(cmp.Or(o.Refresh, defaultRefresh), fetchInterval),
		now:      orNow(o.Now),
		changes:  changes,
		places:   make(chan struct{}, maxFetches),
	}
}

// URL is a [Source] of CRLs that are fetched. It is safe for concurrent use.
type URL struct {
	remote  *remote
	changes atomic.Uint64
}

// CRLURL returns a source of the CRLs at a URL, one in DER or any number in PEM. They
// are fetched when somebody first asks, and again in the background when they have
// grown old. What could not be fetched, is not signed as it should be, or is older
// than what is in use changes nothing: the last good lists serve until their
// nextUpdate. o may be nil.
func CRLURL(url string, o *URLOptions) (*URL, error) {
	if o == nil {
		o = &URLOptions{}
	}
	if err := checkURL(url, o.HTTP); err != nil {
		return nil, fmt.Errorf("revocation: CRL URL %q: %w", fetch.Redact(url), err)
	}
	u := &URL{}
	u.remote = &remote{url: url, fetching: o.fetching(&u.changes)}
	return u, nil
}

// Status implements [Source].
func (u *URL) Status(ctx context.Context, cert, issuer *x509.Certificate) (time.Time, error) {
	return u.remote.status(ctx, cert, issuer)
}

// Generation returns a number that grows when the lists change.
func (u *URL) Generation() uint64 { return u.changes.Load() }

// HealthCheck returns nil if the lists have been fetched, could be the last time that
// it was tried, and none is stale.
func (u *URL) HealthCheck() error {
	if err := u.remote.healthCheck(); err != nil {
		return fmt.Errorf("CRL URL: %w", err)
	}
	return nil
}

// checkURL says why a URL may not be asked.
func checkURL(raw string, http bool) error {
	if rest, ok := cutScheme(raw, "http:"); ok && http {
		raw = "https:" + rest // what else must hold is the same
	}
	return fetch.CheckURL(raw, false)
}

func cutScheme(raw, scheme string) (string, bool) {
	if len(raw) < len(scheme) || !strings.EqualFold(raw[:len(scheme)], scheme) {
		return raw, false
	}
	return raw[len(scheme):], true
}

// hosts are those that may be asked since a certificate names them: "host" for the
// usual port of its scheme, or "host:port".
type hosts []string

func newHosts(names []string) (hosts, error) {
	if len(names) == 0 {
		return nil, errors.New("hosts: at least one is required, since the URLs come out of certificates")
	}
	var h hosts
	for _, name := range names {
		u, err := url.Parse("https://" + name)
		if err != nil || u.Host != name || u.Hostname() == "" {
			return nil, fmt.Errorf("hosts: %q is no host", name)
		}
		h = append(h, strings.ToLower(name))
	}
	return h, nil
}

// allow returns the URLs of raw that may be asked, and why the others may not.
func (h hosts) allow(raw []string, http bool) ([]string, error) {
	var urls []string
	var errs []error
	for _, r := range raw[:min(len(raw), maxURLs)] {
		err := checkURL(r, http)
		if err == nil && !h.has(r) {
			err = errors.New("the host is not among those allowed")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", clipURL(r), err))
			continue
		}
		urls = append(urls, r)
	}
	return urls, join(errs...)
}

// maxURLs is how many URLs of a certificate are looked at.
const maxURLs = 4

func (h hosts) has(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Host)
	if name, port, err := net.SplitHostPort(host); err == nil && port == usualPort[u.Scheme] {
		host = name
		if strings.Contains(name, ":") {
			host = "[" + name + "]"
		}
	}
	return slices.Contains(h, host)
}

var usualPort = map[string]string{"http": "80", "https": "443"}
