package jwt_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/union"
)

// A user tells when its token will be refused, leeway included.
func TestExpiry(t *testing.T) {
	issuer := newIssuer(t)
	exp := noon.Add(time.Hour)
	for _, tt := range []struct {
		name   string
		leeway time.Duration
		want   time.Time
	}{
		{"kube-apiserver's", 0, exp},
		{"none", -1, exp},
		{"a minute", time.Minute, exp.Add(time.Minute)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := noon
			auth := newStatic(t, keysOf(issuer), func(_ *jwt.Config, o *jwt.Options) {
				o.Leeway = tt.leeway
				o.Now = func() time.Time { return now }
			})
			token := issuer.Token(good(object{"exp": exp.Unix()}))
			resp, ok, err := auth.AuthenticateToken(t.Context(), token)
			require.NoError(t, err)
			require.True(t, ok)
			expiry, known := authn.ExpiryOf(resp.User)
			require.True(t, known)
			require.Equal(t, tt.want.Unix(), expiry.Unix())
			now = expiry.Add(-time.Nanosecond)
			require.Equal(t, isUser("jane"), ask(t, auth, token), "the last moment")
			now = expiry
			require.Equal(t, authn.Expired, ask(t, auth, token).reason)
		})
	}
	resp, ok, err := newStatic(t, keysOf(issuer)).AuthenticateToken(t.Context(), issuer.Token(good(object{"exp": int64(1<<63 - 1 - 62135596800)})))
	require.NoError(t, err)
	require.True(t, ok)
	expiry, known := authn.ExpiryOf(resp.User)
	require.True(t, known)
	require.True(t, expiry.After(noon), "the last second that there is")
}

// asked counts how often it is asked.
type asked struct {
	*jwt.Authenticator
	times int
}

func (a *asked) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	a.times++
	return a.Authenticator.AuthenticateToken(ctx, token)
}

// cachedWorld is a world whose tokens are remembered for as long as may be, by way of
// a union.
func cachedWorld(w *world) (*asked, *bearer.Cache) {
	inner := &asked{Authenticator: w.auth}
	return inner, bearer.Cached(union.Tokens(inner), &bearer.CacheOptions{TTL: time.Hour, FailureTTL: time.Hour})
}

func mustBe(t *testing.T, cache *bearer.Cache, token string, want authn.Reason) {
	t.Helper()
	_, ok, err := cache.AuthenticateToken(t.Context(), token)
	require.Equal(t, want, authn.ReasonOf(err), "%v", err)
	require.Equal(t, want == "", ok)
}

// What is remembered ends with the token, to the second.
func TestCachedUntilExpiry(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		inner, cache := cachedWorld(w)
		mustBe(t, cache, w.token(), "") // fetches the keys
		inner.times = 0
		token := w.Sign("ES256", good(object{"exp": time.Now().Add(90 * time.Second).Unix()}), nil)
		for range 3 {
			mustBe(t, cache, token, "")
		}
		require.Equal(t, 1, inner.times)
		time.Sleep(89 * time.Second)
		mustBe(t, cache, token, "")
		require.Equal(t, 1, inner.times)
		time.Sleep(time.Second)
		for range 3 {
			mustBe(t, cache, token, authn.Expired)
		}
		require.Equal(t, 2, inner.times, "and that it has expired is remembered too")
	})
}

// What is remembered ends when the keys change, whoever notices.
func TestCachedUntilWithdrawn(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		inner, cache := cachedWorld(w)
		old, early := w.lasting(), w.token()
		mustBe(t, cache, old, "")
		mustBe(t, cache, old, "")
		w.Rotate()
		w.Withdraw()
		mustBe(t, cache, old, "") // nobody has looked
		inner.times = 0
		mustBe(t, cache, w.token(), "") // of the new key, which has the set fetched
		mustBe(t, cache, old, authn.UnknownKey)
		mustBe(t, cache, early, authn.UnknownKey)
		require.Equal(t, 3, inner.times)
	})
}

// A token that is refused for its key is not remembered beyond a change of keys.
func TestCachedRefusalUntilKeys(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		inner, cache := cachedWorld(w)
		mustBe(t, cache, w.token(), "")
		before := w.KeySet()
		w.Rotate()
		soon := w.lasting()
		w.set(func(w *world) { w.keys = func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(before) } })
		mustBe(t, cache, soon, authn.UnknownKey)
		inner.times = 0
		mustBe(t, cache, soon, authn.UnknownKey)
		require.Zero(t, inner.times)
		w.set(func(w *world) { w.keys = nil })
		time.Sleep(33 * time.Second)
		mustBe(t, cache, w.token(), "") // has the new keys fetched
		mustBe(t, cache, soon, "")
	})
}

// While the issuer is down nothing is remembered but what is certain.
func TestCachedWhileDown(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		_, cache := cachedWorld(w)
		w.set(func(w *world) { w.down = true })
		token := w.token()
		mustBe(t, cache, token, authn.Unavailable)
		w.set(func(w *world) { w.down = false })
		time.Sleep(2 * time.Second)
		mustBe(t, cache, token, "")
	})
}
