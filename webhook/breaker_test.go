package webhook_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/webhook"
)

const (
	unwell   = "POST https://reviewer.test/review: status 503"
	notAsked = "not asked, since it failed: " + unwell
)

// ann is an answer by which any token is ann's.
var ann = says(`{"authenticated":true,"user":{"username":"ann"}}`)

// While it is open, one review a second is tried; the rest is told at once when to come
// again.
func TestBreaker(t *testing.T) {
	inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
		outage(t, a, rv)
		require.Len(t, rv.asked(), 5, "by the first attempts it is open, and nobody tries a second time")
		rv.does(code(503))
		require.Equal(t, out(notAsked, 0, 500*time.Millisecond), ask(t.Context(), a, "abc-123"), "half a second has passed")
		for i := range 100 {
			ask(t.Context(), a, fmt.Sprint("token-", i))
			time.Sleep(100 * time.Millisecond)
		}
		asked := rv.asked()
		require.Len(t, asked, 10)
		for i, at := range asked {
			require.Equal(t, 500*time.Millisecond+time.Duration(i)*time.Second, at)
		}
	})
}

// One good answer is enough to close it, and five failures to open it again.
func TestBreakerCloses(t *testing.T) {
	for name, answer := range map[string]act{
		"good":         ann,
		"refused":      says(`{"error":"revoked"}`),
		"not mine":     says(`{}`),
		"not found":    code(404),
		"a redirect":   code(302),
		"no such kind": text(`{}`),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
				outage(t, a, rv)
				time.Sleep(time.Second)
				rv.does(answer)
				for range 50 {
					ask(t.Context(), a, "abc-123")
				}
				require.Len(t, rv.asked(), 50)
				outage(t, a, rv)
				asked := rv.asked()
				require.Greater(t, len(asked), 10)
				require.Equal(t, 500*time.Millisecond, asked[9], "it was well a moment ago")
				require.Equal(t, 1250*time.Millisecond, asked[10], "but that is over now")
				rv.does(code(503))
				require.Equal(t, notAsked, ask(t.Context(), a, "abc-123").text)
				require.Empty(t, rv.asked())
			})
		})
	}
}

// Whenever and however it was away: when it is back, it is in use within two seconds.
func TestReviewerComesBack(t *testing.T) {
	for name, fault := range map[string]act{
		"503":               code(503),
		"503, come again":   code(503, "300"),
		"429":               code(429, "1"),
		"refused":           fails(errRefused),
		"no such host":      fails(errNoHost),
		"reset":             fails(errReset),
		"hangs":             hangs,
		"slow-loris":        trickle,
		"half an answer":    cut,
		"an hour too late":  after(time.Hour, ann),
		"alert":             fails(errAlert),
		"unwell, and slow":  after(3*time.Second, code(503)),
		"other status code": code(599),
	} {
		t.Run(name, func(t *testing.T) {
			for away := 11 * time.Second; away < 15*time.Second; away += 330 * time.Millisecond {
				inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
					mustAccept(t, a, "abc-123")
					rv.does(fault)
					ctx, cancel := context.WithCancel(t.Context())
					var callers sync.WaitGroup
					for began := time.Now(); time.Since(began) < away; time.Sleep(100 * time.Millisecond) {
						callers.Go(func() { ask(ctx, a, fmt.Sprint(time.Now())) })
					}
					require.Less(t, len(rv.asked()), 200, "most were not asked for")
					rv.does(ann)
					came := time.Now()
					for ask(ctx, a, fmt.Sprint(time.Now())).name == "" {
						time.Sleep(100 * time.Millisecond)
					}
					require.LessOrEqual(t, time.Since(came), 2*time.Second)
					cancel()
					callers.Wait()
				})
			}
		})
	}
}

// One token does not open it, whatever it makes the reviewer do and however often.
func TestOneTokenDoesNotOpenTheBreaker(t *testing.T) {
	for name, fault := range map[string]act{
		"500":       code(500),
		"503":       code(503, "60"),
		"reset":     fails(errReset),
		"cut":       cut,
		"hangs":     hangs,
		"too long":  sends(200, nil, blanks{}),
		"a timeout": after(3*time.Second, code(504)),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
				rv.does(fault)
				for range 20 {
					require.Equal(t, authn.Unavailable, ask(t.Context(), a, "poison").reason)
				}
				require.GreaterOrEqual(t, len(rv.asked()), 20)
				rv.does(ann)
				mustAccept(t, a, "abc-123")
			})
		})
	}
}

