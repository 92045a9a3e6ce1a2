package bearer_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// hostile is a user whose groups are a trap.
type hostile struct{ user.Info }

func (hostile) GetGroups() []string { panic("secret") }

// trap is an error that cannot be looked into.
type trap struct{ error }

func (trap) Unwrap() []error { panic("secret") }

func panicking(v any) judgment {
	return func(context.Context, string) (*authenticator.Response, bool, error) { panic(v) }
}

const panicked = "authn: an authenticator panicked with a "

// What is remembered, and for how long to the nanosecond.
func TestCachedRemembers(t *testing.T) {
	now := newClock().now()
	ann := authntest.User("ann")
	refuse := func(errs ...error) judgment { return always(nil, errors.Join(errs...)) }
	expired, down := authn.Errorf(authn.Expired, "late"), authn.Errorf(authn.Unavailable, "down")
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	tests := []struct {
		name     string
		judgment judgment
		err      string // empty for what is accepted as ann, or by nobody
		reason   authn.Reason
		remember time.Duration
	}{
		{"accepted", always(ann, nil), "", "", 10 * time.Second},
		{"expires soon", always(mortalUser("ann", now.Add(3*time.Second)), nil), "", "", 3 * time.Second},
		{"expires in a nanosecond", always(mortalUser("ann", now.Add(1)), nil), "", "", 1},
		{"expires late", always(mortalUser("ann", now.Add(time.Hour)), nil), "", "", 10 * time.Second},
		{"expires in 9999", always(mortalUser("ann", time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)), nil), "", "", 10 * time.Second},
		{"expires at the end of time", always(mortalUser("ann", time.Unix(1<<62, 0)), nil), "", "", 10 * time.Second},
		{"expires now", always(mortalUser("ann", now), nil), "", "", 0},
		{"expired within the leeway", always(mortalUser("ann", now.Add(-time.Second)), nil), "", "", 0},
		{"expired long ago", always(mortalUser("ann", time.Unix(-1<<62, 0)), nil), "", "", 0},
		{"expiry not known", always(mortalUser("ann", time.Time{}), nil), "", "", 10 * time.Second},
		{"read-only, expires soon", always(authn.ReadOnly(mortalUser("ann", now.Add(time.Second))), nil), "", "", time.Second},

		{"nobody recognizes it", always(nil, nil), "", "", 10 * time.Second},
		{"accepted nobody", echo.AuthenticateToken, "authn: judge accepted a request without naming a user", authn.InvalidUser, 10 * time.Second},
		{"accepted a bad name", always(authntest.User("a\n"), nil), "authn: judge accepted a request: the user name has the control character U+000A at byte 1", authn.InvalidUser, 10 * time.Second},
		{"accepted and refused", func(context.Context, string) (*authenticator.Response, bool, error) {
			return &authenticator.Response{User: ann}, true, expired
		}, "late", authn.Expired, 10 * time.Second},

		{"expired", refuse(expired), "late", authn.Expired, 10 * time.Second},
		{"two that are sure", refuse(expired, authn.Errorf(authn.UnknownKey, "key")), "late\nkey", authn.Expired, 10 * time.Second},
		{"wrapped", always(nil, fmt.Errorf("x: %w", expired)), "x: late", authn.Expired, 10 * time.Second},
		{"no reason", refuse(errors.New("no")), "no", authn.Refused, 0},
		{"not yet valid", refuse(authn.Errorf(authn.NotYetValid, "early")), "early", authn.NotYetValid, 0},
		{"unavailable", refuse(down), "down", authn.Unavailable, 0},
		{"one is unavailable", refuse(expired, down), "late\ndown", authn.Unavailable, 0},
		{"one of a union is unavailable", union.Tokens(&judge{judgment: refuse(expired)}, &judge{judgment: refuse(down)}).AuthenticateToken, "late; down", authn.Unavailable, 0},
		{"all of a union are sure", union.Tokens(&judge{judgment: refuse(expired)}, echoing("pass"), &judge{judgment: refuse(expired)}).AuthenticateToken, "late; late", authn.Expired, 10 * time.Second},
		{"a context of its own ended", refuse(gone.Err()), "context canceled", authn.Unavailable, 0},
		{"a deadline of its own", always(nil, fmt.Errorf("dial: %w", context.DeadlineExceeded)), "dial: context deadline exceeded", authn.Unavailable, 0},

		{"panic", panicking("secret"), panicked + "string", authn.Panicked, 0},
		{"panic with a sure refusal", panicking(expired), panicked + "*authn.Error", authn.Panicked, 0},
		{"panic that ends a connection", panicking(http.ErrAbortHandler), panicked + "*errors.errorString", authn.Panicked, 0},
		{"panic with nil", panicking(nil), "authn: an authenticator panicked: panic called with nil argument", authn.Panicked, 0},
		{"the user panics", always(hostile{ann}, nil), panicked + "string", authn.Panicked, 0},
		{"the error panics", always(nil, trap{expired}), panicked + "string", authn.Panicked, 0},
		{"ends its goroutine", func(context.Context, string) (*authenticator.Response, bool, error) {
			runtime.Goexit()
			return nil, false, expired
		}, "bearer: cache: the look-up failed: the work ended its goroutine", authn.Panicked, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock, j := newClock(), &judge{judgment: tt.judgment}
			c := bearer.Cached(j, &bearer.CacheOptions{Now: clock.now})
			ask := func(asked int64) {
				t.Helper()
				resp, ok, err := c.AuthenticateToken(t.Context(), "nobody")
				require.Equal(t, asked, j.asked.Load())
				require.Equal(t, tt.reason, authn.ReasonOf(err))
				require.Zero(t, c.InFlight())
				if tt.err != "" {
					require.EqualError(t, err, tt.err)
				}
				if ok {
					require.Equal(t, "ann", resp.User.GetName())
				} else {
					require.Nil(t, resp)
				}
			}
			ask(1)
			if tt.remember > 0 {
				ask(1)
				clock.pass(tt.remember - 1)
				ask(1)
				clock.pass(1)
			}
			ask(2)
		})
	}
}

