package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// text prints a report for people.
type text struct {
	io.Writer
	colours bool
}

const bold, red, green, yellow, plain = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"

func (t text) in(colour, s string) string {
	if !t.colours || colour == "" {
		return s
	}
	return colour + s + plain
}

func (t text) print(r *report, s *settings) {
	t.head(r, s)
	fmt.Fprintln(t)
	t.steps(r.Steps)
	fmt.Fprintln(t)
	for _, w := range r.Warnings {
		fmt.Fprintf(t, "%s %s\n\n", t.in(yellow, "warning:"), oneLine(w))
	}
	if r.User == nil {
		fmt.Fprintln(t, t.in(red, "REFUSED:"), strings.Join(r.refusals(), ", "))
		return
	}
	provided := "provided that the signature is good:"
	if slices.ContainsFunc(r.Steps, func(s step) bool { return s.Verdict == "skipped" }) { // where the groups are
		provided = "provided that the signature is good, and what was skipped:"
	}
	fmt.Fprintln(t, t.in(green, "ACCEPTED,"), provided)
	t.user(r.User)
}

// head tells whose token it is and what was not looked at.
func (t text) head(r *report, s *settings) {
	issuer := "none of the configuration's"
	switch {
	case r.Index >= 0:
		issuer = fmt.Sprintf("%s (jwt[%d])", oneLine(r.Issuer), r.Index)
	case slices.Contains(r.refusals(), "token"): // it was not read that far
		issuer = "unknown"
	}
	not := ": this is a dry run"
	if s.input.claims {
		not = ", nor the form of the token: there are only its claims"
	}
	rows := [][]string{{"issuer", issuer}, {"signature", t.in(yellow, "NOT verified") + not}}
	if !s.now.IsZero() {
		rows = append(rows, []string{"time", s.now.Format(time.RFC3339)})
	}
	t.table(rows, nil)
}

func (t text) steps(steps []step) {
	rows := [][]string{{"STEP", "VERDICT", "VALUE OR REASON"}}
	for _, s := range steps {
		rows = append(rows, []string{s.Path, s.Verdict, s.outcome()})
	}
	t.table(rows, func(line, column int, cell string) string {
		switch {
		case line == 0:
			return bold
		case column != 1:
			return ""
		}
		return map[string]string{"ok": green, "refused": red, "skipped": yellow}[cell]
	})
}

func (t text) user(u *userInfo) {
	uid := "-"
	if u.UID != "" {
		uid = show(u.UID)
	}
	rows := [][]string{{"  name", show(u.Username)}, {"  uid", uid}, {"  groups", showList(u.Groups)}}
	name := "  extra"
	for _, key := range slices.Sorted(maps.Keys(u.Extra)) {
		rows = append(rows, []string{name, key + ": " + showList(u.Extra[key])})
		name = ""
	}
	if len(u.Extra) == 0 {
		rows = append(rows, []string{name, "-"})
	}
	t.table(rows, nil)
}

// table prints rows with their cells below each other. colour returns that of a
// cell; it may be nil.
func (t text) table(rows [][]string, colour func(line, column int, cell string) string) {
	widths := make([]int, len(rows[0]))
	for _, cells := range rows {
		for i, cell := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for line, cells := range rows {
		for i, cell := range cells {
			if colour != nil {
				fmt.Fprint(t, t.in(colour(line, i, cell), cell))
			} else {
				fmt.Fprint(t, cell)
			}
			if i < len(cells)-1 {
				fmt.Fprint(t, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		fmt.Fprintln(t)
	}
}

// isTerminal reports whether somebody looks at w who likes colours.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
