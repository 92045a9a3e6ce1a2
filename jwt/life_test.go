package jwt_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

func TestLife(t *testing.T) {
	for control, life := range map[string]time.Duration{
		"":                          10 * time.Minute,
		"max-age=0":                 time.Minute,
		"max-age=59":                time.Minute,
		"max-age=61":                61 * time.Second,
		"max-age=3599":              3599 * time.Second,
		"max-age=3601":              time.Hour,
		"max-age=31536000":          time.Hour,
		"MAX-AGE=120":               2 * time.Minute,
		`max-age="120"`:             2 * time.Minute,
		"public, max-age=120, x":    2 * time.Minute,
		"max-age=-5":                10 * time.Minute,
		"max-age=1e3":               10 * time.Minute,
		"max-age":                   10 * time.Minute,
		"s-maxage=60":               10 * time.Minute,
		"no-cache":                  time.Minute,
		"no-store":                  time.Minute,
		"no-cache, max-age=600":     time.Minute,
		"max-age=600, no-cache":     time.Minute,
		"private,max-age=600 , foo": 10 * time.Minute,
	} {
		t.Run(control, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.set(func(w *world) {
					w.keys = func(rw http.ResponseWriter, _ *http.Request) {
						rw.Header().Set("Cache-Control", control)
						_, _ = rw.Write(w.KeySet())
					}
				})
				token := w.lasting()
				w.mustAccept(t, token)
				time.Sleep(life * 4 / 5)
				w.mustAccept(t, token)
				w.mustHaveFetched(t, 1)
				time.Sleep(time.Nanosecond) // now in the background
				w.mustAccept(t, token)
				w.mustHaveFetched(t, 2)
				time.Sleep(life * 4 / 5)
				w.mustAccept(t, token)
				w.mustHaveFetched(t, 2)
			})
		})
	}
}

// Where tokens keep coming, nobody waits for a fetch, and a key that was
// withdrawn is dead within ten minutes.
func TestWithdrawn(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		old := w.lasting()
		w.mustAccept(t, old)
		w.Rotate()
		fresh := w.lasting()
		w.mustAccept(t, fresh)
		w.mustAccept(t, old)
		w.Withdraw()
		for range 16 {
			w.mustAccept(t, fresh)
			w.mustAccept(t, old)
			w.mustHaveFetched(t, 2)
			time.Sleep(30 * time.Second)
		}
		time.Sleep(time.Nanosecond)
		w.mustAccept(t, fresh) // begins a fetch and does not wait for it
		w.mustHaveFetched(t, 3)
		w.mustRefuse(t, old, unknownKey("p256-1", "ES256"))
		w.mustAccept(t, fresh)
	})
}

// However often somebody comes with a key that was withdrawn, ten minutes after it
// was, it is refused.
func TestWithdrawnAtAnyPace(t *testing.T) {
	for _, pace := range []time.Duration{time.Second, 59 * time.Second, 3 * time.Minute, 8 * time.Minute, 9*time.Minute + 59*time.Second, 10*time.Minute + 1, 11 * time.Minute} {
		for _, delay := range []time.Duration{0, 2 * time.Second} {
			t.Run(fmt.Sprintf("%s, fetches of %s", pace, delay), func(t *testing.T) {
				inBubble(t, func(t *testing.T, w *world) {
					old := w.lasting()
					w.mustAccept(t, old)
					w.Rotate()
					w.Withdraw()
					w.set(func(w *world) { w.delay = delay })
					withdrawn, accepted := time.Now(), time.Time{}
					for time.Since(withdrawn) < 25*time.Minute {
						time.Sleep(pace)
						came := time.Now()
						if got, _ := w.ask(t, old); got.user != nil {
							accepted = came
							continue
						}
						break
					}
					require.LessOrEqual(t, accepted.Sub(withdrawn), 10*time.Minute)
					w.set(func(w *world) { w.delay = 0 })
					w.mustRefuse(t, old, unknownKey("p256-1", "ES256"))
					w.mustAccept(t, w.token())
				})
			})
		}
	}
}

