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
	loopback  bool // http is fine for loopback addresses

	mu      sync.Mutex // guards keysURL
	keysURL string     // as last discovered; empty: not yet
}

// fetch returns the issuer's key set. Where it is, is discovered the first time,
// and anew when it cannot be fetched from there.
func (s *source) fetch(ctx context.Context) (*keySet, error) {
	if url := s.known(); url != "" {
		if set, err := s.keySet(ctx, url); err == nil {
			return set, nil
		}
	}
	url, err := s.discover(ctx)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	return s.keySet(ctx, url)
}

func (s *source) known() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keysURL
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
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keysURL = keysURL
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
	for _, value := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(value, ",") {
			name, arg, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "no-store", "no-cache":
				return minLife
			case "max-age":
				if seconds, err := strconv.ParseUint(strings.Trim(arg, `"`), 10, 31); err == nil {
					return min(max(time.Duration(seconds)*time.Second, minLife), maxLife)
				}
			}
		}
	}
	return defaultLife
}
