package jwt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

// world is an issuer and who trusts it, without a network between them and with
// a time that passes when all are waiting. Its clock is that of the bubble.
type world struct {
	*authntest.Issuer
	auth *jwt.Authenticator

	mu          sync.Mutex
	keys        http.HandlerFunc // nil: the issuer's key set
	keysURL     string           // that discovery names
	old         http.HandlerFunc // what is at other URLs
	down        bool
	noDocument  bool
	delay       time.Duration
	slow        bool // the body comes a byte a second
	fetches     int  // of the key set, wherever
	fetchedAt   []time.Time
	discoveries int
	cancelled   int // requests that ended before they were answered
	under, most int // requests under way, now and at most
}

var errDown = errors.New("connection refused")

// inBubble runs a test with a world in which no real time passes.
func inBubble(t *testing.T, f func(t *testing.T, w *world), edit ...func(*jwt.Config)) {
	t.Helper()
	issuer := authntest.NewIssuer(t) // its server is outside, and is not asked
	synctest.Test(t, func(t *testing.T) {
		issuer.SetNow(time.Now)
		w := &world{Issuer: issuer, keysURL: login + "/keys", old: http.NotFound}
		c := jwt.Config{Issuer: login, Audiences: []string{audience}, User: bySub.User}
		for _, e := range edit {
			e(&c)
		}
		var err error
		w.auth, err = jwt.New(c, &jwt.Options{Client: &http.Client{Transport: w}})
		require.NoError(t, err)
		defer time.Sleep(10 * time.Second) // for what is still under way to end
		f(t, w)
	})
}

// RoundTrip implements [http.RoundTripper].
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	handler, delay, down, slow := w.old, w.delay, w.down, w.slow
	switch {
	case strings.HasSuffix(r.URL.Path, "/openid-configuration") && w.noDocument:
		w.discoveries++
	case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
		w.discoveries++
		handler = text(fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, login, w.keysURL))
	case r.URL.String() == w.keysURL && w.keys != nil:
		w.fetching()
		handler = w.keys
	case r.URL.String() == w.keysURL:
		w.fetching()
		handler = func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(w.KeySet()) }
	default:
		w.fetching()
	}
	w.under++
	w.most = max(w.most, w.under)
	w.mu.Unlock()
	defer w.set(func(w *world) { w.under-- })
	if err := pause(r.Context(), delay); err != nil {
		w.mu.Lock()
		w.cancelled++
		w.mu.Unlock()
		return nil, err
	}
	if down {
		return nil, errDown
	}
	rec := httptest.NewRecorder()
	handler(rec, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := rec.Result()
	if slow {
		resp.Body = io.NopCloser(&trickle{r.Context(), rec.Body})
	}
	return resp, nil
}

// fetching counts a fetch of a key set. w.mu is held.
func (w *world) fetching() {
	w.fetches++
	w.fetchedAt = append(w.fetchedAt, time.Now())
}

func pause(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// trickle is a body that comes a byte a second.
type trickle struct {
	ctx  context.Context
	body *bytes.Buffer
}

func (s *trickle) Read(p []byte) (int, error) {
	if err := pause(s.ctx, time.Second); err != nil {
		return 0, err
	}
	return s.body.Read(p[:1])
}

// set changes the world.
func (w *world) set(f func(*world)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w)
}

// counts returns how often the key set and the document were asked for, once
// everything has come to rest.
func (w *world) counts() (fetches, discoveries int) {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fetches, w.discoveries
}

func (w *world) cancellations() int {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cancelled
}

func (w *world) mustHaveFetched(t *testing.T, want int) {
	t.Helper()
	fetches, _ := w.counts()
	require.Equal(t, want, fetches)
}

// token returns a new good token.
func (w *world) token() string { return w.Sign("ES256", good(nil), nil) }

// lasting returns a good token that is valid for days.
func (w *world) lasting() string {
	return w.Sign("ES256", good(object{"exp": time.Now().Add(72 * time.Hour).Unix()}), nil)
}

// ask returns the answer, and how long it took.
func (w *world) ask(t *testing.T, token string) (answer, time.Duration) {
	t.Helper()
	start := time.Now()
	got := ask(t, w.auth, token)
	return got, time.Since(start)
}

// mustAccept asks, and wants a good answer at once.
func (w *world) mustAccept(t *testing.T, token string) {
	t.Helper()
	got, took := w.ask(t, token)
	require.Equal(t, isUser("jane"), got)
	require.Zero(t, took)
}

func (w *world) mustRefuse(t *testing.T, token string, want answer) {
	t.Helper()
	got, took := w.ask(t, token)
	require.Equal(t, want, got)
	require.Zero(t, took)
}

// unknown returns a token that says it is signed with a key which nobody has.
func (w *world) unknown(i int) string { return w.named(fmt.Sprintf("nobody's-%d", i)) }

// named returns a token of the key with that name.
func (w *world) named(kid string) string {
	return withHeader(w.token(), fmt.Sprintf(`{"alg":"ES256","kid":%q}`, kid))
}

// forged returns a token with a bad signature under the current key.
func (w *world) forged() string {
	h, p, _ := parts(w.token())
	return h + "." + p + "." + b64(make([]byte, 64))
}
