package authconfig_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/apis/apiserver"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// numbers are those that an authenticator gave.
type numbers struct {
	*followed
	last uint64
}

// mustStay fails if the number is another one.
func (n *numbers) mustStay(t *testing.T) {
	t.Helper()
	require.Equal(t, n.last, n.Generation())
}

// mustGrow fails unless the number is greater than all before.
func (n *numbers) mustGrow(t *testing.T) {
	t.Helper()
	now := n.Generation()
	require.Greater(t, now, n.last)
	n.last = now
}

// The number changes with the configuration and with the keys of each issuer, and
// never comes back.
func TestGeneration(t *testing.T) {
	one, two := authntest.NewIssuer(t), authntest.NewIssuer(t)
	both := config(entry(one, bySub), entry(two, bySub))
	f := &numbers{followed: newFollowed(t, both, authconfig.Options{})}
	f.mustStay(t)
	require.Zero(t, one.KeyFetches())
	for _, i := range []*authntest.Issuer{one, two} {
		requireUser(t, f.Authenticator, i.Token(claims(nil)), info{Name: "jane"})
		f.mustGrow(t)
		requireUser(t, f.Authenticator, i.Token(claims(nil)), info{Name: "jane"})
		f.mustStay(t)
		i.Rotate()
		f.mustStay(t)
		requireUser(t, f.Authenticator, i.Token(claims(nil)), info{Name: "jane"})
		f.mustGrow(t)
	}
	f.write(t, config(entry(one, withPrefix("new:"))))
	f.mustGrow(t) // though the keys of two do not count any more
	f.mustStay(t)
	require.Equal(t, []string{one.URL()}, f.Issuers(), "the question has the file looked at")
	f.write(t, "broken")
	f.mustStay(t)
	f.write(t, config(entry(one, withPrefix("new:")))+"# the same\n")
	f.mustGrow(t) // it is another file
	f.write(t, config())
	f.mustGrow(t) // though there are no keys at all
	f.write(t, both)
	f.mustGrow(t)
	require.Eventually(t, func() bool { return len(f.Issuers()) == 2 }, time.Minute, time.Millisecond)
	f.mustGrow(t) // they are in use only now
	f.mustStay(t)
}

// Both states of a change that waits for keys have numbers of their own.
func TestGenerationWhileKeysAreWaitedFor(t *testing.T) {
	one, two := authntest.NewIssuer(t), authntest.NewIssuer(t)
	ask := make(chan bool)
	two.Handle("/.well-known/openid-configuration", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-ask
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, two.URL(), two.URL()+"/keys")
	}))
	f := &numbers{followed: newFollowed(t, config(entry(one, bySub)), authconfig.Options{})}
	f.mustStay(t)
	f.write(t, config(entry(one, withPrefix("new:")), entry(two, bySub)))
	f.mustGrow(t)
	require.Len(t, f.Issuers(), 1)
	close(ask)
	require.Eventually(t, func() bool { return len(f.Issuers()) == 2 }, time.Minute, time.Millisecond)
	f.mustGrow(t)
}

func TestGenerationWithoutFile(t *testing.T) {
	i := authntest.NewIssuer(t)
	a, err := authconfig.Parse([]byte(config(entry(i, bySub))), nil)
	require.NoError(t, err)
	require.Zero(t, a.Generation())
	require.NoError(t, a.Preload(t.Context()))
	require.EqualValues(t, 1, a.Generation())
	require.Zero(t, testing.AllocsPerRun(100, func() { a.Generation() }))
}

// Keys that are given count as they say.
func TestGenerationOfGivenKeys(t *testing.T) {
	i := authntest.NewIssuer(t)
	keys := newFollowed(t, config(entry(i, bySub)), authconfig.Options{}) // for its clock and its way to write
	require.NoError(t, keys.Preload(t.Context()))
	keys.write(t, string(i.KeySet()))
	given, err := jwt.File(keys.path, &jwt.FileOptions{Now: func() time.Time { return time.Now().Add(time.Duration(keys.ahead.Load()) * time.Second) }})
	require.NoError(t, err)
	f := &numbers{followed: newFollowed(t, config(entry(i, bySub)), authconfig.Options{Keys: func(apiserver.Issuer) jwt.KeySet { return given }})}
	f.mustGrow(t)
	requireUser(t, f.Authenticator, i.Token(claims(nil)), info{Name: "jane"})
	f.mustStay(t)
	i.Rotate()
	keys.write(t, string(i.KeySet()))
	f.mustGrow(t)
	requireUser(t, f.Authenticator, i.Token(claims(nil)), info{Name: "jane"})
}

// While the number stays the same so does the configuration, whoever changes it
// meanwhile.
func TestGenerationUnderLoad(t *testing.T) {
	one, two := authntest.NewIssuer(t), authntest.NewIssuer(t)
	texts := []string{
		config(entry(one, withPrefix("a:")), entry(two, bySub)),
		config(entry(one, withPrefix("b:"))),
	}
	f := newFollowed(t, texts[0], authconfig.Options{})
	require.NoError(t, f.Preload(t.Context()))
	token := one.Token(claims(nil))
	ctx, stop := context.WithCancel(t.Context())
	var seen sync.Map // the user's name by number
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for last := uint64(0); ctx.Err() == nil; {
				before := f.Generation()
				resp, ok, _ := f.AuthenticateToken(t.Context(), token)
				if !ok || f.Generation() != before {
					continue
				}
				name := resp.User.GetName()
				if was, _ := seen.LoadOrStore(before, name); was != name || before < last {
					t.Errorf("number %d after %d: %s, and %v before", before, last, name, was)
					return
				}
				last = before
			}
		})
	}
	for n := range 10 {
		f.write(t, texts[(n+1)%2])
		want := strings.Count(texts[(n+1)%2], "audiences")
		require.Eventually(t, func() bool { return len(f.Issuers()) == want }, time.Minute, time.Millisecond)
	}
	stop()
	wg.Wait()
}
