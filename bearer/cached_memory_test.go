package bearer_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
)

// canary is a token of which the program has no copy that it does not make: it comes
// out of its complement.
type canary struct{ complement []byte }

func newCanary() canary {
	c := canary{make([]byte, 1100)}
	rand.Read(c.complement)
	for i := range c.complement {
		c.complement[i] |= 0x80 // of ASCII
	}
	return c
}

func (c canary) token() string {
	token := make([]byte, len(c.complement))
	for i, b := range c.complement {
		token[i] = ^b
	}
	return string(token)
}

// inMemory reports whether 16 bytes from within the token are anywhere in memory that
// is in use.
func (c canary) inMemory(t *testing.T) bool {
	t.Helper()
	runtime.GC() // one: what is in a sync.Pool is still there
	f, err := os.Create(filepath.Join(t.TempDir(), "heap"))
	require.NoError(t, err)
	defer f.Close()
	debug.WriteHeapDump(f.Fd())
	dump, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	require.Contains(t, string(dump[:20]), "go1.7 heap dump")
	token := []byte(c.token())
	for i := 0; i+16 <= len(token); i += 100 {
		if bytes.Contains(dump, token[i:i+16]) {
			return true
		}
	}
	return false
}

// A cache keeps nothing of a token, whatever part of it the answer was made of.
func TestCachedKeepsNoToken(t *testing.T) {
	parts := map[string]judgment{
		"accepted": always(authntest.User("ann"), nil),
		"unknown":  always(nil, nil),
		"refused":  always(nil, authn.Errorf(authn.Expired, "late")),
		"parts of it": func(_ context.Context, token string) (*authenticator.Response, bool, error) {
			u := &user.DefaultInfo{Name: token[:1], UID: token[1:2], Groups: []string{token[2:3]}, Extra: map[string][]string{token[3:4]: {token[4:5]}}}
			return &authenticator.Response{User: u, Audiences: []string{token[5:6]}}, true, nil
		},
		"a read-only user of it": func(_ context.Context, token string) (*authenticator.Response, bool, error) {
			return &authenticator.Response{User: authn.ReadOnly(authntest.User(token[:1], token[1:2]))}, true, nil
		},
		"panicked": panicking("secret"),
	}
	for name, judgment := range parts {
		for hash, fresh := range hashers() {
			t.Run(name+", "+hash, func(t *testing.T) {
				j, secret := &judge{judgment: judgment}, newCanary()
				c := bearer.Cached(j, nil)
				c.SetHasher(fresh)
				func() {
					for range 3 {
						_, _, _ = c.AuthenticateToken(t.Context(), secret.token())
					}
				}()
				require.False(t, secret.inMemory(t))
				runtime.KeepAlive(c)
			})
		}
	}
	secret := newCanary()
	token := secret.token()
	require.True(t, secret.inMemory(t), "this test finds what there is")
	runtime.KeepAlive(token)
}

// However it is printed, a cache tells no token.
func TestCachePrints(t *testing.T) {
	c := bearer.Cached(&judge{judgment: func(_ context.Context, token string) (*authenticator.Response, bool, error) {
		return &authenticator.Response{User: authntest.User(token)}, true, nil
	}}, nil)
	mustKnow(t, c, t.Context(), "CANARY", "CANARY")
	for _, verb := range []string{"%v", "%+v", "%s", "%q", "%x", "%#v"} {
		text := fmt.Sprintf(verb, c)
		require.NotContains(t, text, "CANARY")
		require.NotContains(t, text, fmt.Sprintf("%x", "CANARY"))
	}
}

// An entry costs at most 120 bytes beyond the response, as long as a cache is more
// than half full, and when it has churned for long.
func TestCachedMemoryPerEntry(t *testing.T) {
	const entries = 32 << 10
	for _, tt := range []struct {
		name   string
		tokens int
	}{{"full", entries * 5 / 4}, {"churned", 6 * entries}} {
		t.Run(tt.name, func(t *testing.T) {
			shared := authn.ReadOnly(authntest.User("ann"))
			c := bearer.Cached(authenticator.TokenFunc(func(context.Context, string) (*authenticator.Response, bool, error) {
				return &authenticator.Response{User: shared}, true, nil
			}), &bearer.CacheOptions{Now: newClock().now})
			ctx := t.Context()
			_ = mustKnow(t, c, ctx, "first", "ann")
			before := heap()
			for i := range tt.tokens {
				_, _, _ = c.AuthenticateToken(ctx, fmt.Sprint(i))
			}
			grown := heap() - before
			n, _ := c.Lens()
			require.Greater(t, n, entries*9/10)
			responses := int64(n) * responseSize(t, shared)
			each := float64(grown-responses) / float64(n)
			t.Logf("%d entries, %.1f bytes for each beyond the response", n, each)
			require.LessOrEqual(t, each, 120.0)
			require.Greater(t, each, 40.0, "less than an entry has")
			runtime.KeepAlive(c)
		})
	}
}

// responseSize returns how many bytes one response takes with its user.
func responseSize(t *testing.T, u user.Info) int64 {
	t.Helper()
	const n = 10_000
	all := make([]*authenticator.Response, n)
	c := bearer.Cached(authenticator.TokenFunc(func(context.Context, string) (*authenticator.Response, bool, error) {
		return &authenticator.Response{User: u}, true, nil
	}), &bearer.CacheOptions{Now: newClock().now, TTL: 1})
	ctx := context.Background()
	before := heap()
	for i := range all {
		all[i] = c.Ask(ctx, "")
	}
	size := (heap() - before) / n
	runtime.KeepAlive(all)
	return size
}

func TestCachedHitAllocatesNothing(t *testing.T) {
	if racing {
		t.Skip("a sync.Pool loses things")
	}
	u := mortalUser("ann", time.Now().Add(time.Hour))
	refusal := authn.Errorf(authn.Expired, "late")
	for name, judgment := range map[string]judgment{"accepted": always(u, nil), "refused": always(nil, refusal), "unknown": always(nil, nil)} {
		for hash, fresh := range hashers() {
			t.Run(name+", "+hash, func(t *testing.T) {
				c := bearer.Cached(&judge{judgment: judgment}, nil)
				c.SetHasher(fresh)
				token := newCanary().token()
				allocs := func(a ask) float64 {
					ctx := a.context(t.Context())
					return testing.AllocsPerRun(1000, func() { _, _, _ = c.AuthenticateToken(ctx, token) })
				}
				require.Zero(t, allocs(ask{promised: true}))
				own := 0.0
				if name == "accepted" {
					own = 1 // the response, which somebody may change
				}
				require.Equal(t, own, allocs(ask{limited: true, audiences: []string{"a"}, promised: true}))
			})
		}
	}
}
