package jwt_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// besides returns a cache with two places for the world's issuer and a static token.
func besides(t *testing.T, w *world) *bearer.Cache {
	t.Helper()
	tokens, err := bearer.NewTokens(map[string]user.Info{"secret": authntest.User("ann")})
	require.NoError(t, err)
	return bearer.Cached(union.Tokens(tokens, w.auth), &bearer.CacheOptions{MaxInFlight: 2, TTL: 1})
}

// flood asks for n made-up tokens at the same time, and returns how long it took.
func flood(ctx context.Context, c *bearer.Cache, n int, token func(int) string) time.Duration {
	start := time.Now()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { _, _, _ = c.AuthenticateToken(ctx, token(i)) })
	}
	wg.Wait()
	return time.Since(start)
}

// mustHaveRoom wants a token of somebody else to be accepted at once, every time.
func mustHaveRoom(t *testing.T, c *bearer.Cache) {
	t.Helper()
	for range 40 {
		start := time.Now()
		resp, ok, err := c.AuthenticateToken(t.Context(), "secret")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, "ann", resp.User.GetName())
		require.Zero(t, time.Since(start))
		time.Sleep(100 * time.Millisecond)
	}
}

// An issuer that hangs does not keep out the tokens of others, whoever floods the
// cache with tokens of that issuer. Most of these do not wait for long.
func TestHangingIssuerInACrowd(t *testing.T) {
	for name, prepare := range map[string]func(*testing.T, *world) func(int) string{
		"without keys":   func(_ *testing.T, w *world) func(int) string { return w.unknown },
		"an unknown key": func(t *testing.T, w *world) func(int) string { w.mustKnowKeys(t); return w.unknown },
		"a bad signature": func(t *testing.T, w *world) func(int) string {
			w.mustKnowKeys(t)
			forged := w.forged()
			return func(i int) string { return forged[:len(forged)-8] + fmt.Sprintf("%07dA", i) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				c := besides(t, w)
				token := prepare(t, w)
				w.set(func(w *world) { w.delay = time.Hour })
				longest := make(chan time.Duration, 1)
				go func() { longest <- flood(t.Context(), c, 1000, token) }()
				synctest.Wait()
				mustHaveRoom(t, c)
				require.Equal(t, 5*time.Second, <-longest)
			})
		})
	}
}

// mustKnowKeys has the keys fetched, and waits until they may be fetched again.
func (w *world) mustKnowKeys(t *testing.T) {
	t.Helper()
	w.ask(t, w.token())
	time.Sleep(time.Minute)
}

// Those who wait for keys are four times as many as there are places; more are told
// after half a second that nobody knows.
func TestCrowdAtAHangingIssuer(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := besides(t, w)
		w.set(func(w *world) { w.delay = 2 * time.Second }) // discovery takes as long as the keys
		var early, late int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 100 {
			token := w.token()
			wg.Go(func() {
				start := time.Now()
				_, ok, err := c.AuthenticateToken(t.Context(), token)
				mu.Lock()
				defer mu.Unlock()
				switch took := time.Since(start); {
				case took == 500*time.Millisecond:
					require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
					early++
				default:
					require.True(t, ok, "%v", err)
					require.Equal(t, 4*time.Second, took)
					late++
				}
			})
		}
		wg.Wait()
		require.Equal(t, 8, late)
		require.Equal(t, 92, early)
	})
}

// In a crowd, too, nobody gets old keys that are overdue.
func TestWithdrawnInACrowd(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		withdrawn := w.lasting()
		w.mustAccept(t, withdrawn)
		w.Rotate()
		w.Withdraw()
		w.set(func(w *world) { w.delay = time.Second })
		time.Sleep(5 * time.Hour)
		c := besides(t, w)
		go flood(t.Context(), c, 100, w.unknown)
		synctest.Wait()
		_, ok, err := c.AuthenticateToken(t.Context(), withdrawn)
		require.False(t, ok)
		require.EqualError(t, err, `jwt: issuer "https://login.example.com": keys: too many wait for it`)
		require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	})
}
