package jwt_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

const (
	refusedDocument = `discovery: GET https://login.example.com/.well-known/openid-configuration: connection refused`
	refusedBoth     = `key set: GET https://login.example.com/keys: connection refused; ` + refusedDocument
	refusedKeys     = `key set: GET https://login.example.com/keys: status 500`
)

func (w *world) mustBeHealthy(t *testing.T, want string) {
	t.Helper()
	err := w.auth.HealthCheck()
	if want == "" {
		require.NoError(t, err)
		return
	}
	require.EqualError(t, err, `jwt: issuer "https://login.example.com": keys: `+want)
}

// While the issuer is down the last keys go on for a day, and nobody waits.
func TestIssuerDown(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		token := w.lasting()
		w.mustAccept(t, token)
		w.mustBeHealthy(t, "")
		w.set(func(w *world) { w.down = true })
		time.Sleep(9 * time.Minute)
		w.mustAccept(t, token) // begins a fetch
		synctest.Wait()
		still := fmt.Sprintf("still those of %s: ", time.Now().UTC().Add(-9*time.Minute).Format(time.RFC3339))
		for range 6*24 - 1 {
			w.mustAccept(t, token)
			w.mustBeHealthy(t, still+refusedBoth)
			w.mustRefuse(t, w.unknown(1), unavailable("keys: "+refusedBoth))
			time.Sleep(10 * time.Minute)
		}
		time.Sleep(time.Minute)
		w.mustAccept(t, token)
		time.Sleep(time.Nanosecond) // now they are 24 hours old
		w.mustRefuse(t, token, unavailable("keys: "+refusedBoth))
		w.mustRefuse(t, token, unavailable("keys: "+refusedBoth))
		w.mustBeHealthy(t, strings.Replace(strings.Replace(still, "still those", "none, those", 1), ": ", " are too old: ", 1)+refusedBoth)

		w.set(func(w *world) { w.down = false })
		time.Sleep(33 * time.Second)
		w.mustAccept(t, token)
		w.mustBeHealthy(t, "")
	})
}

// An issuer that fails is asked every 30 seconds at most, whoever comes, and no
// known key fails or waits for it.
func TestIssuerFails(t *testing.T) {
	serve := func(keys http.HandlerFunc) func(*world) { return func(w *world) { w.keys = keys } }
	for name, fail := range map[string]func(*world){
		"500":        serve(authntest.Status(http.StatusInternalServerError).ServeHTTP),
		"garbage":    serve(text("garbage")),
		"huge":       serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<20)) }),
		"a redirect": serve(http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP),
		"cut":        serve(text(`{"keys":[`)),
		"hangs":      serve(hang),
		"no network": func(w *world) { w.down = true },
		"slow":       func(w *world) { w.delay = time.Minute },
		"trickles":   func(w *world) { w.slow = true },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				token := w.lasting()
				w.mustAccept(t, token)
				w.set(fail)
				w.set(func(w *world) { w.fetches, w.most = 0, 0 })
				time.Sleep(9 * time.Minute)
				const minutes = 20
				for i := range minutes * 60 {
					w.mustAccept(t, token)
					unknown := w.unknown(i)
					go func() {
						start := time.Now()
						_, ok, err := w.auth.AuthenticateToken(context.Background(), unknown)
						if took := time.Since(start); ok || authn.ReasonOf(err) != authn.Unavailable || took > 5*time.Second {
							t.Errorf("after %s: %v", took, err)
						}
					}()
					time.Sleep(time.Second)
				}
				fetches, _ := w.counts()
				require.LessOrEqual(t, fetches, 2*minutes+1)              // and the one that is saved up for a rotation
				require.GreaterOrEqual(t, fetches, minutes*60/(5+33+1)-1) // a fetch, the interval with its jitter, the next token
				w.set(func(w *world) { require.Equal(t, 1, w.most, "fetches at a time") })
			})
		})
	}
}

// A fetch ends after five seconds, whatever it is that takes so long.
func TestSlowIssuer(t *testing.T) {
	for name, slow := range map[string]func(*world){
		"answer": func(w *world) { w.delay = time.Hour },
		"body":   func(w *world) { w.slow = true },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.set(slow)
				got, took := w.ask(t, w.token())
				require.Equal(t, authn.Unavailable, got.reason)
				require.Contains(t, got.text, "deadline exceeded")
				require.Equal(t, 5*time.Second, took)
				w.mustRefuse(t, w.token(), got)
				w.set(func(w *world) { w.delay, w.slow = 0, false })
				time.Sleep(2 * time.Second)
				w.mustAccept(t, w.lasting())

				w.set(slow) // and now that there are keys
				token := w.lasting()
				time.Sleep(9 * time.Minute)
				for range 400 {
					w.mustAccept(t, token)
					time.Sleep(3 * time.Second)
				}
			})
		})
	}
}

