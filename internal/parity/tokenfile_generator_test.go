package parity

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// lines are those of a file that is still to be written.
type lines struct {
	rows  [][]string
	quote []bool // the fields of that row are all in quotes
	end   string // of each line
	edits []func(string) string
	more  []string // tokens to ask about
}

// Columns of files, the usual ones.
var (
	fileTokens = []string{"opaque-1", "opaque-2", "a", "abcdefghijklmnopqrstuvwxyz012345", "#hash", "a=b/c+d~e", `back\slash`, "eyJhbGciOiJub25lIn0.e30.", "~", "opaque-", "sha256", strings.Repeat("t", 17_000)}
	fileUsers  = []string{"ann", "bob", "Ängström 安", "a b", "system:admin", `o"quote`, "a,b", "\ufffd", "a\u2028b", "a\u200b"}
	fileUIDs   = []string{"u-1", "", " 7 ", "a,b", "u\x00", "\xff", `"`}
	fileGroups = []string{"dev", "dev,ops", "system:masters", "a b,c", `d"e`, "安", "a\x00", "\xff", "dev,dev"}
)

func newLines(r *rand.Rand) *lines {
	d := &lines{end: pick(r, []string{"\n", "\n", "\n", "\r\n"})}
	for _, token := range pickSome(r, fileTokens, r.IntN(6)) {
		row := []string{token, pick(r, fileUsers), pick(r, fileUIDs)}
		if r.IntN(3) > 0 {
			row = append(row, pick(r, fileGroups))
		}
		d.rows, d.quote = append(d.rows, row), append(d.quote, r.IntN(4) == 0)
	}
	return d
}

// pickSome returns n of them, each once.
func pickSome(r *rand.Rand, from []string, n int) []string {
	from = slices.Clone(from)
	r.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
	return from[:n]
}

