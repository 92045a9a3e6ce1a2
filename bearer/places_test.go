package bearer_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/internal/pause"
)

// waits accepts after a pause of a second, for the same as all others.
func waits(ctx context.Context, _ string) (*authenticator.Response, bool, error) {
	limited, resume := pause.Begin(ctx, "keys")
	defer resume()
	select {
	case <-time.After(time.Second):
		return &authenticator.Response{User: authntest.User("ann")}, true, nil
	case <-limited.Done():
		return nil, false, limited.Err()
	}
}

// Who waits has no place meanwhile, and has one again when it goes on.
func TestPlacesOfThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &judge{}
		c := bearer.Cached(j, &bearer.CacheOptions{MaxInFlight: 2})
		j.judgment = func(ctx context.Context, token string) (*authenticator.Response, bool, error) {
			resp, ok, err := waits(ctx, token)
			time.Sleep(time.Second)
			return resp, ok, err
		}
		var wg sync.WaitGroup
		start := time.Now()
		for _, token := range []string{"a", "b", "c", "d"} {
			wg.Go(func() { mustKnow(t, c, t.Context(), token, "ann") })
		}
		synctest.Wait()
		require.Zero(t, c.InFlight())
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, 2, c.InFlight())
		wg.Wait()
		require.Equal(t, 3*time.Second, time.Since(start), "two and two, after a second")
		require.Zero(t, c.InFlight())
		require.Zero(t, c.Paused())
	})
}

// Places are neither lost nor doubled by an authenticator that waits in several
// goroutines, or in one that goes on after it has answered.
func TestPlacesOfSeveralGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &judge{}
		c := bearer.Cached(j, &bearer.CacheOptions{MaxInFlight: 2})
		j.judgment = func(ctx context.Context, token string) (*authenticator.Response, bool, error) {
			ctx = context.WithoutCancel(ctx)
			for range 3 {
				go func() { _, _, _ = waits(ctx, token) }()
			}
			if token == "hasty" {
				return always(authntest.User("ann"), nil)(ctx, token)
			}
			return waits(ctx, token)
		}
		for _, token := range []string{"a", "hasty", "b"} {
			mustKnow(t, c, t.Context(), token, "ann")
			time.Sleep(2 * time.Second)
			require.Zero(t, c.InFlight())
			require.Zero(t, c.Paused())
		}
	})
}

// Who has left while others have the places leaves nothing behind.
func TestPlacesOfThoseWhoLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &judge{judgment: waits}
		c := bearer.Cached(j, &bearer.CacheOptions{MaxInFlight: 1})
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		go func() { _, _, _ = c.AuthenticateToken(ctx, "leaves") }()
		synctest.Wait()
		j.judgment = hang
		for _, lasts := range []time.Duration{1200 * time.Millisecond, 3 * time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), lasts)
			defer cancel()
			go func() { _, _, _ = c.AuthenticateToken(ctx, lasts.String()) }()
			time.Sleep(800 * time.Millisecond)
		}
		synctest.Wait()
		require.Equal(t, 1, c.InFlight())
		time.Sleep(3 * time.Second)
		require.Zero(t, c.InFlight())
		require.Zero(t, c.Paused())
	})
}
