package flight_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/flight"
)

func TestOneForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[string, int]
		var runs atomic.Int32
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				got, err := g.Do(t.Context(), "a", func(context.Context) (int, error) {
					time.Sleep(time.Second)
					return int(runs.Add(1)), nil
				})
				require.NoError(t, err)
				require.Equal(t, 1, got)
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, runs.Load())
		got, err := g.Do(t.Context(), "a", func(context.Context) (int, error) { return 7, nil })
		require.NoError(t, err)
		require.Equal(t, 7, got, "what is over is not remembered")
	})
}

func TestKeysApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[int, int]
		var wg sync.WaitGroup
		for key := range 10 {
			wg.Go(func() {
				got, err := g.Do(t.Context(), key, func(context.Context) (int, error) {
					time.Sleep(time.Second)
					return key, nil
				})
				require.NoError(t, err)
				require.Equal(t, key, got)
			})
		}
		wg.Wait()
	})
}

// One caller that leaves disturbs nobody; the last one ends the work, and the next
// begins anew.
func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[string, string]
		ended := make(chan error, 2)
		work := func(ctx context.Context) (string, error) {
			select {
			case <-ctx.Done():
				ended <- ctx.Err()
				return "", ctx.Err()
			case <-time.After(time.Minute):
				return "done", nil
			}
		}
		first, leave := context.WithCancel(context.WithValue(t.Context(), key{}, "secret"))
		second, leaveToo := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for _, ctx := range []context.Context{first, second} {
			wg.Go(func() {
				_, err := g.Do(ctx, "a", work)
				require.ErrorIs(t, err, context.Canceled)
			})
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		require.Empty(t, ended)
		leaveToo()
		wg.Wait()
		require.ErrorIs(t, <-ended, context.Canceled)
		got, err := g.Do(t.Context(), "a", work)
		require.NoError(t, err)
		require.Equal(t, "done", got)
	})
}

type key struct{}

func TestNothingOfTheCaller(t *testing.T) {
	var g flight.Group[string, any]
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "secret"), time.Hour)
	defer cancel()
	got, err := g.Do(ctx, "a", func(ctx context.Context) (any, error) {
		_, limited := ctx.Deadline()
		return []any{ctx.Value(key{}), limited}, nil
	})
	require.NoError(t, err)
	require.Equal(t, []any{nil, false}, got)
}

func TestErrorsAndPanics(t *testing.T) {
	var g flight.Group[string, int]
	boom := errors.New("boom")
	_, err := g.Do(t.Context(), "a", func(context.Context) (int, error) { return 0, boom })
	require.Equal(t, boom, err)
	_, err = g.Do(t.Context(), "a", func(context.Context) (int, error) { panic("token") })
	require.EqualError(t, err, "panicked with a string")
	var panicked *flight.PanicError
	require.ErrorAs(t, err, &panicked)
	_, err = g.Do(t.Context(), "a", func(context.Context) (int, error) { runtime.Goexit(); return 0, nil })
	require.EqualError(t, err, "the work ended its goroutine")
}