// After an hour in which nobody came, the first does not get in with a key that
// was withdrawn.
func TestWithdrawnWhileIdle(t *testing.T) {
	for _, idle := range []time.Duration{10*time.Minute + 1, time.Hour, 23 * time.Hour, 25 * time.Hour} {
		t.Run(idle.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				old := w.lasting()
				w.mustAccept(t, old)
				w.Rotate()
				w.Withdraw()
				time.Sleep(idle)
				w.mustRefuse(t, old, unknownKey("p256-1", "ES256"))
				w.mustAccept(t, w.token())
			})
		})
	}
}

// New keys are taken on their first token, again and again.
func TestRotation(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		first := w.lasting()
		w.mustAccept(t, first)
		for i := range 5 {
			w.Rotate()
			w.mustAccept(t, w.token())
			w.mustHaveFetched(t, 2+i)
		}
		w.mustAccept(t, first)
		_, discoveries := w.counts()
		require.Equal(t, 1, discoveries)
	})
}

// A new key under the old name, found by a signature that does not fit.
func TestSameNameNewKey(t *testing.T) {
	others := []*authntest.Issuer{newIssuer(t), newIssuer(t), newIssuer(t)} // whose servers stay outside
	inBubble(t, func(t *testing.T, w *world) {
		w.mustAccept(t, w.token())
		for i, other := range others {
			member := memberOf(t, other, "p256-1")
			w.set(func(w *world) { w.keys = text(`{"keys":[` + member + `]}`) })
			other.SetNow(time.Now)
			w.mustAccept(t, other.Sign("ES256", good(nil), nil))
			w.mustRefuse(t, w.token(), badSignature("p256-1"))
			w.mustHaveFetched(t, 2*i+3) // one for the new key, one more for its forerunner
			time.Sleep(34 * time.Second)
		}
	})
}

// However many tokens come that no key fits, the issuer is hardly asked.
func TestFloods(t *testing.T) {
	for name, token := range map[string]func(*world, int) string{
		"unknown kids":   (*world).unknown,
		"bad signatures": func(w *world, _ int) string { return w.forged() },
		"both": func(w *world, i int) string {
			if i%2 == 0 {
				return w.forged()
			}
			return w.unknown(i)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				tokens := make([]string, 50)
				for i := range tokens {
					tokens[i] = token(w, i)
				}
				flood := func() {
					for i := range 2000 {
						got, took := w.ask(t, tokens[i%len(tokens)])
						require.NotEqual(t, isUser("jane"), got)
						require.Contains(t, []string{"UnknownKey", "BadSignature", "Unavailable"}, string(got.reason))
						require.Zero(t, took)
					}
				}
				flood()
				w.mustHaveFetched(t, 2)
				for i := range 3 {
					time.Sleep(30*time.Second - 1)
					flood()
					w.mustHaveFetched(t, 2+i)
					time.Sleep(3*time.Second + 1) // what jitter adds
					flood()
					w.mustHaveFetched(t, 3+i)
					w.mustAccept(t, w.token())
				}
			})
		})
	}
}

// A flood does not keep a new key out for longer than the interval, and until
// then nobody is told that it is unknown.
func TestRotationDuringFlood(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		old := w.token()
		w.mustAccept(t, old)
		tooSoon := func(id string) answer {
			return answer{reason: authn.Unavailable, text: fmt.Sprintf("keys: key %q: not among those known, and it is too soon to fetch them again", id)}
		}
		w.mustRefuse(t, w.unknown(0), unknownKey("nobody's-0", "ES256")) // takes the spare fetch
		for i := range 10 {
			w.mustRefuse(t, w.unknown(i+1), tooSoon(fmt.Sprintf("nobody's-%d", i+1)))
			w.mustRefuse(t, w.unknown(0), unknownKey("nobody's-0", "ES256"))
		}
		w.mustHaveFetched(t, 2)
		w.Rotate()
		w.mustRefuse(t, w.token(), tooSoon("p256-2"))
		w.mustAccept(t, old)
		time.Sleep(33 * time.Second)
		w.mustAccept(t, w.token())
		w.mustHaveFetched(t, 3)
	})
}

func TestPreload(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		require.EqualError(t, w.auth.HealthCheck(), `jwt: issuer "https://login.example.com": keys: not fetched yet`)
		w.mustHaveFetched(t, 0)
		for range 3 {
			require.NoError(t, w.auth.Preload(t.Context()))
		}
		w.mustHaveFetched(t, 1)
		require.NoError(t, w.auth.HealthCheck())
		w.mustAccept(t, w.token())
		w.mustHaveFetched(t, 1)
	})
}
