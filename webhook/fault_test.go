package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/webhook"
)

// static knows one token, without asking anybody.
func static(_ context.Context, token string) (*authenticator.Response, bool, error) {
	if token == "static" {
		return &authenticator.Response{User: authntest.User("bob")}, true, nil
	}
	return nil, false, nil
}

// Whatever is wrong with a reviewer: its tokens are unavailable, which nobody remembers,
// and those of others do not feel it.
func TestFaults(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name  string
		does  act
		asked int // by one token
		took  time.Duration
	}{
		{"429", code(429), 3, 1250 * time.Millisecond},
		{"429, come again", code(429, "1"), 3, 2 * s},
		{"429, come much later", code(429, "3600"), 1, 0},
		{"500", code(500), 3, 1250 * time.Millisecond},
		{"503", code(503), 3, 1250 * time.Millisecond},
		{"hangs", hangs, 2, 10 * s},
		{"refused", fails(errRefused), 3, 1250 * time.Millisecond},
		{"reset", fails(errReset), 3, 750 * time.Millisecond},
		{"half of the body", cut, 3, 750 * time.Millisecond},
		{"half of the JSON", text(review(`{"authenticated":true`)[:80]), 1, 0},
		{"garbage", text("garbage"), 1, 0},
		{"slow-loris", trickle, 2, 10 * s},
		{"1 GiB", sends(200, nil, io.LimitReader(blanks{}, 1<<30)), 1, 0},
		{"no such host", fails(errNoHost), 3, 1250 * time.Millisecond},
		{"a redirect", sends(307, http.Header{"Location": {"http://elsewhere.test"}}, http.NoBody), 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
				rv.does(tt.does)
				tokens := bearer.Cached(union.Tokens(a, authenticator.TokenFunc(static)), nil)
				began := time.Now()
				_, ok, err := tokens.AuthenticateToken(t.Context(), "abc-123")
				require.False(t, ok)
				require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
				require.Equal(t, tt.took, time.Since(began))
				require.Len(t, rv.asked(), tt.asked)
				require.Error(t, authn.HealthOf(tokens))

				rv.does(ann)
				resp, ok, err := tokens.AuthenticateToken(t.Context(), "abc-123")
				require.NoError(t, err, "nothing of it is remembered")
				require.True(t, ok)
				require.Equal(t, "ann", resp.User.GetName())

				rv.does(tt.does)
				began = time.Now()
				_, ok, err = union.Tokens(authenticator.TokenFunc(static), a).AuthenticateToken(t.Context(), "static")
				require.NoError(t, err)
				require.True(t, ok)
				require.Zero(t, time.Since(began))
			})
		})
	}
}

// However many come with one new token, the reviewer is asked once.
func TestCrowdWithOneToken(t *testing.T) {
	inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
		rv.does(after(time.Second, ann))
		c := bearer.Cached(a, nil)
		var accepted atomic.Int32
		var all sync.WaitGroup
		for range 10_000 {
			all.Go(func() {
				if _, ok, _ := c.AuthenticateToken(t.Context(), "abc-123"); ok {
					accepted.Add(1)
				}
			})
		}
		all.Wait()
		require.Equal(t, int32(10_000), accepted.Load())
		require.Len(t, rv.asked(), 1)
	})
}

// Of a crowd with a token each, 256 at a time are asked about, whether there is a cache
// around or not. The rest learn within a second that they are too many, and a token that
// is nobody's business here is not kept waiting.
func TestCrowdAtASlowReviewer(t *testing.T) {
	for name, around := range map[string]func(authenticator.Token) authenticator.Token{
		"bare":   func(a authenticator.Token) authenticator.Token { return a },
		"cached": func(a authenticator.Token) authenticator.Token { return bearer.Cached(a, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
				rv.does(after(4*time.Second, ann))
				tokens := around(union.Tokens(authenticator.TokenFunc(static), a))
				began := time.Now()
				var accepted, crowded atomic.Int32
				var all sync.WaitGroup
				for i := range 10_000 {
					all.Go(func() {
						_, ok, err := tokens.AuthenticateToken(t.Context(), fmt.Sprint("token-", i))
						var e *authn.Error
						switch took := time.Since(began); {
						case ok && took == 4*time.Second:
							accepted.Add(1)
						case errors.As(err, &e) && e.Reason == authn.Unavailable && e.RetryAfter == time.Second && took <= time.Second:
							crowded.Add(1)
						default:
							t.Errorf("after %s: %v", took, err)
						}
					})
				}
				synctest.Wait()
				_, ok, err := tokens.AuthenticateToken(t.Context(), "static")
				require.NoError(t, err)
				require.True(t, ok)
				require.LessOrEqual(t, time.Since(began), time.Second)
				all.Wait()
				require.Equal(t, 256, rv.most)
				require.Equal(t, int32(256), accepted.Load())
				require.Equal(t, int32(10_000-256), crowded.Load())
				require.NoError(t, a.HealthCheck(), "it is slow, and well")
			})
		})
	}
}

// Whoever leaves leaves nothing behind.
func TestCrowdThatLeaves(t *testing.T) {
	for name, tt := range map[string]struct {
		does act
		wait int // how many of them do, at the least
	}{
		"hangs":      {hangs, 256},
		"slow-loris": {trickle, 256},
		"unwell":     {code(503, "5"), 4}, // the fifth opens the breaker
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
				rv.does(tt.does)
				c := bearer.Cached(a, nil)
				before := runtime.NumGoroutine()
				ctx, cancel := context.WithCancel(t.Context())
				for i := range 10_000 {
					go func() { _, _, _ = c.AuthenticateToken(ctx, fmt.Sprint("token-", i)) }()
				}
				synctest.Wait()
				require.GreaterOrEqual(t, runtime.NumGoroutine(), before+tt.wait)
				cancel()
				synctest.Wait()
				for tries := 0; runtime.NumGoroutine() > before && tries < 1_000_000; tries++ {
					runtime.Gosched() // one that has ended may count for a moment
				}
				require.LessOrEqual(t, runtime.NumGoroutine(), before)
				time.Sleep(10 * time.Second) // the breaker may be open
				rv.does(ann)
				_, ok, err := c.AuthenticateToken(t.Context(), "abc-123")
				require.NoError(t, err)
				require.True(t, ok)
			})
		})
	}
}

// A transport that panics takes no place with it, and nothing of it is remembered.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rv := &reviewer{}
		rv.does(func(*http.Request) (*http.Response, error) { panic("the transport's") })
		a, err := webhook.New(webhook.Config{URL: reviewURL}, &webhook.Options{Client: &http.Client{Transport: rv}, MaxInFlight: 1})
		require.NoError(t, err)
		for range 3 {
			require.Panics(t, func() { _, _, _ = a.AuthenticateToken(t.Context(), "abc-123") })
		}
		c := bearer.Cached(a, nil)
		_, ok, err := c.AuthenticateToken(t.Context(), "abc-123")
		require.False(t, ok)
		require.Equal(t, authn.Panicked, authn.ReasonOf(err))
		rv.does(ann)
		_, ok, err = c.AuthenticateToken(t.Context(), "abc-123")
		require.NoError(t, err)
		require.True(t, ok)
	})
}
