package jwt_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

// Who does not wait for keys that are overdue gets no old ones for it.
func TestWithdrawnForTheHasty(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		withdrawn := w.lasting()
		w.mustAccept(t, withdrawn)
		w.Rotate()
		w.Withdraw()
		w.set(func(w *world) { w.delay = time.Second })
		time.Sleep(5 * time.Hour)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		require.Equal(t, authn.Unavailable, askWith(gone, t, w.auth, withdrawn).reason)
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		require.Equal(t, authn.Unavailable, askWith(short, t, w.auth, withdrawn).reason)
		got, took := w.ask(t, withdrawn)
		require.Equal(t, unknownKey("p256-1", "ES256"), got)
		require.LessOrEqual(t, took, 2*time.Second, "discovery, which is due too, and the key set")
	})
}

// A client that comes with made-up key ids and leaves does not keep the issuer's
// answers away.
func TestAbandonedFetches(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		withdrawn := w.lasting()
		w.mustAccept(t, withdrawn)
		w.Rotate()
		w.Withdraw()
		w.set(func(w *world) { w.delay = 600 * time.Millisecond })
		for i := range 40 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			askWith(ctx, t, w.auth, w.unknown(i))
			cancel()
			time.Sleep(33 * time.Second)
		}
		require.Zero(t, w.cancellations())
		w.mustBeHealthy(t, "")
		w.mustAccept(t, w.token())
		time.Sleep(33 * time.Second)
		require.Equal(t, unknownKey("p256-1", "ES256"), ask(t, w.auth, withdrawn))
	})
}

// An issuer whose keys are others at each fetch is not asked each time either.
func TestFlappingKeys(t *testing.T) {
	other := authntest.NewIssuer(t)
	inBubble(t, func(t *testing.T, w *world) {
		sets := [][]byte{w.KeySet(), other.KeySet()}
		w.set(func(w *world) {
			w.keys = func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(sets[w.fetches%2]) }
		})
		for i := range 2000 {
			ask(t, w.auth, w.unknown(i))
		}
		w.mustHaveFetched(t, 9) // the first, and eight spares
		time.Sleep(33 * time.Second)
		for i := range 2000 {
			ask(t, w.auth, w.unknown(i))
		}
		w.mustHaveFetched(t, 10)
	})
}

// lateKeys are renewed by somebody else between two calls of Keys.
type lateKeys struct {
	sets  [][]jwt.Key
	calls int
}

func (l *lateKeys) Keys(context.Context, string) ([]jwt.Key, error) {
	l.calls++
	return l.sets[min(l.calls, len(l.sets))-1], nil
}

func (l *lateKeys) Refresh(context.Context) error { return nil }

// What counts is whether there are other keys than those that were tried, and
// not who fetched them.
func TestKeysRenewedByAnother(t *testing.T) {
	issuer, old := newIssuer(t), newIssuer(t)
	oldKey, newKey := keysOf(old)[1:2], keysOf(issuer)[1:2] // ES256, of the same kid
	require.Equal(t, oldKey[0].ID, newKey[0].ID)
	late := &lateKeys{sets: [][]jwt.Key{oldKey, newKey}}
	auth := newStatic(t, late)
	token := issuer.Sign("ES256", good(nil), nil)
	require.Equal(t, isUser("jane"), ask(t, auth, token))
	never := &lateKeys{sets: [][]jwt.Key{oldKey}}
	require.Equal(t, badSignature(oldKey[0].ID), ask(t, newStatic(t, never), token))
}

// A failure of long ago is no reason not to wait.
func TestOldFailure(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		withdrawn := w.lasting()
		w.mustAccept(t, withdrawn)
		w.set(func(w *world) { w.down = true })
		time.Sleep(9 * time.Minute)
		w.mustAccept(t, withdrawn) // begins a fetch, which fails
		synctest.Wait()
		w.set(func(w *world) { w.down = false })
		w.Rotate()
		w.Withdraw()
		time.Sleep(20 * time.Hour)
		w.mustRefuse(t, withdrawn, unknownKey("p256-1", "ES256"))
	})
}

// What a client's transport does to its goroutine, it does not do to the server.
func TestTransportPanics(t *testing.T) {
	for name, bad := range map[string]func(){
		"panics": func() { panic("transport") },
		"exits":  runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				broken := true
				client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					if broken {
						bad()
					}
					return w.RoundTrip(r)
				})}
				auth, err := jwt.New(jwt.Config{Issuer: login, Audiences: []string{audience}, User: bySub.User}, &jwt.Options{Client: client})
				require.NoError(t, err)
				require.Equal(t, authn.Unavailable, ask(t, auth, w.token()).reason)
				broken = false
				time.Sleep(2 * time.Second)
				require.Equal(t, isUser("jane"), ask(t, auth, w.token()))
			})
		})
	}
}

// A clock that was ahead and is set right does not stop the fetching.
func TestClockSetBack(t *testing.T) {
	issuer := newIssuer(t)
	now := noon.Add(24 * time.Hour)
	auth, _ := newRemote(t, issuer, func(_ *jwt.Config, o *jwt.Options) { o.Now = func() time.Time { return now } })
	issuer.SetNow(func() time.Time { return now })
	require.Equal(t, isUser("jane"), ask(t, auth, jane(issuer)))
	require.Equal(t, authn.UnknownKey, ask(t, auth, janeWith(issuer, object{"kid": "spare"})).reason)
	now = noon
	issuer.Rotate()
	require.Equal(t, isUser("jane"), ask(t, auth, jane(issuer)))
}

// Keys that moved are found, though the old place goes on with the old ones.
func TestMovedUnnoticed(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		old := w.KeySet()
		w.mustAccept(t, w.token())
		w.Rotate()
		w.set(func(w *world) {
			w.keysURL = login + "/v2/keys"
			w.old = func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(old) }
		})
		require.Equal(t, authn.UnknownKey, ask(t, w.auth, w.token()).reason)
		time.Sleep(61 * time.Minute)
		w.mustAccept(t, w.token())
	})
}

// Given keys that are none verify nothing, and do not panic.
func TestBrokenKeys(t *testing.T) {
	issuer := newIssuer(t)
	for _, public := range []any{
		nil, "key", &rsa.PublicKey{}, (*rsa.PublicKey)(nil), (*ecdsa.PublicKey)(nil), &ecdsa.PublicKey{},
		&ecdsa.PublicKey{Curve: elliptic.P256()}, ed25519.PublicKey(nil),
	} {
		auth := newStatic(t, jwt.StaticKeys{{Public: public}}, func(c *jwt.Config, _ *jwt.Options) { c.Algorithms = allAlgorithms })
		for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
			got := ask(t, auth, issuer.Sign(alg, good(nil), nil))
			require.Equal(t, authn.UnknownKey, got.reason, fmt.Sprintf("%T %s", public, alg))
		}
	}
}

// What no key could make good is refused, though there are no keys.
func TestHopelessWithoutKeys(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.set(func(w *world) { w.down = true })
		for _, tt := range []struct {
			claims object
			want   authn.Reason
		}{
			{nil, authn.Unavailable},
			{object{"exp": time.Now().Add(-48 * time.Hour).Unix()}, authn.Expired},
			{object{"aud": "others"}, authn.WrongAudience},
			{object{"nbf": time.Now().Add(time.Hour).Unix()}, authn.NotYetValid},
		} {
			require.Equal(t, tt.want, ask(t, w.auth, w.Sign("ES256", good(tt.claims), nil)).reason)
		}
	})
}
