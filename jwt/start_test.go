package jwt_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// Down at the start: accepted within two seconds of the issuer's start, or of the
// end of a fetch that hung.
func TestIssuerDownAtStart(t *testing.T) {
	for name, tt := range map[string]struct {
		fail  func(*world)
		heals time.Duration
	}{
		"no network":  {func(w *world) { w.down = true }, 2 * time.Second},
		"no document": {func(w *world) { w.noDocument = true }, 2 * time.Second},
		"500":         {func(w *world) { w.keys = authntest.Status(http.StatusInternalServerError).ServeHTTP }, 2 * time.Second},
		"garbage":     {func(w *world) { w.keys = text("garbage") }, 2 * time.Second},
		"hangs":       {func(w *world) { w.keys = hang }, fetchLasts + 2*time.Second},
		"slow":        {func(w *world) { w.delay = time.Minute }, fetchLasts + 2*time.Second},
		"trickles":    {func(w *world) { w.slow = true }, fetchLasts + 2*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			for after := range 4 { // other parts of a second
				inBubble(t, func(t *testing.T, w *world) {
					w.set(tt.fail)
					require.Error(t, w.auth.Preload(t.Context()))
					token := w.lasting()
					back := make(chan time.Time, 1000)
					come := func() {
						if _, ok, _ := w.auth.AuthenticateToken(context.Background(), token); ok {
							back <- time.Now()
						}
					}
					for range 100 + after*17 {
						go come()
						time.Sleep(100 * time.Millisecond)
					}
					require.Empty(t, back)
					w.set(func(w *world) { w.down, w.noDocument, w.keys, w.delay, w.slow = false, false, nil, 0, false })
					healed := time.Now()
					for len(back) == 0 {
						go come()
						time.Sleep(100 * time.Millisecond)
					}
					require.LessOrEqual(t, (<-back).Sub(healed), tt.heals)
				})
			}
		})
	}
}

const fetchLasts = 5 * time.Second // at most

// While there are no keys an issuer is asked every second, and callers are told
// when to come back.
func TestRetryAfterAtStart(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.set(func(w *world) { w.down = true })
		require.EqualError(t, w.auth.Preload(t.Context()), `jwt: issuer "https://login.example.com": keys: `+refusedDocument)
		w.mustBeHealthy(t, "none yet: "+refusedDocument)
		for range 600 {
			_, _, err := w.auth.AuthenticateToken(t.Context(), w.token())
			var e *authn.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, authn.Unavailable, e.Reason)
			require.LessOrEqual(t, e.RetryAfter, 1100*time.Millisecond)
			require.Positive(t, e.RetryAfter)
			time.Sleep(100 * time.Millisecond)
		}
		_, discoveries := w.counts()
		require.LessOrEqual(t, discoveries, 61)
		w.set(func(w *world) { w.down = false })
		time.Sleep(1100 * time.Millisecond)
		w.mustAccept(t, w.token())
	})
}