// If nobody can be reached, or talked to, it is no token's fault.
func TestOneTokenAndNoReviewer(t *testing.T) {
	for name, fault := range map[string]error{"refused": errRefused, "no such host": errNoHost, "certificates": errAlert} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
				rv.does(fails(fault))
				for range 5 {
					ask(t.Context(), a, "abc-123")
				}
				require.Len(t, rv.asked(), 5)
				require.Equal(t, "not asked, since it failed: POST https://reviewer.test/review: "+fault.Error(), ask(t.Context(), a, "abc-123").text)
				require.Len(t, rv.asked(), 5)
			})
		})
	}
}

// Nor do any number of tokens, while the reviewer answers for others.
func TestTokensThatFailDoNotKeepOthersOut(t *testing.T) {
	inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
		var all sync.WaitGroup
		for i := range 100 {
			rv.does(ann)
			mustAccept(t, a, "abc-123")
			rv.does(code(500))
			for j := range 50 {
				all.Go(func() { ask(t.Context(), a, fmt.Sprint("poison-", i, "-", j)) })
			}
			synctest.Wait()
			require.Len(t, rv.asked(), 50)
			time.Sleep(200 * time.Millisecond)
		}
		rv.does(ann)
		mustAccept(t, a, "abc-123")
		all.Wait()
	})
}

// What says nothing of the reviewer does not open it.
func TestBreakerStaysClosed(t *testing.T) {
	for name, tt := range map[string]struct {
		does act
		wait time.Duration // of the callers; zero: they do not leave
	}{
		"refused":                 {says(`{"error":"revoked"}`), 0},
		"not mine":                {says(`{}`), 0},
		"a user without a name":   {says(`{"authenticated":true}`), 0},
		"bad request":             {code(400), 0},
		"no TokenReview":          {text("<html>"), 0},
		"callers who leave":       {hangs, time.Second},
		"callers who leave early": {after(100*time.Millisecond, code(503)), 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
				rv.does(tt.does)
				for i := range 30 {
					ctx, cancel := context.WithCancel(t.Context())
					if tt.wait > 0 {
						time.AfterFunc(tt.wait, cancel)
					}
					ask(ctx, a, fmt.Sprint("token-", i))
					cancel()
				}
				require.Len(t, rv.asked(), 30)
			})
		})
	}
}

// A probe whose caller leaves makes room for another.
func TestProbeThatIsAbandoned(t *testing.T) {
	inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
		outage(t, a, rv)
		time.Sleep(time.Second)
		rv.does(hangs, ann)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		require.Equal(t, 10*time.Millisecond, ask(ctx, a, "leaves").took)
		mustAccept(t, a, "abc-123")
	})
}

func TestHealthCheck(t *testing.T) {
	inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
		at := func() string { return time.Now().UTC().Format(time.RFC3339) }
		require.NoError(t, a.HealthCheck(), "nobody has asked")
		mustAccept(t, a, "abc-123")
		require.NoError(t, a.HealthCheck())

		time.Sleep(time.Hour)
		rv.does(text("{}"))
		since := at()
		ask(t.Context(), a, "abc-123")
		require.EqualError(t, a.HealthCheck(), `webhook: failing since `+since+`: the answer is a "" of "", not a TokenReview of authentication.k8s.io/v1`)
		time.Sleep(time.Hour)
		rv.does(code(503))
		ask(t.Context(), a, "abc-123")
		require.EqualError(t, a.HealthCheck(), "webhook: failing since "+since+": "+unwell)
		outage(t, a, rv)
		require.EqualError(t, authn.HealthOf(a), "webhook: asked once a second at most, failing since "+since+": "+unwell)
		require.Equal(t, notAsked, ask(t.Context(), a, "abc-123").text)
		require.EqualError(t, a.HealthCheck(), "webhook: asked once a second at most, failing since "+since+": "+unwell)

		time.Sleep(time.Second)
		rv.does(says(`{"error":"revoked"}`))
		require.Equal(t, authn.Refused, ask(t.Context(), a, "abc-123").reason)
		require.NoError(t, a.HealthCheck(), "it does what it is for")

		rv.does(hangs)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ask(ctx, a, "abc-123")
		require.NoError(t, a.HealthCheck(), "the caller had no time for it")
		since = at()
		_, _, err := a.AuthenticateToken(t.Context(), "abc-123")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, a.HealthCheck(), context.DeadlineExceeded)
		require.NotContains(t, a.HealthCheck().Error(), since, "but when the attempt failed")
	})
}