// echoing asks echo about another token.
func echoing(token string) authenticator.Token {
	return authenticator.TokenFunc(func(ctx context.Context, _ string) (*authenticator.Response, bool, error) {
		return echo(ctx, token)
	})
}

func TestCachedPanicHasStack(t *testing.T) {
	c := bearer.Cached(&judge{judgment: panicking("secret")}, nil)
	_, _, err := c.AuthenticateToken(t.Context(), "a")
	var p *authn.PanicError
	require.ErrorAs(t, err, &p)
	require.Contains(t, string(p.Stack), "cached_test.go")
	require.NotContains(t, err.Error(), "secret")
}

func TestCacheOptions(t *testing.T) {
	expired := authn.Errorf(authn.Expired, "late")
	tests := []struct {
		name             string
		o                *bearer.CacheOptions
		success, failure time.Duration
	}{
		{"nil", nil, 10 * time.Second, 10 * time.Second},
		{"zero", &bearer.CacheOptions{}, 10 * time.Second, 10 * time.Second},
		{"own", &bearer.CacheOptions{TTL: time.Second, FailureTTL: time.Minute}, time.Second, time.Minute},
		{"too long", &bearer.CacheOptions{TTL: time.Hour, FailureTTL: 1<<63 - 1}, 10 * time.Minute, 10 * time.Minute},
		{"negative", &bearer.CacheOptions{TTL: -1, FailureTTL: -1}, 10 * time.Second, 0},
		{"very negative", &bearer.CacheOptions{TTL: -1 << 63, FailureTTL: -1 << 63}, 10 * time.Second, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, sort := range []struct {
				judgment
				want time.Duration
			}{{always(authntest.User("ann"), nil), tt.success}, {always(nil, expired), tt.failure}, {always(nil, nil), tt.failure}} {
				clock, j := newClock(), &judge{judgment: sort.judgment}
				o := &bearer.CacheOptions{}
				if tt.o != nil {
					*o = *tt.o
				}
				o.Now = clock.now
				c := bearer.Cached(j, o)
				ask := func() int64 {
					_, _, _ = c.AuthenticateToken(t.Context(), "a")
					return j.asked.Load()
				}
				require.EqualValues(t, 1, ask())
				if sort.want > 0 {
					clock.pass(sort.want - 1)
					require.EqualValues(t, 1, ask())
					clock.pass(1)
				}
				require.EqualValues(t, 2, ask())
			}
		})
	}
	require.PanicsWithValue(t, "bearer.Cached: the authenticator of tokens is nil", func() { bearer.Cached(nil, nil) })
	require.Equal(t, "cache", bearer.Cached(echo, nil).String())
}

// The options are read once, and the real clock is the one that is used without.
func TestCachedOptionsAreCopied(t *testing.T) {
	j := &judge{judgment: always(authntest.User("ann"), nil)}
	o := &bearer.CacheOptions{TTL: time.Minute}
	c := bearer.Cached(j, o)
	o.TTL, o.Now = 1, func() time.Time { panic("asked for the time") }
	mustKnow(t, c, t.Context(), "a", "ann")
	mustKnow(t, c, t.Context(), "a", "ann")
	require.EqualValues(t, 1, j.asked.Load())
}

