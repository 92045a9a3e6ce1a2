package parity

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// change is a difference that is meant to be, told as a change of the input: ours
// treats one as upstream treats the other. So it says not only that the answers
// differ, but what ours must be.
type change[P any] struct {
	name   string
	reason string
	line   string // of docs/differences.md, or a part of one, which tells it to users

	// accepts says that ours may accept what upstream does not. Without it, nothing
	// explains that.
	accepts bool

	applies func(P) bool
	change  func(P)
}

// trial is an input and what both sides make of it, in words that differ if a
// caller could see a difference.
type trial struct {
	index                    int
	class                    string // of both, for the count
	upstream, ours, expected string
	accepts                  bool     // ours does, upstream does not
	explained                []string // by these
	input                    string   // and how to see it again
}

// tried says what came of an input. The changes are done one after the other to
// copies of it, as those before have left it, and upstream is asked about them.
func tried[P any](all []change[P], copied func() P, ask func(P) string, t *trial) *trial {
	after := func(but string) (string, []string) {
		x, applied := copied(), []string(nil)
		for _, c := range all {
			if c.name != but && c.applies(x) {
				c.change(x)
				applied = append(applied, c.name)
			}
		}
		if applied == nil {
			return t.upstream, nil
		}
		return ask(x), applied
	}
	expected, applied := after("")
	t.expected = expected
	if t.expected == t.upstream {
		return t
	}
	for _, name := range applied {
		if without, _ := after(name); without != t.expected {
			t.explained = append(t.explained, name)
		}
	}
	return t
}

// trials is what came of a run.
type trials struct {
	mu          sync.Mutex // guards all below
	n           int
	classes     map[string]int
	explained   map[string]int
	unexplained []*trial
	accepted    []*trial // by ours alone
}

func newTrials() *trials {
	return &trials{classes: make(map[string]int), explained: make(map[string]int)}
}

func (s *trials) add(t *trial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	s.classes[t.class]++
	for _, name := range t.explained {
		s.explained[name]++
	}
	if t.accepts {
		s.accepted = append(s.accepted, t)
	}
	if t.ours != t.expected {
		s.unexplained = append(s.unexplained, t)
	}
}

// verify makes errors of what nothing explains, and of deviations that nothing
// came of.
func verify[P any](t *testing.T, s *trials, all []change[P]) {
	t.Helper()
	for _, class := range slices.Sorted(keys(s.classes)) {
		t.Logf("%6d: upstream %s", s.classes[class], class)
	}
	may := make(map[string]bool)
	for _, c := range all {
		t.Logf("%6d differ: %s", s.explained[c.name], c.name)
		may[c.name] = c.accepts
	}
	forbidden := slices.DeleteFunc(s.accepted, func(x *trial) bool {
		return slices.ContainsFunc(x.explained, func(name string) bool { return may[name] })
	})
	fail(t, "ours accepts and upstream does not", forbidden)
	fail(t, "nothing explains", s.unexplained)
	if *only >= 0 || *seed != defaultSeed || *count < defaultCount {
		return // another run may miss one that is rare
	}
	for _, c := range all {
		require.NotZero(t, s.explained[c.name], "nothing came of the deviation %q", c.name)
	}
}

func fail(t *testing.T, what string, all []*trial) {
	t.Helper()
	const shown = 8
	slices.SortFunc(all, func(a, b *trial) int { return a.index - b.index })
	for _, x := range all[:min(len(all), shown)] {
		t.Errorf("one of %d differences that %s:\n%s", len(all), what, x)
	}
}

func (t *trial) String() string {
	return fmt.Sprintf("%s\nupstream %.2000s\nexpected %.2000s\nours     %.2000s\n", t.input, t.upstream, t.expected, t.ours)
}

// inParallel does the trials with the indices of a run, several at once: most of
// their time is others'.
func inParallel(t *testing.T, n, workers int, do func(i int)) {
	t.Helper()
	first, last := 0, n
	if *only >= 0 {
		first, last = *only, *only+1
	}
	next := make(chan int)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := first; i < last; i++ {
		next <- i
	}
	close(next)
	all.Wait()
}

// documented wants users to be told of every deviation.
func documented[P any](t *testing.T, all []change[P]) {
	t.Helper()
	text, err := os.ReadFile("../../docs/differences.md")
	require.NoError(t, err)
	for _, c := range all {
		require.NotEmpty(t, c.reason, c.name)
		if !strings.Contains(string(text), c.line) {
			t.Errorf("%s: docs/differences.md does not have\n%s", c.name, c.line)
		}
	}
}
