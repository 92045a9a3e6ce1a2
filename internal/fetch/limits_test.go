package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/fetch"
)

func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := fetch.NewLimits(time.Minute, 2)
		var ends []func()
		for range 2 {
			ctx, end, err := l.Begin(t.Context())
			require.NoError(t, err)
			deadline, _ := ctx.Deadline()
			require.Equal(t, time.Minute, time.Until(deadline))
			ends = append(ends, end)
		}
		_, _, err := l.Begin(t.Context())
		require.EqualError(t, err, "2 questions are under way already")
		require.Equal(t, time.Second, fetch.RetryAfterOf(fmt.Errorf("eks: %w", err)))
		ends[0]()
		ctx, end, err := l.Begin(t.Context())
		require.NoError(t, err)
		end()
		require.ErrorIs(t, ctx.Err(), context.Canceled)
		ends[1]()
	})
}

func TestLimitsOfZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := fetch.NewLimits(0, 0)
		for range 256 {
			ctx, _, err := l.Begin(t.Context())
			require.NoError(t, err)
			deadline, _ := ctx.Deadline()
			require.Equal(t, 10*time.Second, time.Until(deadline))
		}
		_, _, err := l.Begin(t.Context())
		require.ErrorIs(t, err, fetch.CrowdedError(256))
		time.Sleep(10 * time.Second) // so that no timer is left
	})
}

func TestRetryAfterOf(t *testing.T) {
	require.Zero(t, fetch.RetryAfterOf(nil))
	require.Zero(t, fetch.RetryAfterOf(errors.New("other")))
	require.Equal(t, 7*time.Second, fetch.RetryAfterOf(fmt.Errorf("GET: %w", &fetch.StatusError{Code: 503, RetryAfter: 7 * time.Second})))
}

func TestHealth(t *testing.T) {
	var h fetch.Health
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	require.NoError(t, h.Check())
	h.Set(errors.New("a"), noon)
	h.Set(errors.New("b"), noon.Add(time.Minute))
	require.EqualError(t, h.Check(), "not answered since 2026-11-23T12:00:00Z: b")
	h.Set(nil, noon.Add(time.Hour))
	require.NoError(t, h.Check())
	h.Set(errors.New("c"), noon.Add(2*time.Hour))
	require.EqualError(t, h.Check(), "not answered since 2026-11-23T14:00:00Z: c")
}
