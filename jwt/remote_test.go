package jwt_test

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

// However many come first, the keys are fetched once.
func TestOneFetch(t *testing.T) {
	issuer := newIssuer(t)
	auth, _ := newRemote(t, issuer)
	require.Zero(t, issuer.Discoveries(), "New does not touch the network")
	issuer.Delay(100 * time.Millisecond)
	var wg sync.WaitGroup
	answers := make(chan answer, 100)
	for range 100 {
		token := jane(issuer)
		wg.Go(func() { answers <- ask(t, auth, token) })
	}
	wg.Wait()
	for range 100 {
		require.Equal(t, isUser("jane"), <-answers)
	}
	require.Equal(t, 1, issuer.KeyFetches())
	require.Equal(t, 1, issuer.Discoveries())
}

// Rotation and withdrawal, over a real connection and while others ask.
func TestRotationUnderLoad(t *testing.T) {
	issuer := newIssuer(t)
	auth, clock := newRemote(t, issuer)
	old := jane(issuer)
	require.Equal(t, isUser("jane"), ask(t, auth, old))
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, ok, err := auth.AuthenticateToken(t.Context(), old); !ok {
					t.Errorf("the known key failed: %v", err)
					return
				}
			}
		})
	}
	for range 3 {
		issuer.Rotate()
		require.Equal(t, isUser("jane"), ask(t, auth, jane(issuer)))
	}
	stop()
	wg.Wait()
	issuer.Withdraw()
	clock.Add(11 * time.Minute)
	require.Equal(t, unknownKey("p256-1", "ES256"), ask(t, auth, old))
	require.Equal(t, isUser("jane"), ask(t, auth, jane(issuer)))
}

// An issuer that is down is no trouble to others, and is back when it is back.
func TestStopAndStart(t *testing.T) {
	one, two := newIssuer(t), newIssuer(t)
	authOne, clock := newRemote(t, one)
	authTwo, _ := newRemote(t, two)
	mux, err := jwt.NewMux(authOne, authTwo)
	require.NoError(t, err)
	one.Stop()
	for range 10 {
		_, _, err := mux.AuthenticateToken(t.Context(), jane(one))
		var e *authn.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, authn.Unavailable, e.Reason)
		require.Positive(t, e.RetryAfter)
		require.LessOrEqual(t, e.RetryAfter, 2*time.Second)
		require.ErrorContains(t, err, "connection refused")
		require.Equal(t, isUser("jane"), ask(t, mux, jane(two)))
	}
	require.ErrorContains(t, mux.HealthCheck(), `jwt: issuer "`+one.URL()+`": keys: none yet: discovery: `)
	require.NotContains(t, mux.HealthCheck().Error(), two.URL())

	one.Start()
	require.Equal(t, authn.Unavailable, ask(t, mux, jane(one)).reason, "by its clock it was just tried")
	clock.Add(2 * time.Second)
	require.Equal(t, isUser("jane"), ask(t, mux, jane(one)))
	require.NoError(t, mux.HealthCheck())
}

// A server that the client does not trust has no keys.
func TestUntrustedServer(t *testing.T) {
	issuer := newIssuer(t)
	for name, client := range map[string]*http.Client{"of the system": nil, "of another": newIssuer(t).Client()} {
		auth, _ := newRemote(t, issuer, func(_ *jwt.Config, o *jwt.Options) { o.Client = client })
		got := ask(t, auth, jane(issuer))
		require.Equal(t, authn.Unavailable, got.reason, name)
		require.Contains(t, got.text, "certificate signed by unknown authority", name)
	}
	require.Zero(t, issuer.Discoveries())
}

// Callers who leave, leave nothing behind.
func TestLeavingCallers(t *testing.T) {
	issuer := newIssuer(t)
	auth, _ := newRemote(t, issuer)
	issuer.Delay(time.Hour)
	token := jane(issuer)
	const callers = 10_000
	before := runtime.NumGoroutine()
	ctx, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	reasons := make(chan authn.Reason, callers)
	for range callers {
		wg.Go(func() {
			_, _, err := auth.AuthenticateToken(ctx, token)
			reasons <- authn.ReasonOf(err)
		})
	}
	require.Eventually(t, func() bool { return issuer.Discoveries() == 1 && runtime.NumGoroutine() > before+callers }, 10*time.Second, time.Millisecond)
	leave()
	wg.Wait()
	for range callers {
		require.Equal(t, authn.Unavailable, <-reasons)
	}
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+2 }, 4*time.Second, 10*time.Millisecond, "the fetch goes on")
	require.Equal(t, 1, issuer.Discoveries())
}

// Neither the values of a request's context nor its end reach the client, since
// the fetch is for all who wait.
func TestFetchContext(t *testing.T) {
	issuer := newIssuer(t)
	var seen any
	transport := issuer.Client().Transport
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		seen = r.Context().Value(ctxKey{})
		return transport.RoundTrip(r)
	})}
	auth, _ := newRemote(t, issuer, func(_ *jwt.Config, o *jwt.Options) { o.Client = client })
	require.NoError(t, auth.Preload(context.WithValue(t.Context(), ctxKey{}, "of the request")))
	require.Nil(t, seen)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, isUser("jane"), askWith(ctx, t, auth, jane(issuer)), "nothing to wait for")
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A hostile issuer costs a bounded amount of memory.
func TestHugeKeySet(t *testing.T) {
	issuer := newIssuer(t)
	chunk := []byte(strings.Repeat(" ", 64<<10))
	sent := make(chan int, 1)
	issuer.Serve(serving(issuer, func(w http.ResponseWriter, r *http.Request) {
		n := 0
		for n < 1<<30 && r.Context().Err() == nil {
			m, err := w.Write(chunk)
			if n += m; err != nil {
				break
			}
		}
		sent <- n
	}))
	auth, _ := newRemote(t, issuer)
	require.Equal(t, "keys: key set: GET "+issuer.URL()+"/keys: the answer has more than 1048576 bytes", ask(t, auth, jane(issuer)).text)
	require.Less(t, <-sent, 64<<20)
}

// Keys of different issuers do not mix, though their names are the same.
func TestIssuersKeepTheirKeys(t *testing.T) {
	one, two := newIssuer(t), newIssuer(t)
	authOne, _ := newRemote(t, one)
	authTwo, _ := newRemote(t, two)
	mux, err := jwt.NewMux(authOne, authTwo)
	require.NoError(t, err)
	for _, pair := range [][2]*authntest.Issuer{{one, two}, {two, one}} {
		of, by := pair[0], pair[1]
		require.Equal(t, isUser("jane"), ask(t, mux, jane(of)))
		require.Equal(t, badSignature("p256-1"), ask(t, mux, by.Sign("ES256", object{"iss": of.URL(), "sub": "jane", "aud": audience}, nil)))
	}
}
