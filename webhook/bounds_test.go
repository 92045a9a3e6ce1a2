package webhook_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/webhook"
)

func TestMaxInFlight(t *testing.T) {
	rv := authntest.NewReviewer(t)
	rv.Accept("abc-123", authntest.User("ann"))
	rv.Delay(time.Hour)
	a := asking(t, rv, &webhook.Options{MaxInFlight: 2, Timeout: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for range 2 {
		waiting.Go(func() { _, _, _ = a.AuthenticateToken(ctx, "abc-123") })
	}
	require.Eventually(t, func() bool { return rv.Calls() == 2 }, 10*time.Second, time.Millisecond)

	require.Equal(t, "webhook: 2 reviews are under way already", failed(t, a, "abc-123", authn.Unavailable))
	require.Equal(t, 2, rv.Calls())

	cancel()
	waiting.Wait()
	rv.Delay(0)
	_, ok, err := a.AuthenticateToken(t.Context(), "abc-123")
	require.NoError(t, err)
	require.True(t, ok)
}

// A place is free again after each way a review can end.
func TestMaxInFlightIsGivenBack(t *testing.T) {
	rv := authntest.NewReviewer(t)
	rv.Accept("abc-123", authntest.User("ann"))
	a := asking(t, rv, &webhook.Options{MaxInFlight: 1})
	for _, h := range []http.Handler{authntest.Status(500), hijack(""), answer("{"), answer(review("{}"))} {
		rv.Serve(h)
		_, ok, _ := a.AuthenticateToken(t.Context(), "abc-123")
		require.False(t, ok)
	}
	rv.Serve(nil)
	_, ok, err := a.AuthenticateToken(t.Context(), "abc-123")
	require.NoError(t, err)
	require.True(t, ok)
}

func TestDefaultMaxInFlight(t *testing.T) {
	rv := &rendezvous{}
	server := httptest.NewServer(rv)
	t.Cleanup(server.Close)
	a, err := webhook.New(webhook.Config{URL: server.URL}, &webhook.Options{Client: server.Client()})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for range 256 {
		waiting.Go(func() { _, _, _ = a.AuthenticateToken(ctx, "abc-123") })
	}
	require.Eventually(t, func() bool { return rv.count() == 256 }, 10*time.Second, time.Millisecond)
	require.Equal(t, "webhook: 256 reviews are under way already", failed(t, a, "abc-123", authn.Unavailable))
	cancel()
	waiting.Wait()
}

// rendezvous is a server at which all callers wait until they leave.
type rendezvous struct {
	mu sync.Mutex
	n  int
}

func (rv *rendezvous) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	rv.mu.Lock()
	rv.n++
	rv.mu.Unlock()
	buf := make([]byte, 1)
	for _, err := r.Body.Read(buf); err == nil; _, err = r.Body.Read(buf) {
	}
	<-r.Context().Done()
}

func (rv *rendezvous) count() int {
	rv.mu.Lock()
	defer rv.mu.Unlock()
	return rv.n
}

func TestCancelledCallers(t *testing.T) {
	rv := &rendezvous{}
	server := httptest.NewServer(rv)
	t.Cleanup(server.Close)
	a, err := webhook.New(webhook.Config{URL: server.URL}, &webhook.Options{Client: server.Client(), Timeout: time.Hour})
	require.NoError(t, err)
	before := runtime.NumGoroutine()

	const waves, callers = 4, 250
	for wave := range waves {
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, callers)
		for range callers {
			go func() {
				_, _, err := a.AuthenticateToken(ctx, "abc-123")
				errs <- err
			}()
		}
		require.Eventually(t, func() bool { return rv.count() == (wave+1)*callers }, 30*time.Second, time.Millisecond)
		cancel()
		for range callers {
			require.ErrorIs(t, <-errs, context.Canceled)
		}
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}
