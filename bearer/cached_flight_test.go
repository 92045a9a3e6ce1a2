package bearer_test

import (
	"context"
	"fmt"
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
)

// hang answers when its context has ended.
func hang(ctx context.Context, _ string) (*authenticator.Response, bool, error) {
	<-ctx.Done()
	return nil, false, ctx.Err()
}

// slow accepts after a second.
func slow(ctx context.Context, _ string) (*authenticator.Response, bool, error) {
	select {
	case <-time.After(time.Second):
		return &authenticator.Response{User: authntest.User("ann")}, true, nil
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

// One look-up is enough for a crowd that comes with one new token.
func TestCachedOneLookUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &judge{judgment: slow}
		c := bearer.Cached(j, nil)
		var wg sync.WaitGroup
		for range crowd {
			wg.Go(func() { mustKnow(t, c, t.Context(), "a", "ann") })
		}
		wg.Wait()
		require.EqualValues(t, 1, j.asked.Load())
	})
}

// The same at full speed, where look-ups end while others are about to begin.
func TestCachedOneLookUpAtOnce(t *testing.T) {
	j := &judge{judgment: always(authntest.User("ann"), nil)}
	c := bearer.Cached(j, nil)
	tokens := 20
	for round := range tokens {
		token := fmt.Sprint(round)
		var wg sync.WaitGroup
		start := make(chan struct{})
		for range crowd / 10 {
			wg.Go(func() {
				<-start
				mustKnow(t, c, t.Context(), token, "ann")
			})
		}
		close(start)
		wg.Wait()
	}
	require.EqualValues(t, tokens, j.asked.Load())
}

// Who looked a moment too early finds the answer when about to look up again.
func TestCachedLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan bool)
		var calls atomic.Int64
		j := &judge{judgment: always(authntest.User("ann"), nil)}
		c := bearer.Cached(j, &bearer.CacheOptions{Now: func() time.Time {
			now := time.Now()
			if calls.Add(1) == 1 {
				<-late
			}
			return now
		}})
		go mustKnow(t, c, t.Context(), "a", "ann")
		synctest.Wait()
		time.Sleep(time.Nanosecond)
		mustKnow(t, c, t.Context(), "a", "ann")
		close(late)
		synctest.Wait()
		require.EqualValues(t, 1, j.asked.Load())
	})
}

// All who wait are told of a refusal that nobody remembers, and of a panic.
func TestCachedOneLookUpFails(t *testing.T) {
	for _, tt := range []struct {
		end    func() error
		reason authn.Reason
	}{
		{func() error { return authn.Errorf(authn.Unavailable, "down") }, authn.Unavailable},
		{func() error { panic("secret") }, authn.Panicked},
		{func() error { runtime.Goexit(); return nil }, authn.Panicked},
	} {
		synctest.Test(t, func(t *testing.T) {
			j := &judge{judgment: func(context.Context, string) (*authenticator.Response, bool, error) {
				time.Sleep(time.Second)
				return nil, false, tt.end()
			}}
			c := bearer.Cached(j, nil)
			var wg sync.WaitGroup
			for round := range 2 {
				for range 100 {
					wg.Go(func() {
						_, ok, err := c.AuthenticateToken(t.Context(), "a")
						require.False(t, ok)
						require.Equal(t, tt.reason, authn.ReasonOf(err))
					})
				}
				wg.Wait()
				require.EqualValues(t, round+1, j.asked.Load())
				require.Zero(t, c.InFlight())
			}
			accepted, refused := c.Lens()
			require.Zero(t, accepted+refused)
		})
	}
}

// A crowd that hangs up leaves nothing behind, whether its look-ups had begun or not.
func TestCachedCrowdLeaves(t *testing.T) {
	j := &judge{judgment: hang}
	c := bearer.Cached(j, nil)
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			_, ok, err := c.AuthenticateToken(ctx, fmt.Sprint(i%(crowd/2)))
			require.False(t, ok)
			require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
		})
	}
	require.Eventually(t, func() bool { return c.InFlight() == 256 }, time.Minute, time.Millisecond)
	cancel()
	wg.Wait()
	for range 60_000 { // milliseconds, and no helper with goroutines of its own
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
	require.Zero(t, c.InFlight())
	accepted, refused := c.Lens()
	require.Zero(t, accepted+refused)
}

