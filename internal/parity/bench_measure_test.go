package parity

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	rounds = 15
	turn   = 40 * time.Millisecond // of one way in one round
)

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
	elapsed, n := timer(), 0
	for elapsed() < turn {
		for range 64 { // the clock is not free
			_ = do() // which has been tried
			n++
		}
	}
	return elapsed() / time.Duration(n)
}

func allocsOf(w way) float64 { return testing.AllocsPerRun(100, func() { _ = w.do() }) }

func (c contest) table(medians []time.Duration) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s, median of %d rounds\n", c.name, rounds)
	for i, w := range c.ways {
		ratio := float64(medians[i]) / float64(medians[0])
		fmt.Fprintf(&s, "%-26s %10s  %7.2f× the limit  %5.0f allocs%s\n", w.name, rounded(medians[i]), ratio, allocsOf(w), w.judge(ratio))
	}
	return s.String()
}

func rounded(d time.Duration) time.Duration {
	if d > time.Microsecond {
		return d.Round(10 * time.Nanosecond)
	}
	return d
}

// judge says what the budget is, and whether it is kept.
func (b budget) judge(ratio float64) string {
	switch {
	case b.ratio == 0:
		return ""
	case ratio > b.ratio:
		return fmt.Sprintf("  over the budget of %.2f×", b.ratio)
	}
	return fmt.Sprintf("  within %.2f×", b.ratio)
}
