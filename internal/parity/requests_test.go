package parity

import (
	"flag"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/klog/v2"
)

// perRequest is how many pairs of -pairs make one request.
const perRequest = 4

// TestRequests makes requests and sends them through kube-apiserver's chain and
// ours. It makes a fourth of -pairs.
func TestRequests(t *testing.T) {
	silent(t)
	m, s := newMaterial(t), newRequestSurvey()
	t.Run("certificates", m.checkCertificates)
	t.Run("tokens", m.checkTokens)
	all := requestDeviations(m.badCertificate())
	first, last := 0, *count/perRequest
	if *only >= 0 {
		first, last = *only, *only+1
	}
	for i := first; i < last; i++ {
		x := m.newExchange(random(i, 0), i)
		before := x.header.Clone()
		x.upstream, x.ours = x.send(x.chains.upstream), x.send(x.chains.ours)
		require.Equal(t, before, x.header)
		x.expect(all)
		s.add(x)
	}
	s.check(t, all)
}

// checkCertificates wants each kind of certificate to be to upstream what it is
// meant to be, else requests would be less various than they look.
func (m *material) checkCertificates(t *testing.T) {
	seenKinds := make(map[string]bool)
	for _, c := range m.certificates {
		if seenKinds[c.name] {
			continue
		}
		seenKinds[c.name] = true
		x := &exchange{chains: m.chainsFor("on"), certificate: c, certs: c.certs, target: "/", header: http.Header{}}
		got := x.send(x.chains.upstream)
		class := refused
		switch {
		case got.code == http.StatusOK && slices.Equal(got.user.GetGroups(), []string{"system:unauthenticated"}) && got.user.GetExtra() == nil:
			class = notMine
		case got.code == http.StatusOK:
			class = accepted
		}
		require.Equal(t, c.class, class, "%s: %s", c.name, got)
	}
}

// checkTokens wants both to accept good tokens.
func (m *material) checkTokens(t *testing.T) {
	for _, token := range m.good {
		x := &exchange{chains: m.chainsFor("off"), certificate: m.certificates[0], target: "/", header: http.Header{"Authorization": {"Bearer " + token.value}}}
		for _, handler := range []http.Handler{x.chains.upstream, x.chains.ours} {
			got := x.send(handler)
			require.Equal(t, http.StatusOK, got.code, "%s: %s", token.name, got)
		}
	}
}

func (m *material) chainsFor(anonymous string) *chains {
	return m.chains[slices.IndexFunc(m.chains, func(c *chains) bool { return c.anonymous == anonymous })]
}

// requestSurvey is what came of a run.
type requestSurvey struct {
	requests    int
	codes       map[string]int
	explained   map[string]int // by deviation
	otherUser   map[string]int // those where both accept, but not as the same user
	accepts     []*exchange    // ours alone
	unexplained []*exchange
}

func newRequestSurvey() *requestSurvey {
	return &requestSurvey{codes: make(map[string]int), explained: make(map[string]int), otherUser: make(map[string]int)}
}

func (s *requestSurvey) add(x *exchange) {
	s.requests++
	s.codes[fmt.Sprintf("%d, ours %d", x.upstream.code, x.ours.code)]++
	for _, name := range x.explained {
		s.explained[name]++
		if x.upstream.user != nil && x.ours.user != nil && x.upstream.user.GetName() != x.ours.user.GetName() {
			s.otherUser[name]++
		}
	}
	switch {
	case x.ours.code == http.StatusOK && x.upstream.code != http.StatusOK:
		s.accepts = append(s.accepts, x)
	case !x.same(x.expected, x.ours):
		s.unexplained = append(s.unexplained, x)
	}
}

func (s *requestSurvey) check(t *testing.T, all []requestDeviation) {
	t.Helper()
	for _, code := range slices.Sorted(keys(s.codes)) {
		t.Logf("%6d requests: upstream %s", s.codes[code], code)
	}
	for _, d := range all {
		t.Logf("%6d differ, %d in who it is: %s", s.explained[d.name], s.otherUser[d.name], d.name)
	}
	for _, x := range s.accepts {
		t.Errorf("ours accepts, upstream does not:\n%s", x)
	}
	const shown = 10
	for _, x := range s.unexplained[:min(len(s.unexplained), shown)] {
		t.Errorf("one of %d differences that nothing explains:\n%s", len(s.unexplained), x)
	}
	if *only >= 0 {
		return
	}
	require.GreaterOrEqual(t, 4*s.codes["200, ours 200"], s.requests, "too few requests are good for the run to mean much")
	if *seed != defaultSeed || *count < defaultCount {
		return // another run may miss one that is rare
	}
	for _, d := range all {
		require.NotZero(t, s.explained[d.name], "nothing came of the deviation %q", d.name)
	}
}

// silent is [quiet] for errors too, which klog shows come what may.
func silent(t *testing.T) {
	t.Helper()
	quiet()
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	require.NoError(t, flags.Set("stderrthreshold", "FATAL"))
}