func TestCachedBounds(t *testing.T) {
	tests := []struct{ entries, accepted, refused int }{
		{1, 64, 16}, {64, 64, 16}, {65, 128, 32}, {1000, 1024, 256},
	}
	for _, tt := range tests {
		accept := bearer.Cached(&judge{judgment: always(authntest.User("ann"), nil)}, &bearer.CacheOptions{MaxEntries: tt.entries})
		refuse := bearer.Cached(&judge{judgment: always(nil, nil)}, &bearer.CacheOptions{MaxEntries: tt.entries})
		for i := range 20 * tt.accepted { // so many that no part is left with room
			for _, c := range []*bearer.Cache{accept, refuse} {
				_, _, _ = c.AuthenticateToken(t.Context(), fmt.Sprint(i))
			}
		}
		accepted, none := accept.Lens()
		require.Equal(t, tt.accepted, accepted, tt.entries)
		require.Zero(t, none)
		none, refused := refuse.Lens()
		require.Equal(t, tt.refused, refused, tt.entries)
		require.Zero(t, none)
	}
	huge := &judge{judgment: always(authntest.User("ann"), nil)}
	c := bearer.Cached(huge, &bearer.CacheOptions{MaxEntries: math.MaxInt})
	for range 2 {
		for i := range 1000 {
			mustKnow(t, c, t.Context(), fmt.Sprint(i), "ann")
		}
	}
	require.EqualValues(t, 1000, huge.asked.Load())
}

// A clock that goes back makes no answer live longer: what is of the future is asked
// for again.
func TestCachedClockGoesBack(t *testing.T) {
	clock, j := newClock(), &judge{judgment: always(authntest.User("ann"), nil)}
	c := bearer.Cached(j, &bearer.CacheOptions{Now: clock.now})
	mustKnow(t, c, t.Context(), "a", "ann")
	clock.pass(-1)
	mustKnow(t, c, t.Context(), "a", "ann")
	require.EqualValues(t, 2, j.asked.Load())
	clock.pass(10*time.Second - 1)
	mustKnow(t, c, t.Context(), "a", "ann")
	require.EqualValues(t, 2, j.asked.Load())
	clock.pass(1)
	mustKnow(t, c, t.Context(), "a", "ann")
	require.EqualValues(t, 3, j.asked.Load())
}

type healthy struct {
	*judge
	err error
}

func (h healthy) HealthCheck() error { return h.err }

func TestCachedHealthCheck(t *testing.T) {
	sick := errors.New("sick")
	require.NoError(t, bearer.Cached(echo, nil).HealthCheck())
	require.NoError(t, bearer.Cached(healthy{&judge{}, nil}, nil).HealthCheck())
	require.Equal(t, sick, bearer.Cached(healthy{&judge{}, sick}, nil).HealthCheck())
}

// A token that was accepted, and then refused, is not accepted again because the clock
// goes back to when it was; nor is it the other way round.
func TestCachedClockBack(t *testing.T) {
	for name, first := range map[string]user.Info{"accepted first": authntest.User("ann"), "refused first": nil} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			now := first
			j := &judge{judgment: func(ctx context.Context, token string) (*authenticator.Response, bool, error) {
				return always(now, nil)(ctx, token)
			}}
			c := bearer.Cached(j, &bearer.CacheOptions{Now: clock.now})
			ask := func() bool {
				_, ok, err := c.AuthenticateToken(t.Context(), "a")
				require.NoError(t, err)
				return ok
			}
			require.Equal(t, first != nil, ask())
			clock.pass(20 * time.Second)
			if now = nil; first == nil {
				now = authntest.User("ann")
			}
			require.Equal(t, first == nil, ask())
			clock.pass(-15 * time.Second) // within the first one's ten seconds
			require.Equal(t, first == nil, ask())
			require.EqualValues(t, 3, j.asked.Load())
		})
	}
}

// Kubernetes' way to say that a token is good for all audiences changes the response
// that it was given. It may: it is its own.
func TestCachedAudienceAgnostic(t *testing.T) {
	c := bearer.Cached(&judge{judgment: always(authntest.User("ann"), nil)}, nil)
	ours, theirs := authenticator.Audiences{"ours"}, authenticator.Audiences{"theirs", "ours"}
	agnostic := authenticator.WrapAudienceAgnosticToken(ours, c)
	for range 3 {
		resp, ok, err := agnostic.AuthenticateToken(authenticator.WithAudiences(t.Context(), theirs), "a")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, ours, resp.Audiences)
		require.Empty(t, mustKnow(t, c, authenticator.WithAudiences(t.Context(), theirs), "a", "ann").Audiences)
		require.Same(t, mustKnow(t, c, t.Context(), "a", "ann"), mustKnow(t, c, t.Context(), "a", "ann"))
	}
}
