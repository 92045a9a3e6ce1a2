package bearer_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
)

type judgment func(ctx context.Context, token string) (*authenticator.Response, bool, error)

// judge is an authenticator of tokens that counts how often it is asked.
type judge struct {
	judgment
	asked      atomic.Int64
	generation atomic.Uint64
}

func (j *judge) String() string { return "judge" }

func (j *judge) Generation() uint64 { return j.generation.Load() }

func (j *judge) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	j.asked.Add(1)
	return j.judgment(ctx, token)
}

// always returns a judgment that is the same of all tokens.
func always(u user.Info, err error) judgment {
	return func(context.Context, string) (*authenticator.Response, bool, error) {
		if err != nil || u == nil {
			return nil, false, err
		}
		return &authenticator.Response{User: u}, true, nil
	}
}

// clock is a time that passes when a test says so.
type clock struct {
	mu   sync.Mutex // guards time
	time time.Time
}

func newClock() *clock { return &clock{time: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(d)
}

// mortal is a user whose credential expires.
type mortal struct {
	user.Info
	expiry time.Time
}

func (m mortal) Expiry() time.Time { return m.expiry }

func mortalUser(name string, expiry time.Time) user.Info {
	return mortal{authntest.User(name, "ops"), expiry}
}

// mustKnow asks for a token and wants that user.
func mustKnow(t *testing.T, c *bearer.Cache, ctx context.Context, token, name string) *authenticator.Response {
	t.Helper()
	resp, ok, err := c.AuthenticateToken(ctx, token)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, name, resp.User.GetName())
	return resp
}
