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

// long is several times as long as a rule may take.
const long = 4 * authconfig.MaxEvaluation

// unbounded returns how long a rule takes when nobody stops it, to the letter only if
// that is long.
func unbounded(t *testing.T, rule string, groups []string) time.Duration {
	t.Helper()
	result, err := authenticationcel.NewDefaultCompiler().CompileUserExpression(&authenticationcel.UserValidationCondition{Expression: rule})
	require.NoError(t, err)
	best := time.Hour
	for try := 0; try < 3 && best > long; try++ { // the machine may be busy with others
		start := time.Now()
		_, _, _ = result.Program.Eval(map[string]any{"user": map[string]any{"groups": groups}})
		best = min(best, time.Since(start))
	}
	return best
}

// manyGroups returns as many groups, or one so long, that a rule takes long on this
// machine, and how long.
func manyGroups(t *testing.T, rule string) ([]string, time.Duration) {
	t.Helper()
	for n := 100; n < 1<<20; n = n * 3 / 2 {
		groups := []string{strings.Repeat("xy", 10*n)}
		if rule != slow["regexp"] {
			groups = groups[:0]
			for i := range n {
				groups = append(groups, fmt.Sprintf("xy%d", i))
			}
		}
		if full := unbounded(t, rule, groups); full > long {
			t.Logf("%d groups, unbounded %s", len(groups), full)
			return groups, full
		}
	}
	require.Fail(t, "the rule is not slow enough for this test")
	return nil, 0
}

// An expression that takes long is stopped, and so is one whose caller has left;
// the answer is Unavailable, since the machine may merely be busy.
func TestSlowExpressions(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	for name, rule := range slow {
		t.Run(name, func(t *testing.T) {
			groups, full := manyGroups(t, rule)
			a := parse(t, config(entry(issuer, bySub[:len(bySub)-1]+", groups: {claim: groups, prefix: ''}}\nuserValidationRules: [{expression: "+quote(rule)+"}]")), &authconfig.Options{MaxToken: 1 << 20})
			token := issuer.Token(claims(object{"groups": groups}))
			require.NoError(t, a.Preload(t.Context()))

			// The best of some tries counts, of as many as it takes: the machine may be busy.
			best := time.Hour
			for try := 0; try == 0 || best > full*3/4 && try < tries; try++ {
				start := time.Now()
				requireRefused(t, a, token, authn.Unavailable, "userValidationRules[0]: the expressions, up to this one, take more than 50ms")
				best = min(best, time.Since(start))
				requireNoRunaways(t)
			}
			require.LessOrEqual(t, best, full*3/4)

			// Who leaves does not wait for the rest of the 50 ms either.
			best = time.Hour
			for try := 0; best > authconfig.MaxEvaluation/10 && try < tries; try++ {
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
			require.LessOrEqual(t, best, authconfig.MaxEvaluation/10)
		})
	}
}

// tries is how often something is tried that a busy machine may make slow.
const tries = 50

// requireNoRunaways waits for evaluations that were left to end.
func requireNoRunaways(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return runaways() == 0 }, time.Minute, time.Millisecond)
}

// runaways returns how many evaluations go on in goroutines of their own. One that is
// over may not have left its goroutine yet.
func runaways() (n int) {
	stacks := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if strings.Contains(stack, ".(*limiter).runAway") && strings.Contains(stack, ".(*Aside).Run(") {
			n++
		}
	}
	return n
}

// Tokens of one user cannot occupy the machine, nor keep others from their turn:
// only so many evaluations go on at once that cannot be stopped, and of one user
// half as many.
func TestRunaways(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	rule := slow["one function"]
	groups, _ := manyGroups(t, rule)
	a := parse(t, config(entry(issuer, bySub[:len(bySub)-1]+", groups: {claim: groups, prefix: ''}}\nuserValidationRules: [{expression: "+quote(rule)+"}]")), &authconfig.Options{MaxToken: 1 << 20})
	token := issuer.Token(claims(object{"groups": groups}))
	joe := issuer.Token(claims(object{"sub": "joe", "groups": "a"}))
	require.NoError(t, a.Preload(t.Context()))
	crowd := func(more func() bool) (over chan struct{}) {
		over = make(chan struct{})
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				for again := true; again; again = more() {
					_, ok, err := a.AuthenticateToken(t.Context(), token)
					require.False(t, ok)
					require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
				}
			})
		}
		go func() { wg.Wait(); close(over) }()
		return over
	}
	most := 0
	for over := crowd(func() bool { return false }); !isClosed(over); time.Sleep(time.Millisecond) {
		most = max(most, runaways())
	}
	require.NotZero(t, most)
	require.LessOrEqual(t, most, max(4, 2*runtime.GOMAXPROCS(0))/2)

	var served atomic.Bool
	over := crowd(func() bool { return !served.Load() })
	for range 20 {
		requireTurn(t, a, joe, "joe")
	}
	served.Store(true)
	<-over
	requireNoRunaways(t)
	requireTurn(t, a, issuer.Token(claims(object{"groups": "a"})), "jane")
}

// requireTurn wants a user to be accepted who comes again, as a 503 has them do, if the
// machine has set them aside: it may be busy with others than these.
func requireTurn(t *testing.T, a *authconfig.Authenticator, token, name string) {
	t.Helper()
	resp, ok, err := a.AuthenticateToken(t.Context(), token)
	for try := 1; err != nil && try < tries; try++ {
		resp, ok, err = a.AuthenticateToken(t.Context(), token)
	}
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, name, resp.User.GetName())
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
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
