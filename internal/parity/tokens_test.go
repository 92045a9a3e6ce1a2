package parity

import (
	"cmp"
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apiserverv1 "k8s.io/apiserver/pkg/apis/apiserver/v1"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
)

var (
	seed  = flag.Uint64("seed", defaultSeed, "which pairs TestTokens makes")
	count = flag.Int("pairs", defaultCount, "how many") // -n is one of the go command
	only  = flag.Int("only", -1, "only the one with this index")
)

const (
	defaultSeed      = 1
	defaultCount     = 20_000
	perConfiguration = 80 // tokens
)

// TestTokens makes configurations and tokens and asks both sides.
func TestTokens(t *testing.T) {
	quiet()
	ring, compiler, s := newKeyRing(t), authenticationcel.NewDefaultCompiler(), newSurvey()
	first, last := 0, *count
	if *only >= 0 {
		first, last = *only, *only+1
	}
	t.Run("configurations", func(t *testing.T) {
		for n := first / perConfiguration; n*perConfiguration < last; n++ {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				c := newConfiguration(t, random(n, 0))
				both := newSides(t, c, ring, compiler)
				for i := max(first, n*perConfiguration); i < min(last, (n+1)*perConfiguration); i++ {
					p := newPair(t, random(i, 1), i, c, both, ring)
					p.ask(t.Context())
					s.add(t.Context(), p)
				}
			})
		}
	})
	s.check(t)
}

// TestExpressions asks both sides about each expression in each place for it.
func TestExpressions(t *testing.T) {
	quiet()
	ring, compiler, s := newKeyRing(t), authenticationcel.NewDefaultCompiler(), newSurvey()
	for n, entry := range entriesOfEach() {
		c := &configuration{issuers: []int{0}, entries: []apiserverv1.JWTAuthenticator{entry}}
		c.write(t)
		both := newSides(t, c, ring, compiler)
		for i := range 4 {
			r := random(4*n+i, 1)
			p := &pair{test: fmt.Sprintf("TestExpressions -seed %d", *seed), config: c, draft: newDraft(r, c, 0, ring), sides: both, now: time.Now()}
			p.draft.base(r)
			if i > 0 {
				setAny(r, p.draft)
			}
			require.NoError(t, p.mint())
			p.ask(t.Context())
			s.add(t.Context(), p)
		}
	}
	s.show(t)
}

func random(n int, of uint64) *rand.Rand { return rand.New(rand.NewPCG(*seed, uint64(n)<<1|of)) }

// survey is what came of a run.
type survey struct {
	mu          sync.Mutex // guards all below
	pairs       int
	classes     map[string]int
	explained   map[string]int // by deviation
	accepts     map[string]int // those where ours accepts
	unexplained []*pair
}

func newSurvey() *survey {
	return &survey{classes: make(map[string]int), explained: make(map[string]int), accepts: make(map[string]int)}
}

func (s *survey) add(ctx context.Context, p *pair) {
	same := p.upstream.same(p.ours)
	var d *deviation
	if !same {
		d = p.explanation(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pairs++
	s.classes[p.upstream.class+", ours "+p.ours.class]++
	switch {
	case same:
	case d != nil:
		s.explained[d.name]++
		if p.ours.class == accepted {
			s.accepts[d.name]++
		}
	default:
		s.unexplained = append(s.unexplained, p)
	}
}

func (s *survey) check(t *testing.T) {
	t.Helper()
	for _, class := range slices.Sorted(keys(s.classes)) {
		t.Logf("%6d pairs: upstream %s", s.classes[class], class)
	}
	for _, d := range deviations() {
		t.Logf("%6d differ, ours accepts %d: %s", s.explained[d.name], s.accepts[d.name], d.name)
	}
	s.show(t)
	if *only >= 0 {
		return
	}
	both := s.classes[accepted+", ours "+accepted]
	require.GreaterOrEqual(t, 4*both, s.pairs, "too few tokens are good for the run to mean much")
	if *seed != defaultSeed || *count < defaultCount {
		return // another run may miss one that is rare
	}
	for _, d := range deviations() {
		require.NotZero(t, s.explained[d.name], "nothing came of the deviation %q", d.name)
	}
}

// show makes an error of each kind of difference that nothing explains, those
// first where ours accepts.
func (s *survey) show(t *testing.T) {
	t.Helper()
	slices.SortFunc(s.unexplained, func(a, b *pair) int {
		return cmp.Or(strings.Compare(a.ours.class, b.ours.class), strings.Compare(a.kind(), b.kind()), a.index-b.index)
	})
	for i, p := range s.unexplained {
		if i > 0 && p.kind() == s.unexplained[i-1].kind() {
			continue
		}
		n := 1
		for _, other := range s.unexplained[i+1:] {
			if other.kind() == p.kind() {
				n++
			}
		}
		t.Errorf("%d differences of this kind, which nothing explains:\n%s", n, p)
	}
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// String is all that it takes to see the difference again.
func (p *pair) String() string {
	test := cmp.Or(p.test, fmt.Sprintf("TestTokens -seed %d -only %d", *seed, p.index))
	return fmt.Sprintf("go test -run %s (every typ: %v)\n%s\nodd: %q\nat %d\nheader  %s\npayload %s\ntoken   %s\nupstream %s\nours     %s\n",
		test, p.config.anyType, p.config.yaml, p.draft.did, p.now.Unix(), p.header, p.payload, clipped(p.token), p.upstream, p.ours)
}

var details = regexp.MustCompile(`"(\\.|[^"\\])*"|[0-9]+`)

// kind is what differences of one cause are likely to have in common.
func (p *pair) kind() string {
	kind := p.ours.class + p.upstream.class
	for _, a := range []answer{p.ours, p.upstream} {
		if a.err != nil {
			kind += details.ReplaceAllString(a.err.Error(), "")
		}
	}
	return kind
}

func clipped(token string) string {
	parts := strings.Split(token, ".")
	for i, part := range parts {
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err == nil && len(part) > 60 {
			parts[i] = part[:20] + "…" + part[len(part)-20:]
		}
	}
	return fmt.Sprintf("%q", strings.Join(parts, "."))
}