func (d *lines) String() string {
	var text strings.Builder
	for i, row := range d.rows {
		for j, field := range row {
			if j > 0 {
				text.WriteByte(',')
			}
			if i < len(d.quote) && d.quote[i] || strings.ContainsAny(field, "\",\r\n") || strings.HasPrefix(field, " ") {
				field = `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
			}
			text.WriteString(field)
		}
		text.WriteString(d.end)
	}
	whole := text.String()
	for _, edit := range d.edits {
		whole = edit(whole)
	}
	return whole
}

// newAsks are tokens to ask about: those of the file, and what is like them.
func newAsks(r *rand.Rand, d *lines, rows [][]string) []string {
	asks := append([]string{"", "nobody-knows", " ", "\ufeff", "sha256:"}, d.more...)
	for _, row := range append(slices.Clone(d.rows), rows...) {
		token := row[0]
		digest := fmt.Sprintf("%x", sha256.Sum256([]byte(token)))
		asks = append(asks, token, token+"x", " "+token, strings.TrimSpace(token), strings.ToUpper(token), strings.TrimPrefix(token, "\ufeff"),
			digest, "sha256:"+digest, strings.TrimPrefix(token, "sha256:"), strings.ToLower(token), "\ufeff"+token, token+","+row[min(1, len(row)-1)])
		if token != "" {
			asks = append(asks, token[:r.IntN(len(token))], token[1:])
		}
	}
	slices.Sort(asks)
	return slices.Compact(asks)
}

// in picks a row, and makes one if there is none.
func (d *lines) in(r *rand.Rand) *[]string {
	if len(d.rows) == 0 {
		d.rows, d.quote = append(d.rows, []string{"opaque-1", "ann", "u-1"}), append(d.quote, false)
	}
	return &d.rows[r.IntN(len(d.rows))]
}

type fileMutation struct {
	name string
	do   func(*rand.Rand, *lines)
}

// fileMutations are what can be odd about a file.
func fileMutations() []fileMutation {
	field := func(name string, column int, values ...string) fileMutation {
		return fileMutation{name, func(r *rand.Rand, d *lines) {
			row := d.in(r)
			for len(*row) <= column {
				*row = append(*row, "")
			}
			(*row)[column] = pick(r, values)
		}}
	}
	edit := func(name string, edits ...func(*rand.Rand, string) string) fileMutation {
		return fileMutation{name, func(r *rand.Rand, d *lines) {
			do := pick(r, edits)
			d.edits = append(d.edits, func(text string) string { return do(r, text) })
		}}
	}
	insert := func(what ...string) func(*rand.Rand, string) string {
		return func(r *rand.Rand, text string) string {
			i := r.IntN(len(text) + 1)
			return text[:i] + pick(r, what) + text[i:]
		}
	}
	all := []fileMutation{
		field("empty token", 0, ""),
		field("odd token", 0, " a", "a ", "a b", "é", "\xff", "a\tb", "a\x00", "a\nb", "\u00a0a", "\ufeffa", "\x7f"),
		field("odd user", 1, "", " ", " ann", "ann ", "an\tn", "a\x00", "\xff", "a\u0085b", "\u00a0ann", "ann\u2003", "a\nb", "\xc3", "\u0085"),
		field("odd uid", 2, "", " ", "\t", "a\nb", `"`),
		field("odd groups", 3, "", ",", "dev,", ",dev", "dev,,ops", " dev", "dev ", "dev, ops", "\t", "dev\u00a0", "\n", `"`, "dev\n"),
		{"columns", func(r *rand.Rand, d *lines) {
			row := d.in(r)
			three := []string{(*row)[0], "ann", "u-1"}
			*row = pick(r, [][]string{three[:1], three[:2], append(three[:3:3], "dev", "ops"), append(three[:3:3], "dev", ""), append(three[:3:3], "", ""), {""}, {"", "", ""}})
		}},
		{"the same token again", func(r *rand.Rand, d *lines) {
			row := *d.in(r)
			d.rows, d.quote = append(d.rows, append([]string{row[0]}, pick(r, fileUsers), "u-2")), append(d.quote, false)
		}},
		edit("byte order mark", func(_ *rand.Rand, text string) string { return "\ufeff" + text }),
		edit("another line", func(r *rand.Rand, text string) string {
			line := pick(r, []string{"# a comment", "#token,user,uid", "token,user,uid,groups", "\n", "  ", ",,", ",,,", ",", `"","",""`, `""`, "; a", "\r", "//", "\t\n"})
			return pick(r, []string{line + "\n" + text, text + line, text + line + "\n"})
		}),
		edit("quotes", insert(`"`, `""`, `"`, `'`, `\"`)),
		edit("line breaks", insert("\n", "\r", "\r\n", "\n\n", "\v", "\u2028", "\x00", "\x1a")),
		edit("blanks and commas", insert(" ", "\t", ",", ",,", ";", "\u00a0")),
		edit("no line break at the end", func(_ *rand.Rand, text string) string { return strings.TrimRight(text, "\r\n") }),
		edit("cut off", func(r *rand.Rand, text string) string { return text[:r.IntN(len(text)+1)] }),
		edit("other line ends", func(r *rand.Rand, text string) string {
			return strings.ReplaceAll(text, "\n", pick(r, []string{"\r", "\r\r\n", "\n\r"}))
		}),
		edit("UTF-16", func(_ *rand.Rand, text string) string {
			wide := "\xff\xfe"
			for i := range len(text) {
				wide += text[i:i+1] + "\x00"
			}
			return wide
		}),
		edit("something else", func(r *rand.Rand, _ string) string {
			return pick(r, []string{"", "\n", "\x00", `{"a":"b"}`, "\ufeff", "token\tuser\tuid\n", "token;user;uid\n", "<html>, a, b\n"})
		}),
	}
	return append(all, fileMutation{"digest", asDigest}, fileMutation{"digest", asDigest}, fileMutation{"no digest", noDigest})
}

// asDigest puts that of a token in its place.
func asDigest(r *rand.Rand, d *lines) {
	row := d.in(r)
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte((*row)[0])))
	d.more = append(d.more, (*row)[0], sum, strings.ToUpper("sha256:"+sum))
	if r.IntN(4) == 0 {
		sum = strings.ToUpper(sum)
	}
	(*row)[0] = "sha256:" + sum
}

// noDigest puts something like a digest in place of a token.
func noDigest(r *rand.Rand, d *lines) {
	row := d.in(r)
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte((*row)[0])))
	d.more = append(d.more, (*row)[0], sum)
	(*row)[0] = pick(r, []string{"sha256:", "sha256:" + sum[1:], "sha256:" + sum + "0", "sha256:" + sum + "00", "sha256:" + sum[:63] + "g", "SHA256:" + sum, "Sha256:" + sum, "sha256: " + sum, "sha256:" + sum + "  -",
		"sha256:" + (*row)[0], "sha256:" + fmt.Sprintf("%x", sha256.Sum256(nil)), "sha256=" + sum, "sha512:" + sum, "sha256-" + sum, " sha256:" + sum})
}
