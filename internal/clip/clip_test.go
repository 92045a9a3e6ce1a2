package clip_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/clip"
)

func TestClip(t *testing.T) {
	a128, a129, a1024 := strings.Repeat("a", 128), strings.Repeat("a", 129), strings.Repeat("a", 1024)
	tests := []struct{ name, in, quote, text, line string }{
		{"empty", "", `""`, "", ""},
		{"plain", "plain", `"plain"`, "plain", "plain"},
		{"quotes", `a "b" \c`, `"a \"b\" \\c"`, `a "b" \c`, `a "b" \c`},
		{"beyond ASCII", "é安", `"é安"`, "é安", "é安"},
		{"lines", "a\r\nb", `"a\r\nb"`, "a\uFFFD\uFFFDb", "a\uFFFD\uFFFDb"},
		{"escape", "\x1b[2J", `"\x1b[2J"`, "\uFFFD[2J", "\uFFFD[2J"},
		{"right to left", "a\u202eb", `"a\u202eb"`, "a\uFFFDb", "a\uFFFDb"},
		{"NUL", "a\x00", `"a\x00"`, "a\uFFFD", "a\uFFFD"},
		{"not UTF-8", "a\xffb", `"a\xffb"`, "a\uFFFDb", "a\uFFFDb"},
		{"as long as may be", a128, `"` + a128 + `"`, a128, a128},
		{"longer", a129, `"` + a128 + `"…`, a128 + "…", a129},
		{"as long as a line may be", a1024, `"` + a128 + `"…`, a128 + "…", a1024},
		{"longer than a line", a1024 + "b", `"` + a128 + `"…`, a128 + "…", a1024 + "…"},
		{"no half characters", a128[:127] + "é", `"` + a128[:127] + `"…`, a128[:127] + "…", a128[:127] + "é"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.quote, clip.Quote(tt.in))
			require.Equal(t, tt.text, clip.Text(tt.in))
			require.Equal(t, tt.line, clip.Line(tt.in))
		})
	}
}

func TestError(t *testing.T) {
	require.NoError(t, clip.Error(nil))
	cause := errors.New("a\nb")
	err := clip.Error(fmt.Errorf("x: %w", cause))
	require.EqualError(t, err, "x: a\uFFFDb")
	require.ErrorIs(t, err, cause)

	long := clip.Error(errors.New(strings.Repeat("é", 1000)))
	require.EqualError(t, long, strings.Repeat("é", 254)+"…")
	require.EqualError(t, clip.Error(errors.New(strings.Repeat("a", 509))), strings.Repeat("a", 509))
	require.EqualError(t, clip.Error(errors.New(strings.Repeat("a", 510))), strings.Repeat("a", 509)+"…")
}

func FuzzClip(f *testing.F) {
	for _, seed := range []string{"", "a", "\xff", "é\x00", strings.Repeat("\x80", 300), strings.Repeat("é", 600), strings.Repeat("\x00", 2000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		require.LessOrEqual(t, len(clip.Quote(s)), 4*clip.Max+len(`""…`))
		require.LessOrEqual(t, len(clip.Text(s)), 3*clip.Max+len("…"))
		require.LessOrEqual(t, len(clip.Line(s)), 3*clip.MaxLine+len("…"))
		require.LessOrEqual(t, len(clip.Error(errors.New(s)).Error()), 4*clip.Max)
		for _, out := range []string{clip.Quote(s), clip.Text(s), clip.Line(s), clip.Error(errors.New(s)).Error()} {
			require.True(t, utf8.ValidString(out))
			require.False(t, strings.ContainsFunc(out, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", out)
		}
	})
}

func TestSome(t *testing.T) {
	for _, row := range []struct {
		texts []string
		want  string
	}{
		{nil, ""},
		{[]string{""}, `""`},
		{[]string{"a", "b\n", "c"}, `"a", "b\n", "c"`},
		{[]string{"a", "b", "c", "d", "e"}, `"a", "b", "c" and 2 more`},
		{[]string{strings.Repeat("x", 200), "b"}, `"` + strings.Repeat("x", 128) + `"… and 1 more`},
	} {
		require.Equal(t, row.want, clip.Some(row.texts))
	}
}
