package parity

import (
	"context"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/token/tokenfile"

	"github.com/authnchain/authnchain/bearer"
)

const perFile = 4 // how many pairs of -pairs make one file

// TestTokenFile has both sides read files of tokens, and asks them about those in
// it and others. It makes a fourth of -pairs.
func TestTokenFile(t *testing.T) {
	silent(t)
	s, all, folder := newTrials(), fileDeviations(), t.TempDir()
	inParallel(t, *count/perFile, 4, func(i int) { s.add(newListing(random(i, 0), i, folder).try(t.Context(), all)) })
	verify(t, s, all)
	if *only < 0 {
		require.GreaterOrEqual(t, 3*s.classes[accepted+", ours "+accepted], s.n, "too few files are good for the run to mean much")
	}
}

// Users are told of every deviation.
func TestTokenFileDeviationsAreDocumented(t *testing.T) { documented(t, fileDeviations()) }

// listing is a file of tokens, and what both sides are asked then.
type listing struct {
	index   int
	path    string // where upstream reads it
	text    string
	asks    []string
	did     []string
	refusal bool // the file is refused, whatever upstream says
}

// found is what a side made of a file.
type found struct {
	class   string // of the file
	answers []answer
	err     error
}

// ask loads the list, and asks about each token.
func (l *listing) ask(ctx context.Context, load func(*listing) (authenticator.Token, error)) found {
	auth, err := load(l)
	if err != nil || l.refusal {
		return found{class: refused, err: err}
	}
	f := found{class: accepted}
	for _, token := range l.asks {
		f.answers = append(f.answers, ask(ctx, auth, token))
	}
	return f
}

func loadUpstream(l *listing) (authenticator.Token, error) {
	if err := os.WriteFile(l.path, []byte(l.text), 0o600); err != nil {
		return nil, err
	}
	defer os.Remove(l.path)
	return tokenfile.NewCSV(l.path)
}

func loadOurs(l *listing) (authenticator.Token, error) {
	return bearer.ParseTokens(strings.NewReader(l.text))
}

func (l *listing) String() string {
	return fmt.Sprintf("go test -run TestTokenFile -seed %d -only %d\nodd: %s\n%.3000q", *seed, l.index, strings.Join(l.did, ", "), l.text)
}

// describe is f in words, with the tokens that were asked about.
func (l *listing) describe(f found) string {
	text := "file " + f.class
	for i, a := range f.answers {
		text += fmt.Sprintf("\n  %.100q: %s", l.asks[i], a)
	}
	return text
}

// moreIn reports whether ours accepts what upstream does not.
func moreIn(upstream, ours found) bool {
	for i, a := range ours.answers {
		if a.class == accepted && (upstream.class != accepted || upstream.answers[i].class != accepted) {
			return true
		}
	}
	return ours.class == accepted && upstream.class != accepted
}

func (l *listing) try(ctx context.Context, all []change[*listing]) *trial {
	upstream, ours := l.ask(ctx, loadUpstream), l.ask(ctx, loadOurs)
	t := &trial{
		index: l.index, class: upstream.class + ", ours " + ours.class, upstream: l.describe(upstream), ours: l.describe(ours), accepts: moreIn(upstream, ours),
		input: fmt.Sprintf("%s\nupstream's error: %.600v\nour error: %.600v", l, upstream.err, ours.err),
	}
	copied := func() *listing {
		other := *l
		return &other
	}
	return tried(all, copied, func(l *listing) string { return l.describe(l.ask(ctx, loadUpstream)) }, t)
}

// rows are those of the file, if it can be read.
func (l *listing) rows() [][]string {
	reader := csv.NewReader(strings.NewReader(l.text))
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if err != nil {
		return nil
	}
	for _, row := range rows {
		if len(row) < 3 {
			return nil
		}
	}
	return rows
}

// rewrite makes the file one of these rows.
func (l *listing) rewrite(rows [][]string) {
	var text strings.Builder
	if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
		panic(err) // of a strings.Builder
	}
	l.text = text.String()
}

// newListing makes the file with that index of a run.
func newListing(r *rand.Rand, index int, folder string) *listing {
	l := &listing{index: index, path: filepath.Join(folder, fmt.Sprint(index))}
	d := newLines(r)
	for range pick(r, []int{0, 0, 1, 1, 1, 2}) {
		m := pick(r, fileMutations())
		l.did = append(l.did, m.name)
		m.do(r, d)
	}
	l.text = d.String()
	l.asks = newAsks(r, d, l.rows())
	return l
}
