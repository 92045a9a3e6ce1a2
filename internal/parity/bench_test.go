package parity

import (
	"flag"
	"io"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/klog/v2"
)

var (
	ratios = flag.Bool("ratios", false, "have TestRatios measure, which takes a minute or two")
	chosen = flag.String("contest", "", "only the contests that match this regular expression")
)

func BenchmarkContests(b *testing.B) {
	quiet()
	for _, c := range contests(b) {
		for _, w := range c.ways {
			b.Run(c.name+"/"+w.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := w.do(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestRatios fails where ours allocates more than its budget allows. With -ratios
// it also measures what BenchmarkContests does, in turns, so that what slows the
// machine down slows all ways down; it tells where ours takes longer than its
// budget allows, and fails where it takes longer than upstream.
//
//	go test -run TestRatios -v -ratios -contest 'RS256|cached'
func TestRatios(t *testing.T) {
	quiet()
	for _, c := range contests(t) {
		t.Run(c.name, func(t *testing.T) {
			for _, w := range c.ways {
				require.NoError(t, w.do(), w.name)
			}
			c.checkAllocs(t)
			if *ratios {
				medians := c.medians()
				t.Log(c.table(medians))
				c.checkTimes(t, medians)
			}
		})
	}
}

// checkAllocs lets one allocation more than the budget pass, as some depend on
// when the garbage collector empties a pool, but none where there must be none.
func (c contest) checkAllocs(t *testing.T) {
	t.Helper()
	if raced {
		return // its pools lose things on purpose
	}
	for _, w := range c.ways {
		if w.allocs != 0 {
			require.LessOrEqual(t, allocsOf(w), float64(w.allocs+1), "allocations of %s", w.name)
		}
	}
}

func (c contest) checkTimes(t *testing.T, medians []time.Duration) {
	t.Helper()
	for i, w := range c.ways {
		if w.name != upstream {
			continue
		}
		for j, other := range c.ways {
			if other.ours {
				require.Less(t, medians[j], medians[i], "%s is slower than upstream", other.name)
			}
		}
	}
}

func contests(t testing.TB) []contest {
	t.Helper()
	match, err := regexp.Compile(*chosen)
	require.NoError(t, err, "-contest")
	var all []contest
	for _, c := range everyContest(t) {
		if match.MatchString(c.name) {
			all = append(all, c)
		}
	}
	require.NotEmpty(t, all, "no contest matches %q", *chosen)
	return all
}

// quiet has upstream log nothing.
func quiet() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
}
