package bearer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/group"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
)

// verdict is what an authenticator says at some time.
type verdict struct {
	name   string    // of the user; empty if none
	expiry time.Time // of the credential; zero if not known
	err    error
	sure   bool // that err is the same a moment later
}

func (v verdict) judge() (*authenticator.Response, bool, error) {
	if v.name == "" {
		return nil, false, v.err
	}
	return &authenticator.Response{User: mortalUser(v.name, v.expiry)}, true, nil
}

func randomVerdict(r *rand.Rand, now time.Time) verdict {
	reasons := []struct {
		authn.Reason
		sure bool
	}{{authn.Expired, true}, {authn.Revoked, true}, {authn.BadSignature, true}, {authn.Unavailable, false}, {authn.NotYetValid, false}, {authn.Refused, false}}
	reason := reasons[r.IntN(len(reasons))]
	switch r.IntN(5) {
	case 0:
		return verdict{sure: true} // nobody's
	case 1:
		return verdict{err: authn.Errorf(reason.Reason, "%d", r.Uint64()), sure: reason.sure}
	case 2:
		return verdict{err: errors.Join(authn.Errorf(authn.Expired, "%d", r.Uint64()), authn.Errorf(reason.Reason, "also")), sure: reason.sure}
	case 3:
		return verdict{name: fmt.Sprint(r.Uint64())}
	}
	return verdict{name: fmt.Sprint(r.Uint64()), expiry: now.Add(time.Duration(r.IntN(15)-1) * time.Second)}
}

// kept is a verdict that the model remembers.
type kept struct {
	verdict
	began, ends time.Time
	generation  uint64
}

func (k kept) holds(now time.Time, generation uint64) bool {
	return k.generation == generation && !now.Before(k.began) && now.Before(k.ends)
}

// A cache does what the model does, which has two maps and no limits, over random
// answers, times and generations; and property 6: what it says from memory is of a
// credential that lives, asked for within the TTL, of this generation.
func TestCachedIsLikeTwoMaps(t *testing.T) {
	const ttl, failureTTL = 7 * time.Second, 4 * time.Second
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		clock, j := newClock(), &judge{}
		var says verdict
		j.judgment = func(context.Context, string) (*authenticator.Response, bool, error) { return says.judge() }
		c := bearer.Cached(j, &bearer.CacheOptions{TTL: ttl, FailureTTL: failureTTL, Now: clock.now})
		accepted, refused := make(map[int]kept), make(map[int]kept)
		for step := range 300 {
			switch r.IntN(12) {
			case 0:
				clock.pass(-time.Duration(r.IntN(3)) * time.Second)
			case 1:
				j.generation.Add(uint64(r.IntN(2)))
			default:
				clock.pass(time.Duration(r.IntN(2000)) * time.Millisecond)
			}
			now, generation, n := clock.now(), j.generation.Load(), r.IntN(len(asks))%6
			says = randomVerdict(r, now)
			want, known := accepted[n]
			if !known || !want.holds(now, generation) {
				want = refused[n]
			}
			hit := want.holds(now, generation)
			if !hit {
				want = kept{says, now, now.Add(ttl), generation}
				switch {
				case says.name != "":
					delete(refused, n)
					if !says.expiry.IsZero() && says.expiry.Before(want.ends) {
						want.ends = says.expiry
					}
					if want.ends.After(now) {
						accepted[n] = want
					}
				case says.sure:
					delete(accepted, n)
					want.ends = now.Add(failureTTL)
					refused[n] = want
				}
			}
			before := j.asked.Load()
			resp, ok, err := c.AuthenticateToken(asks[n].context(t.Context()), asks[n].token)
			require.Equal(t, hit, j.asked.Load() == before, "seed %d, step %d", seed, step)
			require.Equal(t, want.name != "", ok, "seed %d, step %d", seed, step)
			require.Equal(t, want.err, err)
			if !ok {
				continue
			}
			require.Equal(t, want.name, resp.User.GetName())
			if expiry, known := authn.ExpiryOf(resp.User); hit && known {
				require.True(t, now.Before(expiry), "seed %d, step %d: the answer outlives the credential", seed, step)
			}
		}
	}
}

// Property 7: who spoils the user that it was given, or that it gave, changes nobody
// else's. The race detector sees what the comparisons do not.
func TestCachedUserIsImmutable(t *testing.T) {
	roomy := append(make([]string, 0, 8), "ops")
	given := &user.DefaultInfo{Name: "ann", UID: "7", Groups: roomy, Extra: map[string][]string{"k": {"v"}}}
	audiences := authenticator.Audiences{"a"}
	c := bearer.Cached(authenticator.TokenFunc(func(context.Context, string) (*authenticator.Response, bool, error) {
		return &authenticator.Response{User: given, Audiences: audiences}, true, nil
	}), &bearer.CacheOptions{Now: newClock().now})
	unchanged := func(resp *authenticator.Response) {
		require.Equal(t, "ann", resp.User.GetName())
		require.Equal(t, "7", resp.User.GetUID())
		require.Equal(t, []string{"ops"}, resp.User.GetGroups())
		require.Equal(t, map[string][]string{"k": {"v"}}, resp.User.GetExtra())
		require.Equal(t, authenticator.Audiences{"a"}, resp.Audiences)
	}
	unchanged(mustKnow(t, c, t.Context(), "a", "ann"))
	given.Groups[0], given.Extra["k"][0], audiences[0], given.Name = "system:masters", "spoilt", "spoilt", "root"
	given.Extra["more"] = []string{"spoilt"}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			resp := mustKnow(t, c, t.Context(), "a", "ann")
			unchanged(resp)
			for range 2 {
				groups := resp.User.GetGroups()
				groups[0] = "system:masters"
				_ = append(groups, "system:masters")
				extra := resp.User.GetExtra()
				extra["k"][0], extra["more"] = "spoilt", nil
			}
			unchanged(mustKnow(t, c, t.Context(), "a", "ann"))
		})
	}
	wg.Wait()
}

// Kubernetes' own decorators and our middleware around a cache change no answer of it.
func TestCachedWithinOthers(t *testing.T) {
	j := &judge{judgment: always(authntest.User("ann", "ops"), nil)}
	c := bearer.Cached(j, nil)
	auth := group.NewAuthenticatedGroupAdder(bearer.New(group.NewTokenGroupAdder(c, []string{"more"})))
	h := authn.Middleware{Authenticator: auth}.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		u, _ := authn.UserFrom(r.Context())
		require.Equal(t, []string{"ops", "more", "system:authenticated"}, u.GetGroups())
		u.GetGroups()[0] = "system:masters"
	}))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 10 {
				h.ServeHTTP(httptest.NewRecorder(), authntest.Bearer(authntest.Request("/"), "a"))
			}
		})
	}
	wg.Wait()
	require.Equal(t, []string{"ops"}, mustKnow(t, c, t.Context(), "a", "ann").User.GetGroups())
	require.EqualValues(t, 1, j.asked.Load())
}
