package jwt_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
)

// flood sends 100,000 tokens over half an hour, each with a kid that nobody has,
// from several clients at once.
func (w *world) flood(t *testing.T, wg *sync.WaitGroup) {
	const clients, tokens, lasts = 8, 100_000, 30 * time.Minute
	_, p, s := parts(w.lasting())
	for client := range clients {
		wg.Go(func() {
			for i := range tokens / clients {
				token := b64(fmt.Appendf(nil, `{"alg":"ES256","kid":"nobody's-%d-%d"}`, client, i)) + "." + p + "." + s
				_, ok, err := w.auth.AuthenticateToken(context.Background(), token)
				if reason := authn.ReasonOf(err); ok || reason != authn.UnknownKey && reason != authn.Unavailable {
					t.Errorf("token %d of client %d: %v", i, client, err)
					return
				}
				time.Sleep(lasts / tokens * clients)
			}
		})
	}
}

// A flood of unknown kids makes one fetch in 30 seconds, and one more at once
// where the keys had changed. Keys that are known do not notice.
func TestFloodOfKids(t *testing.T) {
	for _, rotations := range []int{0, 3} {
		t.Run(fmt.Sprintf("%d rotations", rotations), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				known := w.lasting()
				w.mustAccept(t, known)
				w.set(func(w *world) { w.delay = time.Second })
				runtime.GC()
				before := heap()
				start := time.Now()
				var wg sync.WaitGroup
				w.flood(t, &wg)
				for i := range 30 * 60 {
					w.mustAccept(t, known)
					if i%400 == 399 && i/400 < rotations {
						w.Rotate()
					}
					time.Sleep(time.Second)
				}
				wg.Wait()
				lasted := time.Since(start)
				runtime.GC()
				require.LessOrEqual(t, int64(heap()-before), int64(8<<20))
				w.mustHaveBeenAsked(t, 1+rotations, lasted)
				w.mustAccept(t, known)
				w.mustAccept(t, w.token()) // of the last key, which was found
			})
		})
	}
}

// mustHaveBeenAsked checks the fetches of a flood: the first, so many at once, and
// the rest at the interval with its jitter.
func (w *world) mustHaveBeenAsked(t *testing.T, atOnce int, lasted time.Duration) {
	t.Helper()
	synctest.Wait()
	const shortest, longest = 31 * time.Second, 35 * time.Second // a fetch, the interval with its jitter, the next token
	early := 0
	gaps := map[time.Duration]bool{}
	for i := range len(w.fetchedAt) - 1 {
		gap := w.fetchedAt[i+1].Sub(w.fetchedAt[i])
		require.LessOrEqual(t, gap, longest)
		if gap < shortest {
			early++
			continue
		}
		gaps[gap] = true
	}
	require.Equal(t, atOnce, early)
	w.set(func(w *world) { require.Equal(t, 1, w.most, "fetches at a time") })
	require.LessOrEqual(t, len(w.fetchedAt), 1+atOnce+int(lasted/shortest))
	require.GreaterOrEqual(t, len(w.fetchedAt), 1+atOnce+int(lasted/longest)-atOnce)
	require.Greater(t, len(gaps), 10, "they have jitter")
}

// 10,000 callers who leave are gone within a second, and so is what they waited
// for.
func TestManyLeavingCallers(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.set(func(w *world) { w.delay = time.Hour })
		token := w.token()
		synctest.Wait()
		before := runtime.NumGoroutine()
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 10_000 {
			wg.Go(func() { _, _, _ = w.auth.AuthenticateToken(ctx, token) })
		}
		synctest.Wait()
		require.GreaterOrEqual(t, runtime.NumGoroutine(), before+10_000)
		leave()
		wg.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		require.Less(t, runtime.NumGoroutine(), before+10, "a few may be others'")
		require.Zero(t, w.under, "the fetch goes on")
		_, discoveries := w.counts()
		require.Equal(t, 1, discoveries)
		require.Equal(t, 1, w.cancellations())
	})
}
