package certconfig_test

import (
	stdx509 "crypto/x509"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/x509/certconfig"
)

// slow are rules that take long over many names, each in another way: loops in
// loops, and one function that cannot be interrupted.
var slow = map[string]string{
	"loops":        `cert.sans.dnsNames.all(a, cert.sans.dnsNames.all(b, !(a + b).matches('^(x|y|xy|yx){1,100}z$')))`,
	"one function": `cert.sans.dnsNames.distinct().size() > 0`,
}

func withRule(rule string, most time.Duration) certconfig.Config {
	return certconfig.Config{Username: "'host'", CertificateValidationRules: []certconfig.Rule{{Expression: rule}}, MaxEvaluation: most}
}

// manyNames returns a certificate with so many names that a rule takes several times
// as long as it may on this machine, and how long.
func manyNames(t *testing.T, rule string) ([]*stdx509.Certificate, time.Duration) {
	t.Helper()
	patient := newMapping(t, withRule(rule, time.Hour))
	for n := 100; n < 1<<20; n = n * 3 / 2 {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("xy%d", i)
		}
		chain := hosts(t, names...)
		best := time.Hour
		for range 3 { // the machine may be busy with others
			start := time.Now()
			_, _, _ = patient.User(chain)
			best = min(best, time.Since(start))
		}
		if best > 4*certconfig.MaxEvaluation {
			t.Logf("%d names, unbounded %s", n, best)
			return chain, best
		}
	}
	require.Fail(t, "the rule is not slow enough for this test")
	return nil, 0
}

func TestSlowExpressions(t *testing.T) {
	for name, rule := range slow {
		t.Run(name, func(t *testing.T) {
			chain, full := manyNames(t, rule)
			m := newMapping(t, withRule(rule, 0))
			start := time.Now()
			requireRefused(t, m, chain, authn.Unavailable, "certificateValidationRules[0]: the expressions, up to this one, take more than 50ms")
			require.Less(t, time.Since(start), full+certconfig.MaxEvaluation)
			requireNoRunaways(t)
		})
	}
}

// requireNoRunaways waits for evaluations that were left to end.
func requireNoRunaways(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return runaways() == 0 }, time.Minute, time.Millisecond)
}

func runaways() int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "created by github.com/authnchain/authnchain/x509/certconfig.(*Mapping).attempt")
}

// One certificate cannot occupy the machine, nor keep others from their turn.
func TestRunaways(t *testing.T) {
	chain, _ := manyNames(t, slow["one function"])
	m := newMapping(t, withRule(slow["one function"], 0))
	joe := hosts(t, "joe")
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			_, ok, err := m.User(chain)
			require.False(t, ok)
			require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
		})
	}
	most := 0
	for range 20 {
		most = max(most, runaways())
		_, ok, err := m.User(joe)
		require.NoError(t, err)
		require.True(t, ok)
	}
	wg.Wait()
	require.NotZero(t, most)
	require.LessOrEqual(t, most, max(4, 2*runtime.GOMAXPROCS(0))/2+1) // and joe's
	requireNoRunaways(t)
}

// Cost is the same on every machine, so what costs too much is refused for good.
func TestCostLimit(t *testing.T) {
	names := make([]string, 2000)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	m := newMapping(t, withRule("cert.sans.dnsNames.all(x, cert.sans.dnsNames.distinct().size() > 0)", time.Minute))
	requireRefused(t, m, hosts(t, names...), authn.RuleFailed, "certificateValidationRules[0]: operation cancelled: actual cost limit exceeded")
}

// What is in a certificate does not fill the logs.
func TestCanary(t *testing.T) {
	chain := hosts(t, "("+strings.Repeat("Z", 10_000))
	for _, expression := range []string{
		"{'a': 'b'}[cert.sans.dnsNames[0]]",
		"string(int(cert.sans.dnsNames[0]))",
		"string(timestamp(cert.sans.dnsNames[0]))",
		"string(duration(cert.sans.dnsNames[0]))",
		"string('a'.matches(cert.sans.dnsNames[0]))",
		"string('a'.find(cert.sans.dnsNames[0]))",
		"url(cert.sans.dnsNames[0]).getHost()",
		"string(ip(cert.sans.dnsNames[0]))",
		"string(quantity(cert.sans.dnsNames[0]).asInteger())",
		"string(semver(cert.sans.dnsNames[0]).major())",
		"dyn({'a': cert.sans.dnsNames[0]})",
	} {
		t.Run(expression, func(t *testing.T) {
			m := newMapping(t, certconfig.Config{Username: expression})
			_, ok, err := m.User(chain)
			require.False(t, ok)
			require.Error(t, err)
			require.LessOrEqual(t, strings.Count(err.Error(), "Z"), 512)
			require.LessOrEqual(t, len(err.Error()), 600)
		})
	}
}
