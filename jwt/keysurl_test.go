package jwt_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

// atKeysURL runs a test in a world whose issuer has a key set and no discovery.
func atKeysURL(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	inBubble(t, func(t *testing.T, w *world) {
		f(t, w)
		_, discoveries := w.counts()
		require.Zero(t, discoveries)
	}, func(c *jwt.Config) { c.KeysURL = login + "/keys" })
}

func TestKeysURLRotation(t *testing.T) {
	atKeysURL(t, func(t *testing.T, w *world) {
		w.mustBeHealthy(t, "not fetched yet")
		first := w.lasting()
		w.mustAccept(t, first)
		for i := range 5 {
			w.Rotate()
			w.mustAccept(t, w.token())
			w.mustHaveFetched(t, 2+i)
		}
		w.mustAccept(t, first)
		w.Withdraw()
		fresh := w.lasting()
		for range 16 {
			w.mustAccept(t, fresh)
			time.Sleep(30 * time.Second)
		}
		time.Sleep(time.Nanosecond)
		w.mustAccept(t, fresh) // begins a fetch and does not wait for it
		w.mustHaveFetched(t, 7)
		w.mustRefuse(t, first, unknownKey("p256-1", "ES256"))
		w.mustBeHealthy(t, "")
	})
}

// A flood of made-up ids is one fetch in 30 seconds, after the one that the first
// set has earned.
func TestKeysURLUnknownKeys(t *testing.T) {
	atKeysURL(t, func(t *testing.T, w *world) {
		w.mustAccept(t, w.token())
		for i := range 100 {
			want := unavailable(fmt.Sprintf(`keys: key "nobody's-%d": not among those known, and it is too soon to fetch them again`, i))
			if i == 0 {
				want = unknownKey("nobody's-0", "ES256")
			}
			w.mustRefuse(t, w.unknown(i), want)
		}
		w.mustHaveFetched(t, 2)
		time.Sleep(33 * time.Second)
		w.mustRefuse(t, w.unknown(1), unknownKey("nobody's-1", "ES256"))
		w.mustRefuse(t, w.forged(), badSignature("p256-1"))
		w.mustHaveFetched(t, 3)
	})
}

func TestKeysURLDown(t *testing.T) {
	const refused = `key set: GET https://login.example.com/keys: connection refused`
	atKeysURL(t, func(t *testing.T, w *world) {
		w.set(func(w *world) { w.down = true })
		require.EqualError(t, w.auth.Preload(t.Context()), `jwt: issuer "https://login.example.com": keys: `+refused)
		w.mustBeHealthy(t, "none yet: "+refused)
		w.set(func(w *world) { w.down = false })
		time.Sleep(2 * time.Second)
		token := w.lasting()
		w.mustAccept(t, token)
		w.mustBeHealthy(t, "")

		w.set(func(w *world) { w.down = true })
		since := time.Now().UTC().Format(time.RFC3339)
		time.Sleep(9 * time.Minute)
		w.mustAccept(t, token) // begins a fetch
		synctest.Wait()
		w.mustBeHealthy(t, "still those of "+since+": "+refused)
		w.mustRefuse(t, w.unknown(1), unavailable("keys: "+refused))
		time.Sleep(24 * time.Hour)
		w.mustRefuse(t, token, unavailable("keys: "+refused))
		w.mustBeHealthy(t, "none, those of "+since+" are too old: "+refused)
		w.set(func(w *world) { w.down = false })
		time.Sleep(33 * time.Second)
		w.mustAccept(t, token)
		w.mustBeHealthy(t, "")
	})
}

// A fetch has all of the time, since nothing else is tried.
func TestKeysURLSlow(t *testing.T) {
	atKeysURL(t, func(t *testing.T, w *world) {
		w.set(func(w *world) { w.keys = hang })
		got, took := w.ask(t, w.token())
		require.Equal(t, unavailable("keys: key set: GET https://login.example.com/keys: context deadline exceeded"), got)
		require.Equal(t, 5*time.Second, took)
	})
}

// Nobody says where a key set has gone that moves.
func TestKeysURLMoved(t *testing.T) {
	atKeysURL(t, func(t *testing.T, w *world) {
		old := w.lasting()
		w.mustAccept(t, old)
		w.Rotate()
		since := time.Now().UTC().Format(time.RFC3339)
		w.set(func(w *world) {
			w.keysURL = login + "/v2/keys"
			w.old = http.RedirectHandler(w.keysURL, http.StatusMovedPermanently).ServeHTTP
		})
		const moved = `key set: GET https://login.example.com/keys: status 301`
		for range 3 {
			w.mustRefuse(t, w.token(), unavailable("keys: "+moved))
			w.mustAccept(t, old)
			w.mustBeHealthy(t, "still those of "+since+": "+moved)
			time.Sleep(2 * time.Hour)
		}
	})
}

// The issuer need not be a URL, and over http on a loopback address its keys are
// taken where the caller has said so.
func TestKeysURLOfAnyIssuer(t *testing.T) {
	issuer := newIssuer(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() == "/certs?v=1" {
			_, _ = w.Write(issuer.KeySet())
		}
	}))
	defer server.Close()
	for _, name := range []string{"us", "accounts.google.com", "urn:example:issuer", "https://login.example.com/ a b", "kubernetes/serviceaccount"} {
		auth, _ := newRemote(t, issuer, func(c *jwt.Config, o *jwt.Options) {
			c.Issuer, c.KeysURL, o.Client = name, server.URL+"/certs?v=1", server.Client()
		})
		require.NoError(t, auth.Preload(t.Context()), name)
		resp, ok, err := auth.AuthenticateToken(t.Context(), issuer.Token(good(object{"iss": name})))
		require.NoError(t, err, name)
		require.True(t, ok, name)
		require.Equal(t, "jane", resp.User.GetName())
		require.Equal(t, strings.Replace(name, "accounts", "https://accounts", 1), auth.Issuer())
		_, ok, err = auth.AuthenticateToken(t.Context(), issuer.Token(good(nil)))
		require.NoError(t, err, name)
		require.False(t, ok, "of another issuer")
	}
	require.Zero(t, issuer.Discoveries())
}

// A set that is refused says where it is, without what may be a secret.
func TestKeysURLErrors(t *testing.T) {
	issuer := newIssuer(t)
	for want, keys := range map[string]http.Handler{
		"key set: " + issuer.URL() + "/certs?…: not a JSON object":                          text("<html>"),
		"key set: GET " + issuer.URL() + "/certs?…: status 404":                             http.NotFoundHandler(),
		"key set: GET " + issuer.URL() + "/certs?…: status 403":                             authntest.Status(http.StatusForbidden),
		"key set: " + issuer.URL() + `/certs?…: "keys": not a list`:                         text(`{"issuer":"x","jwks_uri":"` + issuer.URL() + `/keys"}`),
		"key set: GET " + issuer.URL() + "/certs?…: the answer has more than 1048576 bytes": text(strings.Repeat(" ", 1<<20) + `{"keys":[]}`),
		"key set: " + issuer.URL() + `/certs?…: offset 17: duplicate member "keys"`:         text(`{"keys":[],"keys":[]}`),
	} {
		issuer.Serve(keys)
		auth, _ := newRemote(t, issuer, func(c *jwt.Config, _ *jwt.Options) { c.KeysURL = issuer.URL() + "/certs?key=s3cr3t" })
		require.Equal(t, unavailable("keys: "+want), ask(t, auth, jane(issuer)))
	}
}
