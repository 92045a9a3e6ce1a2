package authn_test

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
)

// Whatever the chain, around it nobody who is on a list gets in, nobody else is kept
// out who would have got in, and a refusal says no less than before.
func TestRevocationsProperties(t *testing.T) {
	seen := map[authn.Reason]int{}
	for seed := range uint64(20_000) {
		random := rand.New(rand.NewPCG(seed, 1))
		c := &randomChain{Rand: random, hasBearer: random.IntN(2) == 0}
		auth, _ := c.requests(3)
		if random.IntN(2) == 0 {
			auth = anonymous.New(auth)
		}
		denied := slices.DeleteFunc(append([]string{"system:anonymous", "mallory"}, goodNames...), func(string) bool { return random.IntN(3) > 0 })
		list := &authn.MemoryRevocations{}
		for _, name := range denied {
			require.NoError(t, list.Add(authn.Revocation{User: name}))
		}
		decorated := authn.Revocations(auth, list)
		if random.IntN(2) == 0 {
			decorated = authn.Revocations(authn.Revocations(auth, says(nil)), list, says(nil))
		}
		r := c.request()
		if random.IntN(2) == 0 {
			ctx, _ := authn.WithTrace(r.Context())
			r = r.WithContext(ctx)
		}

		before, wasIn := ask(auth, r)
		after, in := ask(decorated, r)
		switch {
		case !wasIn:
			require.False(t, in, "seed %d", seed)
			require.Equal(t, authn.ReasonOf(before.err), authn.ReasonOf(after.err), "seed %d", seed)
		case slices.Contains(denied, before.name):
			require.False(t, in, "seed %d", seed)
			require.Equal(t, authn.Revoked, authn.ReasonOf(after.err), "seed %d", seed)
		default:
			require.Equal(t, before, after, "seed %d", seed)
		}
		seen[authn.ReasonOf(after.err)]++
	}
	for _, reason := range []authn.Reason{"", authn.Revoked, authn.Refused, authn.Unavailable, authn.NoCredential} {
		require.Greater(t, seen[reason], 100, "the chains are not random enough: %v", seen)
	}
}

type came struct {
	name string
	err  error
}

// ask has a middleware ask auth.
func ask(auth authenticator.Request, r *http.Request) (came, bool) {
	got, err := authn.Middleware{Authenticator: auth}.Authenticate(r)
	if err != nil {
		return came{err: err}, false
	}
	u, ok := authn.UserFrom(got.Context())
	return came{name: u.GetName()}, ok
}
