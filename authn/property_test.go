package authn_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// An opinion is what one leaf of a chain says of a request.
type opinion struct {
	kind string // "accept", "refuse", "unavailable" or "pass"
	name string // of the accepted user; may be a bad one
}

// A random chain comes in two forms: as authenticators, and as the plain list of
// opinions that they have, in order. The expected answer is read off the list,
// which knows nothing of unions, traces, reasons and headers.
type randomChain struct {
	*rand.Rand
	hasBearer, malformed bool // what the request will carry
	leaves               int
}

var (
	goodNames = []string{"ann", "Ängström", "system:serviceaccount:ns:sa", "a b", "\uFFFD"}
	badNames  = []string{"", "a\x00", "\xff", "a\nroot", "a\u0085", "\x7f"}
)

func (c *randomChain) leaf() (stub, opinion) {
	c.leaves++
	name := fmt.Sprintf("leaf%d", c.leaves)
	switch c.IntN(10) {
	case 0:
		good := goodNames[c.IntN(len(goodNames))]
		return accepts(name, authntest.User(good, "ops")), opinion{"accept", good}
	case 1:
		return accepts(name, authntest.User(badNames[c.IntN(len(badNames))])), opinion{kind: "refuse"}
	case 2:
		return accepts(name, nil), opinion{kind: "refuse"}
	case 3, 4:
		errs := []error{errors.New("no"), many{}, authn.Errorf(authn.Expired, "late"), fmt.Errorf("x: %w", authn.Errorf(authn.Revoked, "gone"))}
		s := refuses(name, errs[c.IntN(len(errs))])
		s.ok = c.IntN(2) == 0 // an error counts, whatever comes with it
		s.resp = &authenticator.Response{User: authntest.User("mallory")}
		return s, opinion{kind: "refuse"}
	case 5:
		errs := []error{authn.Errorf(authn.Unavailable, "down"), fmt.Errorf("x: %w", context.DeadlineExceeded), errors.Join(errors.New("no"), context.Canceled)}
		return refuses(name, errs[c.IntN(len(errs))]), opinion{kind: "unavailable"}
	default:
		return passes(name, "not mine"), opinion{kind: "pass"}
	}
}

func (c *randomChain) tokens(depth int) (authenticator.Token, []opinion) {
	if depth == 0 || c.IntN(3) > 0 {
		s, o := c.leaf()
		return s, []opinion{o}
	}
	var members []authenticator.Token
	var all []opinion
	for range c.IntN(4) {
		m, opinions := c.tokens(depth - 1)
		members, all = append(members, m), append(all, opinions...)
	}
	return union.Tokens(members...), all
}

func (c *randomChain) requests(depth int) (authenticator.Request, []opinion) {
	switch kind := c.IntN(5); {
	case kind == 0:
		tokens, opinions := c.tokens(2)
		switch {
		case c.malformed:
			opinions = []opinion{{kind: "refuse"}}
		case !c.hasBearer:
			opinions = nil
		case !slices.ContainsFunc(opinions, func(o opinion) bool { return o.kind != "pass" }):
			opinions = []opinion{{kind: "refuse"}} // a token that nobody knows
		}
		return bearer.New(tokens), opinions
	case kind == 1 || depth == 0:
		s, o := c.leaf()
		return s, []opinion{o}
	}
	var members []authenticator.Request
	var all []opinion
	for range c.IntN(4) {
		m, opinions := c.requests(depth - 1)
		members, all = append(members, m), append(all, opinions...)
	}
	return union.Requests(members...), all
}

// expect is the answer to a request: the status, and the user.
func expect(opinions []opinion, anonymousOpen bool) (int, string) {
	var said string
	for _, o := range opinions {
		said += o.kind + " "
		if o.kind == "accept" {
			return http.StatusOK, o.name
		}
	}
	switch {
	case strings.Contains(said, "unavailable"):
		return http.StatusServiceUnavailable, ""
	case strings.Contains(said, "refuse"):
		return http.StatusUnauthorized, ""
	case anonymousOpen:
		return http.StatusOK, "system:anonymous"
	}
	return http.StatusUnauthorized, ""
}

func (c *randomChain) request() *http.Request {
	r := authntest.Request([]string{"/healthz", "/pods"}[c.IntN(2)])
	switch {
	case c.malformed:
		r.Header["Authorization"] = [][]string{{"Bearer"}, {"Bearer a b"}, {"Bearer  a"}, {"Bearer a", "Bearer b"}, {"bearer a\x00"}}[c.IntN(5)]
	case c.hasBearer:
		r.Header["Authorization"] = []string{[]string{"Bearer token", "bearer token", "BEARER token"}[c.IntN(3)]}
	case c.IntN(2) == 0:
		r.Header["Authorization"] = []string{"Basic YTpi"}
	}
	for range c.IntN(4) {
		name := identities[c.IntN(len(identities))]
		if name != "Authorization" {
			r.Header[name] = []string{"root"}
		}
	}
	r.Header["Keep"] = []string{"it"}
	return r
}

func TestProperties(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(20_000) {
		random := rand.New(rand.NewPCG(seed, 0))
		c := &randomChain{Rand: random, hasBearer: random.IntN(2) == 0}
		c.malformed = c.hasBearer && random.IntN(4) == 0
		auth, opinions := c.requests(3)
		r := c.request()
		open := false
		switch random.IntN(3) {
		case 0:
			auth, open = anonymous.New(auth), true
		case 1:
			auth, open = anonymous.New(auth, "/healthz", "/livez"), r.URL.Path == "/healthz"
		}
		code, name := expect(opinions, open)
		if random.IntN(2) == 0 {
			ctx, _ := authn.WithTrace(r.Context())
			r = r.WithContext(ctx)
		}
		caller := r.Header.Clone()

		var outcome authn.Outcome
		var next *http.Request
		m := authn.Middleware{Authenticator: auth, Observe: func(_ context.Context, o authn.Outcome) { outcome = o }}
		w := httptest.NewRecorder()
		m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { next = r })).ServeHTTP(w, r)

		require.Equal(t, code, w.Code, "seed %d: %+v", seed, opinions)
		require.Equal(t, caller, r.Header, "seed %d", seed)
		require.Equal(t, code == 503, len(w.Header()["Retry-After"]) == 1, "seed %d", seed)
		require.Equal(t, code == 401, len(w.Header()["Www-Authenticate"]) == 1, "seed %d", seed)
		seen[fmt.Sprint(code, " ", name)]++
		if code != 200 {
			require.Nil(t, next, "seed %d", seed)
			require.Error(t, outcome.Err, "seed %d", seed)
			require.NotEmpty(t, outcome.Reason, "seed %d", seed)
			require.Equal(t, code == 503, outcome.Reason == authn.Unavailable, "seed %d", seed)
			continue
		}
		require.NoError(t, outcome.Err, "seed %d", seed)
		require.Empty(t, outcome.Reason, "seed %d", seed)
		u, _ := authn.UserFrom(next.Context())
		require.Equal(t, name, u.GetName(), "seed %d", seed)
		require.Equal(t, name != "system:anonymous", slices.Contains(u.GetGroups(), "system:authenticated"), "seed %d", seed)
		require.Equal(t, http.Header{"Keep": {"it"}}, next.Header, "seed %d", seed)
	}
	for _, answer := range []string{"200 ann", "200 system:anonymous", "401 ", "503 "} {
		require.Greater(t, seen[answer], 100, "the chains are not random enough: %v", seen)
	}
}
