package jwt

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/internal/strictjson"
)

// source is where an issuer's keys come from.
type source struct {
	issuer    string
	discovery string // URL; empty: under the issuer
	client    *http.Client
	loopback  bool // discovery is over http, so the keys may be too, on loopback addresses

	mu      sync.Mutex // guards all below
	keysURL string     // as last discovered; empty: not yet
	slow    bool       // the last fetch got no answer from keysURL in time
}

// fetch returns the issuer's key set. Where it is, is discovered the first time,
// and anew when it cannot be fetched from there.
func (s *source) fetch(ctx context.Context) (*keySet, error) {
	known := s.known()
	var failed error
	if known != "" {
		var set *keySet
		if set, failed = s.keySet(ctx, known); failed == nil {
			return set, nil
		}
		s.know(known, ctx.Err() != nil)
	}
	url, err := s.discover(ctx)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	s.know(url, false)
	if url == known {
		return nil, failed
	}
	return s.keySet(ctx, url)
}

// known returns where the key set was last. If that left no time for discovery
// once, it returns nothing the next time.
func (s *source) known() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slow {
		s.slow = false
		return ""
	}
	return s.keysURL
}

func (s *source) know(url string, slow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keysURL, s.slow = url, slow
}

// discover reads the discovery document (OpenID Connect Discovery 1.0, sections
// 4.2 and 4.3).
func (s *source) discover(ctx context.Context) (string, error) {
	url := s.discovery
	if url == "" {
		url = strings.TrimSuffix(s.issuer, "/") + "/.well-known/openid-configuration"
	}
	answer, err := fetch.Get(ctx, s.client, url)
	if err != nil {
		return "", err
	}
	document, err := strictjson.Parse(string(answer.Body))
	if err != nil {
		return "", fmt.Errorf("%s: %w", url, err)
	}
	issuer, _ := document.Get("issuer").Text()
	if issuer != s.issuer {
		return "", fmt.Errorf("%s: is of issuer %s, not %q", url, clip.Quote(issuer), s.issuer)
	}
	keysURL, _ := document.Get("jwks_uri").Text()
	if err := fetch.CheckURL(keysURL, s.loopback); err != nil {
		return "", fmt.Errorf("%s: jwks_uri %s: %w", url, clip.Quote(keysURL), err)
	}
	return keysURL, nil
}

func (s *source) keySet(ctx context.Context, url string) (*keySet, error) {
	answer, err := fetch.Get(ctx, s.client, url)
	if err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	keys, notes, err := parseKeySet(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("key set: %s: %w", clip.Text(url), err)
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