// An authenticator that hangs is asked about so many tokens and not more. The rest is
// unavailable within a second, and places that become free are used.
func TestCachedAuthenticatorHangs(t *testing.T) {
	for _, tt := range []struct{ option, places int }{{0, 256}, {-1, 256}, {1, 1}, {300, 300}} {
		synctest.Test(t, func(t *testing.T) {
			j := &judge{judgment: hang}
			c := bearer.Cached(j, &bearer.CacheOptions{MaxInFlight: tt.option})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var wg sync.WaitGroup
			var refused atomic.Int64
			start := time.Now()
			for i := range crowd {
				wg.Go(func() {
					_, ok, err := c.AuthenticateToken(ctx, fmt.Sprint(i))
					require.False(t, ok)
					if ctx.Err() != nil {
						return // one of those in flight
					}
					refused.Add(1)
					require.EqualError(t, err, fmt.Sprintf("bearer: cache: %d tokens are being looked up, and no place is free", tt.places))
					var e *authn.Error
					require.ErrorAs(t, err, &e)
					require.Equal(t, authn.Unavailable, e.Reason)
					require.Equal(t, time.Second, e.RetryAfter)
					require.LessOrEqual(t, time.Since(start), time.Second)
				})
			}
			time.Sleep(time.Second)
			synctest.Wait()
			require.EqualValues(t, tt.places, j.asked.Load())
			require.Equal(t, tt.places, c.InFlight())
			require.EqualValues(t, crowd-tt.places, refused.Load())
			cancel()
			wg.Wait()
			synctest.Wait()
			require.Zero(t, c.InFlight())

			j.judgment = slow
			mustKnow(t, c, t.Context(), "a", "ann")
		})
	}
}

// Who waits for a place gets one that becomes free in time.
func TestCachedWaitsForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := bearer.Cached(&judge{judgment: func(context.Context, string) (*authenticator.Response, bool, error) {
			time.Sleep(400 * time.Millisecond)
			return &authenticator.Response{User: authntest.User("ann")}, true, nil
		}}, &bearer.CacheOptions{MaxInFlight: 1})
		var wg sync.WaitGroup
		var known, unavailable atomic.Int64
		for i := range 3 {
			wg.Go(func() {
				_, ok, err := c.AuthenticateToken(t.Context(), fmt.Sprint(i))
				if ok {
					known.Add(1)
				} else if authn.ReasonOf(err) == authn.Unavailable {
					unavailable.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 2, known.Load())
		require.EqualValues(t, 1, unavailable.Load())
	})
}

// The last who leaves ends the look-up, and whoever comes next begins anew; others
// who leave do not.
func TestCachedLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &judge{judgment: slow}
		c := bearer.Cached(j, nil)
		leaves := func(after time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			_, ok, err := c.AuthenticateToken(ctx, "a")
			require.False(t, ok)
			require.Equal(t, context.DeadlineExceeded, err)
		}
		go leaves(100 * time.Millisecond)
		leaves(500 * time.Millisecond)
		synctest.Wait()
		require.Zero(t, c.InFlight())
		require.EqualValues(t, 1, j.asked.Load())

		start := time.Now()
		go leaves(100 * time.Millisecond)
		mustKnow(t, c, t.Context(), "a", "ann")
		require.Equal(t, time.Second, time.Since(start))
		require.EqualValues(t, 2, j.asked.Load())
	})
}

// An authenticator that does not look at its context keeps its place, and what it says
// when nobody waits any more is not remembered: not over a newer answer either.
func TestCachedDeafAuthenticator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		revoked := authn.Errorf(authn.Revoked, "gone")
		j := &judge{}
		j.judgment = func(context.Context, string) (*authenticator.Response, bool, error) {
			if j.asked.Load() == 1 {
				time.Sleep(5 * time.Second)
				return &authenticator.Response{User: authntest.User("ann")}, true, nil
			}
			return nil, false, revoked
		}
		c := bearer.Cached(j, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := c.AuthenticateToken(ctx, "a")
		require.Equal(t, context.DeadlineExceeded, err)
		synctest.Wait()
		require.Equal(t, 1, c.InFlight())
		for range 2 {
			_, _, err = c.AuthenticateToken(t.Context(), "a")
			require.Equal(t, revoked, err)
			time.Sleep(6 * time.Second)
		}
		require.Zero(t, c.InFlight())
		require.EqualValues(t, 2, j.asked.Load())
	})
}

// Nobody looks a token up for who has left. In a union, the authenticator whose token it is
// has not said so then, and the next would show it to others.
func TestCallerHasLeftBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		asked := false
		c := bearer.Cached(authenticator.TokenFunc(func(context.Context, string) (*authenticator.Response, bool, error) {
			asked = true
			return nil, false, nil
		}), nil)
		_, ok, err := c.AuthenticateToken(ctx, "abc-123")
		synctest.Wait()
		require.False(t, ok)
		require.Equal(t, context.Canceled, err)
		require.False(t, asked)
	})
}
