package parity

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/Netflix/bettertls/test-suites/nameconstraints"
	"github.com/stretchr/testify/require"
)

// TestBetterTLSNameConstraints has an authority that may issue for some names only.
func TestBetterTLSNameConstraints(t *testing.T) {
	all := casesOf(t, nameconstraints.NewTestCaseProvider(), 9491)
	var mu sync.Mutex // guards got
	got := make(betterTLSCounts)
	shards := runtime.GOMAXPROCS(0)
	t.Run("shards", func(t *testing.T) {
		for shard := range shards {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				b := newBetterTLS(t)
				for i := shard; i < len(all); i += shards {
					rule := b.ask(t, all[i])
					if c := all[i].(nameconstraints.NameConstraintsTestCase); c.ExtraSan == nil {
						require.Equal(t, mayIssue(c), b.found, "case %d", i)
					}
					mu.Lock()
					got.add(all[i], rule)
					mu.Unlock()
				}
			})
		}
	})
	require.Equal(t, betterTLSCounts{
		"PASS": {"": 590},
		"FAIL": {
			"a name that the CA may not give": 4644,
			"another host's":                  3050,
			"cannot be read":                  65, // alternative names that are not what they say
		},
		"SOFT_PASS": {"": 230}, // a common name that looks like a host's is none
		"SOFT_FAIL": {
			"a name that the CA may not give": 742,
			"another host's":                  170,
		},
	}, got)
}

// mayIssue says whether the authority of a case may give the leaf its alternative
// names, whatever host is asked for.
func mayIssue(c nameconstraints.NameConstraintsTestCase) bool {
	return mayGive(c.DnsSan, c.NameConstraintsDnsWhitelist, c.NameConstraintsDnsBlacklist) &&
		mayGive(c.IpSan, c.NameConstraintsIpWhitelist, c.NameConstraintsIpBlacklist)
}

// mayGive knows two names, of which one is called valid, and constraints for each.
func mayGive(name, permitted, excluded nameconstraints.TrinaryValue) bool {
	const none = nameconstraints.EXTVAL_NONE
	return name == none || (permitted == none || permitted == name) && excluded != name
}
