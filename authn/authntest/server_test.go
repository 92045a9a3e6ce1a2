package authntest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
)

func get(t *testing.T, client *http.Client, url string) (*http.Response, string) {
	t.Helper()
	res, err := client.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(body)
}

func TestServe(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	issuer.Serve(authntest.Status(http.StatusServiceUnavailable))
	res, body := get(t, issuer.Client(), issuer.URL()+"/keys")
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	require.Equal(t, "Service Unavailable\n", body)

	issuer.Serve(nil)
	res, _ = get(t, issuer.Client(), issuer.URL()+"/keys")
	require.Equal(t, http.StatusOK, res.StatusCode)
}

func TestDelay(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	issuer.Delay(50 * time.Millisecond)
	start := time.Now()
	get(t, issuer.Client(), issuer.URL()+"/keys")
	require.GreaterOrEqual(t, time.Since(start), 50*time.Millisecond)

	issuer.Delay(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer.URL()+"/keys", nil)
	require.NoError(t, err)
	_, err = issuer.Client().Do(req)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	issuer.Delay(0)
	get(t, issuer.Client(), issuer.URL()+"/keys")
}

// What answers learns that the client has left, also when the request had a
// body that it has not read.
func TestServeEndsWithClient(t *testing.T) {
	reviewer := authntest.NewReviewer(t)
	gone := make(chan struct{})
	reviewer.Serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(gone)
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := post(ctx, reviewer, `{}`)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Fatal("the handler does not know that the client has left")
	}
}

func TestStopAndStart(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	url := issuer.URL()
	get(t, issuer.Client(), url+"/keys")

	issuer.Delay(time.Hour)
	failed := make(chan error, 1)
	go func() {
		_, err := issuer.Client().Get(url + "/keys")
		failed <- err
	}()
	require.Eventually(t, func() bool { return issuer.KeyFetches() == 2 }, 10*time.Second, time.Millisecond)
	issuer.Stop()
	issuer.Stop()
	require.Error(t, <-failed, "a connection outlived Stop")
	_, err := issuer.Client().Get(url + "/keys")
	require.True(t, errors.Is(err, syscall.ECONNREFUSED), "%v", err)

	issuer.Delay(0)
	issuer.Start()
	issuer.Start()
	require.Equal(t, url, issuer.URL())
	get(t, issuer.Client(), url+"/keys")
	require.Equal(t, 3, issuer.KeyFetches())
}

func TestServersTrustTheirOwn(t *testing.T) {
	a, b := authntest.NewIssuer(t), authntest.NewReviewer(t)
	_, err := a.Client().Get(b.URL())
	require.ErrorContains(t, err, "certificate signed by unknown authority")
	require.NotEqual(t, a.CAPEM(), b.CAPEM())
}
