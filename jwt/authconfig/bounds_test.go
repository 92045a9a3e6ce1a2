package authconfig_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// slow are rules that take long over many groups, each in another way: loops in
// loops, and one function that cannot be interrupted.
var slow = map[string]string{
	"loops":        `user.groups.all(a, user.groups.all(b, !(a + b).matches('^(x|y|xy|yx){1,100}z$')))`,
	"one function": `user.groups.distinct().size() > 0`,
	"shared parts": `dyn(user.groups).map(a, user.groups) == dyn(user.groups).map(a, user.groups)`,
	"regexp":       `user.groups.all(a, !a.matches('(x|y|xy|yx|xx){1,200}z'))`,
}

// unbounded returns how long a rule takes when nobody stops it.
func unbounded(t *testing.T, rule string, groups []string) time.Duration {
	t.Helper()
	result, err := authenticationcel.NewDefaultCompiler().CompileUserExpression(&authenticationcel.UserValidationCondition{Expression: rule})
	require.NoError(t, err)
	best := time.Hour
	for range 3 { // the machine may be busy with others
		start := time.Now()
		_, _, _ = result.Program.Eval(map[string]any{"user": map[string]any{"groups": groups}})
		best = min(best, time.Since(start))
	}
	return best
}

// manyGroups returns as many groups, or one so long, that a rule takes several times
// as long as it may on this machine.
func manyGroups(t *testing.T, rule string) []string {
	t.Helper()
	for n := 100; n < 1<<20; n = n * 3 / 2 {
		groups := []string{strings.Repeat("xy", 10*n)}
		if rule != slow["regexp"] {
			groups = groups[:0]
			for i := range n {
				groups = append(groups, fmt.Sprintf("xy%d", i))
			}
		}
		if full := unbounded(t, rule, groups); full > 4*authconfig.MaxEvaluation {
			t.Logf("%d groups, unbounded %s", len(groups), full)
			return groups
		}
	}
	require.Fail(t, "the rule is not slow enough for this test")
	return nil
}

// An expression that takes long is stopped, and so is one whose caller has left;
// the answer is Unavailable, since the machine may merely be busy.
func TestSlowExpressions(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	for name, rule := range slow {
		t.Run(name, func(t *testing.T) {
			groups := manyGroups(t, rule)
			full := unbounded(t, rule, groups)
			a := parse(t, config(entry(issuer, bySub[:len(bySub)-1]+", groups: {claim: groups, prefix: ''}}\nuserValidationRules: [{expression: "+quote(rule)+"}]")), &authconfig.Options{MaxToken: 1 << 20})
			token := issuer.Token(claims(object{"groups": groups}))
			require.NoError(t, a.Preload(t.Context()))

			start := time.Now()
			requireRefused(t, a, token, authn.Unavailable, "userValidationRules[0]: the expressions, up to this one, take more than 50ms")
			require.Less(t, time.Since(start), full+authconfig.MaxEvaluation)

			// Who leaves does not wait for the rest of the 50 ms either. The best of
			// some tries counts: the machine may be busy.
			best := time.Hour
			for range 4 {
				ctx, cancel := context.WithCancel(t.Context())
				left := make(chan time.Time, 1)
				time.AfterFunc(authconfig.MaxEvaluation/5, func() { left <- time.Now(); cancel() })
				_, _, err := a.AuthenticateToken(ctx, token)
				require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
				select {
				case at := <-left:
					best = min(best, time.Since(at))
				default: // refused before, for others that go on
				}
				cancel()
				requireNoRunaways(t)
			}
			require.Less(t, best, authconfig.MaxEvaluation/10)
		})
	}
}

// requireNoRunaways waits for evaluations that were left to end.
func requireNoRunaways(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return runaways() == 0 }, time.Minute, time.Millisecond)
}

// runaways returns how many evaluations go on in goroutines of their own.
func runaways() int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "created by github.com/authnchain/authnchain/jwt/authconfig.(*limiter).runAway")
}

// Tokens of one user cannot occupy the machine, nor keep others from their turn:
// only so many evaluations go on at once that cannot be stopped, and of one user
// half as many.
func TestRunaways(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	rule := slow["one function"]
	groups := manyGroups(t, rule)
	a := parse(t, config(entry(issuer, bySub[:len(bySub)-1]+", groups: {claim: groups, prefix: ''}}\nuserValidationRules: [{expression: "+quote(rule)+"}]")), &authconfig.Options{MaxToken: 1 << 20})
	token := issuer.Token(claims(object{"groups": groups}))
	joe := issuer.Token(claims(object{"sub": "joe", "groups": "a"}))
	require.NoError(t, a.Preload(t.Context()))
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			_, ok, err := a.AuthenticateToken(t.Context(), token)
			require.False(t, ok)
			require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
		})
	}
	most := 0
	for range 20 {
		most = max(most, runaways())
		requireUser(t, a, joe, info{Name: "joe", Groups: []string{"a"}})
	}
	wg.Wait()
	require.NotZero(t, most)
	require.LessOrEqual(t, most, max(4, 2*runtime.GOMAXPROCS(0))/2)
	requireNoRunaways(t)
	requireUser(t, a, issuer.Token(claims(object{"groups": "a"})), info{Name: "jane", Groups: []string{"a"}})
}

// Many at once on a busy machine are not taken for slow ones: many are accepted the
// first time, and those whom the machine has set aside, twice over, when they come
// again, as a 503 has them do. Refusals do not make more of their kind.
func TestManyCallers(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	for name, rule := range map[string]string{"linear": "user.groups.all(g, g != 'root')", "regexp": "user.groups.all(g, !g.matches('^root$'))", "in goroutines": "user.groups.distinct().size() > 0"} {
		t.Run(name, func(t *testing.T) {
			a := parse(t, config(entry(issuer, byGroups+"\nuserValidationRules: [{expression: "+quote(rule)+"}]")), nil)
			require.NoError(t, a.Preload(t.Context()))
			token := issuer.Token(claims(object{"groups": []string{"a", "b"}}))
			const callers, comeAgain = 3000, 50
			var first, accepted atomic.Int32
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for try := range comeAgain {
						_, ok, err := a.AuthenticateToken(t.Context(), token)
						if ok && try == 0 {
							first.Add(1)
						}
						if ok {
							accepted.Add(1)
							return
						}
						if authn.ReasonOf(err) != authn.Unavailable {
							return
						}
					}
				})
			}
			wg.Wait()
			require.EqualValues(t, callers, accepted.Load())
			require.Greater(t, first.Load(), int32(callers/4))
		})
	}
}

// Cost is the same on every machine, so what costs too much is refused for good.
func TestCostLimit(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	a := parse(t, config(entry(issuer, bySub+"\nclaimValidationRules: [{expression: \"dyn(claims.l).all(x, dyn(claims.l).distinct().size() > 0)\"}]")), &authconfig.Options{MaxEvaluation: time.Minute})
	list := make([]int, 2000)
	for i := range list {
		list[i] = i
	}
	requireRefused(t, a, issuer.Token(claims(object{"l": list})), authn.RuleFailed, "claimValidationRules[0]: operation cancelled: actual cost limit exceeded")
}
