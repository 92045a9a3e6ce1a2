package authconfig_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
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
	"regexp":       `user.groups.all(a, !a.matches('(x|y|xy|yx|xx){1,200}z'))`,
}

// unbounded returns how long a rule takes when nobody stops it.
func unbounded(t *testing.T, rule string, groups []string) time.Duration {
	t.Helper()
	result, err := authenticationcel.NewDefaultCompiler().CompileUserExpression(&authenticationcel.UserValidationCondition{Expression: rule})
	require.NoError(t, err)
	start := time.Now()
	_, _, _ = result.Program.Eval(map[string]any{"user": map[string]any{"groups": groups}})
	return time.Since(start)
}

func manyGroups(rule string) []string {
	if strings.HasPrefix(rule, "user.groups.all(a, !a") {
		return []string{strings.Repeat("xy", 20_000)}
	}
	groups := make([]string, 12_000)
	for i := range groups {
		groups[i] = fmt.Sprintf("xy%d", i)
	}
	return groups
}

// An expression that takes long is stopped, and so is one whose caller has left;
// the answer is Unavailable, since the machine may merely be busy.
func TestSlowExpressions(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	for name, rule := range slow {
		t.Run(name, func(t *testing.T) {
			groups := manyGroups(rule)
			full := unbounded(t, rule, groups)
			t.Log("unbounded:", full)
			require.Greater(t, full, 3*authconfig.MaxEvaluation, "the rule is not slow enough for this test")
			a := parse(t, config(entry(issuer, bySub[:len(bySub)-1]+", groups: {claim: groups, prefix: ''}}\nuserValidationRules: [{expression: "+quote(rule)+"}]")), &authconfig.Options{MaxToken: 1 << 20})
			token := issuer.Token(claims(object{"groups": groups}))
			require.NoError(t, a.Preload(t.Context()))

			start := time.Now()
			requireRefused(t, a, token, authn.Unavailable, "userValidationRules[0]: the expressions, up to this one, take more than 50ms")
			require.Less(t, time.Since(start), full)

			// Who leaves does not wait for the rest of the 50 ms either. The best of
			// some tries counts: the machine may be busy.
			best := time.Hour
			for range 4 {
				ctx, cancel := context.WithCancel(t.Context())
				left := make(chan time.Time, 1)
				time.AfterFunc(authconfig.MaxEvaluation/2, func() { left <- time.Now(); cancel() })
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
	require.Eventually(t, func() bool {
		stacks := make([]byte, 1<<20)
		return !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "(*limiter).bounded.func")
	}, time.Minute, time.Millisecond)
}

// What has gone on for long without anybody waiting keeps others from beginning
// the like: tokens cannot occupy more than a few processors.
func TestRunaways(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	rule := slow["one function"]
	groups := manyGroups(rule)
	a := parse(t, config(entry(issuer, bySub[:len(bySub)-1]+", groups: {claim: groups, prefix: ''}}\nuserValidationRules: [{expression: "+quote(rule)+"}]")), &authconfig.Options{MaxToken: 1 << 20})
	token := issuer.Token(claims(object{"groups": groups}))
	require.NoError(t, a.Preload(t.Context()))
	busy := 0
	for range 20 {
		_, _, err := a.AuthenticateToken(t.Context(), token)
		require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
		if strings.HasSuffix(err.Error(), "4 expressions of other tokens take too long") {
			busy++
		}
	}
	require.NotZero(t, busy)
	requireNoRunaways(t)
	requireUser(t, a, issuer.Token(claims(object{"groups": "a"})), info{Name: "jane", Groups: []string{"a"}})
}

// Cost is the same on every machine, so what costs too much is refused for good.
func TestCostLimit(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	a := parse(t, config(entry(issuer, bySub+"\nclaimValidationRules: [{expression: \"dyn(claims.l).all(x, dyn(claims.l).distinct().size() > 0)\"}]")), nil)
	list := make([]int, 2000)
	for i := range list {
		list[i] = i
	}
	requireRefused(t, a, issuer.Token(claims(object{"l": list})), authn.RuleFailed, "claimValidationRules[0]: operation cancelled: actual cost limit exceeded")
}
