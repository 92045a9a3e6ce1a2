package jwt_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

// The number changes with the keys that are published, and with nothing else.
func TestGenerationOfPublishedKeys(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		must := func(want uint64) {
			t.Helper()
			w.counts() // everything has come to rest
			require.Equal(t, want, w.auth.Generation())
		}
		must(0)
		w.mustHaveFetched(t, 0)
		first := w.lasting()
		w.mustAccept(t, first)
		must(1)
		w.mustRefuse(t, w.unknown(1), unknownKey("nobody's-1", "ES256"))
		time.Sleep(9 * time.Minute)
		w.mustAccept(t, first) // fetches the same in the background
		must(1)
		w.mustHaveFetched(t, 3)

		w.Rotate()
		time.Sleep(33 * time.Second)
		w.mustAccept(t, w.token())
		must(2)
		w.Withdraw()
		time.Sleep(11 * time.Minute)
		must(2) // nobody has asked
		w.mustRefuse(t, first, unknownKey("p256-1", "ES256"))
		must(3)

		w.set(func(w *world) { w.down = true })
		time.Sleep(25 * time.Hour)
		require.Equal(t, authn.Unavailable, ask(t, w.auth, w.token()).reason)
		must(3)
		w.set(func(w *world) { w.down = false })
		time.Sleep(33 * time.Second)
		w.mustAccept(t, w.token())
		must(3) // the same are there again

		w.set(func(w *world) {
			w.keys = func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, `{"keys":[]}`) }
		})
		time.Sleep(9 * time.Minute)
		w.mustAccept(t, w.token())
		must(4) // there are none
		w.set(func(w *world) { w.keys = nil })
		time.Sleep(33 * time.Second)
		w.mustAccept(t, w.token())
		must(5)
	})
}

// counted is a KeySet that has a number.
type counted struct {
	jwt.StaticKeys
	number uint64
}

func (c *counted) Generation() uint64 { return c.number }

func TestGenerationOfReorderedKeys(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var set struct{ Keys []json.RawMessage }
		require.NoError(t, json.Unmarshal(w.KeySet(), &set))
		require.Greater(t, len(set.Keys), 2)
		w.set(func(w *world) {
			w.keys = func(rw http.ResponseWriter, _ *http.Request) {
				set.Keys = append(set.Keys[1:], set.Keys[0])
				_, _ = rw.Write(toJSON(t, object{"keys": set.Keys}))
			}
		})
		token := w.lasting()
		for range 5 {
			w.mustAccept(t, token)
			time.Sleep(9 * time.Minute) // then it is fetched in the background
			w.mustAccept(t, token)
			w.counts() // everything has come to rest
		}
		fetches, _ := w.counts()
		require.Greater(t, fetches, 4)
		require.EqualValues(t, 1, w.auth.Generation())
	})
	one, two := newIssuer(t), newIssuer(t)
	f := newKeyFile(t, pemKeys(t, one)+pemKeys(t, two))
	f.write(t, pemKeys(t, two)+pemKeys(t, one))
	require.EqualValues(t, 1, f.auth.Generation())
	f.write(t, pemKeys(t, two)+pemKeys(t, two))
	require.EqualValues(t, 2, f.auth.Generation(), "as many, and others")
}

func TestGenerationOfOwnKeys(t *testing.T) {
	require.Zero(t, newStatic(t, jwt.StaticKeys{}).Generation())
	require.Zero(t, newStatic(t, ownKeys(func(context.Context, string) ([]jwt.Key, error) { return nil, nil })).Generation())
	own := &counted{number: 7}
	auth := newStatic(t, own)
	require.EqualValues(t, 7, auth.Generation())
	own.number++
	require.EqualValues(t, 8, auth.Generation())
}

// A change of a file is noticed by who asks for the number alone, as a cache does.
func TestGenerationOfFile(t *testing.T) {
	one, two := newIssuer(t), newIssuer(t)
	f := newKeyFile(t, pemKeys(t, one))
	require.EqualValues(t, 1, f.auth.Generation())
	f.write(t, "\n"+pemKeys(t, one)) // the same keys
	require.EqualValues(t, 1, f.auth.Generation())
	f.write(t, pemKeys(t, two))
	require.EqualValues(t, 2, f.auth.Generation())
	f.write(t, "broken")
	require.EqualValues(t, 2, f.auth.Generation())
	f.write(t, pemKeys(t, one))
	require.EqualValues(t, 3, f.auth.Generation(), "not the first again")
}

// While the number stays the same so do the keys, whoever changes them meanwhile.
func TestGenerationUnderLoad(t *testing.T) {
	odd, even := newIssuer(t), newIssuer(t)
	texts := []string{publicPEM(t, even.PublicKey("ES256")), publicPEM(t, odd.PublicKey("ES256"))}
	f := newKeyFile(t, texts[1])
	token := odd.Sign("ES256", good(nil), nil)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			last := uint64(0)
			for ctx.Err() == nil {
				before := f.auth.Generation()
				_, ok, _ := f.auth.AuthenticateToken(t.Context(), token)
				after := f.auth.Generation()
				if before == after && ok != (before%2 == 1) || before < last || after < before {
					t.Errorf("numbers %d, %d, %d: accepted: %t", last, before, after, ok)
					return
				}
				last = after
			}
		})
	}
	for n := range 100 {
		f.write(t, texts[n%2])
		// Somebody else may be reading the file just now.
		require.Eventually(t, func() bool { return f.Generation() == uint64(2+n) }, time.Minute, time.Millisecond)
	}
	stop()
	wg.Wait()
}

func TestMuxGeneration(t *testing.T) {
	clock := newClock()
	own := &counted{number: 10}
	f := newKeyFile(t, pemKeys(t, newIssuer(t)))
	remote, _ := newRemote(t, newIssuer(t))
	named := func(url string) func(*jwt.Config, *jwt.Options) {
		return func(c *jwt.Config, _ *jwt.Options) { c.Issuer = url }
	}
	auths := []*jwt.Authenticator{remote, newStatic(t, own, named("own")), newStatic(t, f.FileKeys, named("file"))}
	for n := range 97 {
		auths = append(auths, newStatic(t, jwt.StaticKeys{}, named(fmt.Sprint(n))))
	}
	mux, err := jwt.NewMux(auths...)
	require.NoError(t, err)
	require.EqualValues(t, 0+10+1, mux.Generation())
	require.NoError(t, remote.Preload(t.Context()))
	require.EqualValues(t, 1+10+1, mux.Generation())
	own.number++
	require.EqualValues(t, 1+11+1, mux.Generation())
	f.write(t, pemKeys(t, newIssuer(t)))
	require.EqualValues(t, 1+11+2, mux.Generation())

	still, err := jwt.File(f.path, &jwt.FileOptions{Now: clock.Now})
	require.NoError(t, err)
	mux, err = jwt.NewMux(append(auths[:2:2], newStatic(t, still))...)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() { mux.Generation() }))
	empty, err := jwt.NewMux()
	require.NoError(t, err)
	require.Zero(t, empty.Generation())
}
