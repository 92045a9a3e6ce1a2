package jwt

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/internal/strictjson"
)

// source is where an issuer's keys come from. It fetches one thing at a time.
type source struct {
	issuer    string
	discovery string // URL; empty: under the issuer
	given     string // URL of the key set; empty: as discovered
	client    *http.Client
	loopback  bool // discovery is over http, so the keys may be too, on loopback addresses
	now       func() time.Time
	renewal   fetch.Renewal

	keysURL    string    // as last discovered; empty: not yet
	discovered time.Time // when that was
}

// rediscover is when to look again where the keys are, though they are still
// where they were.
const rediscover = time.Hour

// fetch returns the issuer's key set. Where it is, is discovered the first time,
// when it cannot be fetched from there, and once an hour, unless it was given.
func (s *source) fetch(ctx context.Context) (*keySet, error) {
	if s.given != "" {
		return s.keySet(ctx, s.given)
	}
	known := s.keysURL
	if known == "" {
		return s.fetchAnew(ctx)
	}
	if age := s.now().Sub(s.discovered); age < 0 || age > rediscover {
		return s.fetchMoved(ctx, known)
	}
	set, failed := s.hasty(ctx, known)
	if failed == nil {
		return set, nil
	}
	url, err := s.discover(ctx)
	switch {
	case err != nil:
		return nil, both(failed, err)
	case url == known:
		return nil, failed
	}
	return s.keySet(ctx, url)
}

// fetchAnew begins with discovery.
func (s *source) fetchAnew(ctx context.Context) (*keySet, error) {
	url, err := s.discover(ctx)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	return s.keySet(ctx, url)
}

// fetchMoved begins with discovery, in case the key set has moved, and makes do
// without it.
func (s *source) fetchMoved(ctx context.Context, known string) (*keySet, error) {
	short, cancel := firstPart(ctx)
	defer cancel()
	url, lost := s.discover(short)
	if lost == nil {
		return s.keySet(ctx, url)
	}
	set, err := s.keySet(ctx, known)
	if err != nil {
		return nil, both(err, lost)
	}
	return set, nil
}

// both is the error of a key set that neither is where it was nor has been found
// anew.
func both(keySet, discovery error) error {
	return fmt.Errorf("%w; discovery: %w", keySet, discovery)
}

// hasty fetches a key set in time for a second thought.
func (s *source) hasty(ctx context.Context, url string) (*keySet, error) {
	short, cancel := firstPart(ctx)
	defer cancel()
	return s.keySet(short, url)
}

// firstPart returns a context for the first of two attempts, if the second is to
// have time too.
func firstPart(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, fetchTimeout*3/5)
}

// discover reads the discovery document (OpenID Connect Discovery 1.0, sections
// 4.2 and 4.3).
func (s *source) discover(ctx context.Context) (string, error) {
	url := s.discovery
	if url == "" {
		url = strings.TrimSuffix(s.issuer, "/") + "/.well-known/openid-configuration"
	}
	answer, err := s.renewal.Get(ctx, s.client, url, "application/json")
	if err != nil {
		return "", err
	}
	document, err := strictjson.Parse(string(answer.Body))
	if err != nil {
		return "", fmt.Errorf("%s: %w", fetch.Redact(url), err)
	}
	issuer, _ := document.Get("issuer").Text()
	if issuer != s.issuer {
		return "", fmt.Errorf("%s: is of issuer %s, not %q", fetch.Redact(url), clip.Quote(issuer), s.issuer)
	}
	keysURL, _ := document.Get("jwks_uri").Text()
	if err := fetch.CheckURL(keysURL, s.loopback); err != nil {
		return "", fmt.Errorf("%s: jwks_uri %s: %w", fetch.Redact(url), clip.Quote(fetch.Redact(keysURL)), err)
	}
	s.keysURL, s.discovered = keysURL, s.now()
	return keysURL, nil
}

// keySetTypes are the types that a key set may be sent as. The first is its own (RFC 7517,
// section 8.5.1): kube-apiserver refuses who does not accept it.
const keySetTypes = "application/jwk-set+json, application/json, */*;q=0.1"

func (s *source) keySet(ctx context.Context, url string) (*keySet, error) {
	answer, err := s.renewal.Get(ctx, s.client, url, keySetTypes)
	if err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	keys, notes, err := parseKeySet(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("key set: %s: %w", clip.Text(fetch.Redact(url)), err)
	}
	return &keySet{keys: keys, notes: notes, life: life(answer.Header)}, nil
}

// life returns how long a set is fresh by its Cache-Control (RFC 9111, section
// 5.2.2), within bounds.
func life(h http.Header) time.Duration {
	found := defaultLife
	for _, value := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(value, ",") {
			name, arg, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "no-store", "no-cache":
				return minLife
			case "max-age":
				if seconds, err := strconv.ParseUint(strings.Trim(arg, `"`), 10, 31); err == nil {
					found = min(max(time.Duration(seconds)*time.Second, minLife), maxLife)
				}
			}
		}
	}
	return found
}
