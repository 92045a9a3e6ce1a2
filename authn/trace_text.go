package authn

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/authnchain/authnchain/internal/clip"
)

// String returns the trace as a table with a line for each link, as shown in
// the package's comment.
func (t *Trace) String() string { return t.Result().String() }

// String returns the link's verdict and a line for each link below it.
func (l Link) String() string {
	const longest = len("anonymous") // of the names and verdicts that most chains have
	lines := l.lines(0)
	names, verdicts := longest, longest
	for _, line := range lines {
		names = max(names, len(line.name))
		verdicts = max(verdicts, len(line.Verdict))
	}
	var b strings.Builder
	verdict := string(l.Verdict)
	if l.Reason == NoCredential {
		verdict = "no credential"
	}
	fmt.Fprintf(&b, "%s in %s%s\n", verdict, l.Took.Round(time.Microsecond), l.ownReason())
	for _, line := range lines {
		text := fmt.Sprintf("  %-*s   %-*s  %s", names, line.name, verdicts, line.Verdict, line.text())
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	return b.String()
}

// ownReason returns why the whole was refused, if no link below did it.
func (l Link) ownReason() string {
	if l.Reason == "" || l.Reason == NoCredential || slices.ContainsFunc(l.Links, Link.failed) {
		return ""
	}
	return ": " + l.Detail
}

func (l Link) failed() bool { return l.Reason != "" }

type traceLine struct {
	Link
	name string // indented
}

// lines returns the links below l, parents before children.
func (l Link) lines(depth int) []traceLine {
	var lines []traceLine
	for _, child := range l.Links {
		lines = append(lines, traceLine{child, strings.Repeat("  ", depth) + child.Name})
		lines = append(lines, child.lines(depth+1)...)
	}
	return lines
}

// text returns what a line says after the verdict: the reason alone where the
// links below tell the rest.
func (l Link) text() string {
	switch {
	case l.Verdict == VerdictAccepted:
		return clip.Text(l.User)
	case slices.ContainsFunc(l.Links, Link.failed):
		return string(l.Reason)
	default:
		return l.Detail
	}
}