// The key set has moved: the issuer says where, when it is not where it was.
func TestMovedKeys(t *testing.T) {
	for name, tt := range map[string]struct {
		old  func(*world)
		took time.Duration
	}{
		"not found": {func(w *world) { w.old = http.NotFound }, 0},
		"gone":      {func(w *world) { w.old = authntest.Status(http.StatusGone).ServeHTTP }, 0},
		"garbage":   {func(w *world) { w.old = text("moved") }, 0},
		"redirect":  {func(w *world) { w.old = http.RedirectHandler(login+"/v2/keys", http.StatusMovedPermanently).ServeHTTP }, 0},
		"hangs":     {func(w *world) { w.old = hang }, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.mustAccept(t, w.token())
				w.Rotate()
				w.set(func(w *world) { w.keysURL = login + "/v2/keys"; tt.old(w) })
				got, took := w.ask(t, w.token())
				require.Equal(t, isUser("jane"), got)
				require.Equal(t, tt.took, took)
				w.mustBeHealthy(t, "")
				before, documents := w.counts()
				w.Rotate()
				w.mustAccept(t, w.token())
				after, documentsAfter := w.counts()
				require.Equal(t, before+1, after, "the old place is forgotten")
				require.Equal(t, documents, documentsAfter)
			})
		})
	}
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// Where only discovery fails, the keys are still fetched from where they were,
// also after they were slow once.
func TestDiscoveryDown(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.mustAccept(t, w.token())
		w.Rotate()
		w.set(func(w *world) { w.keys = hang })
		got, took := w.ask(t, w.token())
		require.Equal(t, authn.Unavailable, got.reason)
		require.Equal(t, 3*time.Second, took, "the rest of the time is for discovery")
		w.set(func(w *world) { w.keys, w.noDocument = nil, true })
		time.Sleep(33 * time.Second)
		w.mustAccept(t, w.token())
	})
}

// A caller whose context ends leaves at once. The fetch goes on for half a
// second, and for as long as anybody else waits.
func TestCallerLeaves(t *testing.T) {
	type caller struct{ comes, leaves time.Duration }
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		callers   []caller
		cancelled time.Duration // when the fetch ends; zero: it is answered
	}{
		"alone":                    {[]caller{{0, 100 * ms}}, 600 * ms},
		"two":                      {[]caller{{0, 100 * ms}, {50 * ms, 200 * ms}}, 700 * ms},
		"the first stays":          {[]caller{{0, time.Minute}, {50 * ms, 100 * ms}}, 0},
		"the second stays":         {[]caller{{0, 100 * ms}, {50 * ms, time.Minute}}, 0},
		"one comes just in time":   {[]caller{{0, 100 * ms}, {599 * ms, time.Minute}}, 0},
		"one comes and leaves too": {[]caller{{0, 100 * ms}, {599 * ms, 800 * ms}}, 1300 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				start := time.Now()
				w.set(func(w *world) { w.delay = 2 * time.Second }) // of each of the two requests
				token := w.token()
				for _, c := range tt.callers {
					go func() {
						time.Sleep(c.comes)
						ctx, cancel := context.WithTimeout(context.Background(), c.leaves-c.comes)
						defer cancel()
						got := askWith(ctx, t, w.auth, token)
						if c.leaves == time.Minute {
							require.Equal(t, isUser("jane"), got)
							require.Equal(t, 4*time.Second, time.Since(start))
							return
						}
						require.Equal(t, unavailable("keys: context deadline exceeded"), got)
						require.Equal(t, c.leaves, time.Since(start))
					}()
				}
				if tt.cancelled > 0 {
					time.Sleep(tt.cancelled - 1)
					require.Zero(t, w.cancellations())
					time.Sleep(2 * time.Nanosecond)
					require.Equal(t, 1, w.cancellations())
				}
				time.Sleep(10 * time.Second)
				if tt.cancelled == 0 {
					require.Zero(t, w.cancellations())
				}
				w.set(func(w *world) { w.delay = 0 })
				w.mustAccept(t, token) // no harm is left
			})
		})
	}
}
