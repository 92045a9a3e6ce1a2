package parity

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/klog/v2"
)

var ratios = flag.Bool("ratios", false, "have TestRatios measure, which takes a minute")

const (
	rounds = 15
	turn   = 40 * time.Millisecond // of one way in one round
)

func BenchmarkTokens(b *testing.B) {
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

// TestRatios measures what BenchmarkTokens does, in turns, so that what slows the
// machine down slows all ways down. It fails where ours is not faster than
// upstream.
//
//	go test -run TestRatios -v -ratios
func TestRatios(t *testing.T) {
	quiet()
	for _, c := range contests(t) {
		for _, w := range c.ways {
			require.NoError(t, w.do(), "%s: %s", c.name, w.name)
		}
		if *ratios {
			medians := c.medians()
			t.Log(c.table(medians))
			for i := range c.ways[2:] {
				require.Less(t, medians[i+2], medians[1], "%s: %s", c.name, c.ways[i+2].name)
			}
		}
	}
}

// medians returns how long each way takes, in the median of all rounds.
func (c contest) medians() []time.Duration {
	times := make([][]time.Duration, len(c.ways))
	for round := range rounds {
		for i := range c.ways {
			i = (i + round) % len(c.ways) // nobody is always the first
			times[i] = append(times[i], measure(c.ways[i].do))
		}
	}
	medians := make([]time.Duration, len(c.ways))
	for i := range times {
		slices.Sort(times[i])
		medians[i] = times[i][rounds/2]
	}
	return medians
}

// measure returns how long do takes, on the average of one turn.
func measure(do func() error) time.Duration {
	start, n := time.Now(), 0
	for time.Since(start) < turn {
		for range 16 { // the clock is not free
			_ = do() // which has been tried
			n++
		}
	}
	return time.Since(start) / time.Duration(n)
}

func (c contest) table(medians []time.Duration) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s, median of %d rounds\n", c.name, rounds)
	for i, w := range c.ways {
		allocs := testing.AllocsPerRun(100, func() { _ = w.do() })
		fmt.Fprintf(&s, "%-24s %10s  %6.2f× the limit  %5.0f allocs\n", w.name, medians[i].Round(10*time.Nanosecond), float64(medians[i])/float64(medians[0]), allocs)
	}
	return s.String()
}

// quiet has upstream log nothing.
func quiet() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
}
