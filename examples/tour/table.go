package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
)

var columns = []string{"CREDENTIAL", "STATUS", "USER", "GROUPS, LESS system:authenticated", "ANSWERED BY", "WHY"}

// printTable prints a line for each result, with colours if w is a terminal.
func printTable(w io.Writer, results []result) {
	lines := [][]string{columns}
	for _, r := range results {
		lines = append(lines, []string{r.credential, strconv.Itoa(r.answer), orDash(r.name()), orDash(r.groups()), orDash(answeredBy(r.link)), orDash(r.why())})
	}
	widths := make([]int, len(columns))
	for _, cells := range lines {
		for i, cell := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	colours := isTerminal(w)
	for i, cells := range lines {
		var b strings.Builder
		for j, cell := range cells {
			if j == len(cells)-1 {
				b.WriteString(cell)
				break
			}
			b.WriteString(colour(cell, i, j, colours))
			b.WriteString(strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell)+2))
		}
		fmt.Fprintln(w, b.String())
	}
}

// colour makes the heading bold and a status green, red or, if it is not about
// the credential, yellow.
func colour(cell string, line, column int, on bool) string {
	const bold, red, green, yellow, plain = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"
	switch {
	case !on:
		return cell
	case line == 0:
		return bold + cell + plain
	case column != 1:
		return cell
	case cell == "200":
		return green + cell + plain
	case cell == "401":
		return red + cell + plain
	}
	return yellow + cell + plain
}

func orDash(cell string) string {
	if cell == "" {
		return "-"
	}
	return cell
}

// groups returns the groups but the one that the middleware puts everybody in who is
// somebody.
func (r result) groups() string {
	if r.got == nil {
		return ""
	}
	groups := slices.DeleteFunc(slices.Clone(r.got.GetGroups()), func(g string) bool { return g == user.AllAuthenticated })
	return strings.Join(groups, " ")
}

// answeredBy returns the names of the links that made the decision, outermost
// first: the one that accepted, or else the first with the reason of the whole.
func answeredBy(whole authn.Link) string {
	names := []string{}
	for l := deciding(whole); l != nil; l = deciding(*l) {
		names = append(names, l.Name)
	}
	return strings.Join(names, " > ")
}

// story returns what a link said, less whom it said it of, or that a server
// could not be reached.
func (r result) story(l authn.Link) string {
	if dial := (*net.OpError)(nil); errors.As(r.err, &dial) {
		return dial.Error()
	}
	story := strings.TrimPrefix(l.Detail, "authn: ")
	if i := strings.LastIndex(story, `": `); i >= 0 {
		story = story[i+len(`": `):]
	}
	return story
}

func deciding(l authn.Link) *authn.Link {
	for i, child := range l.Links {
		if child.Verdict == l.Verdict && child.Reason == l.Reason && l.Verdict != authn.VerdictNotMine {
			return &l.Links[i]
		}
	}
	return nil
}

// why returns what an operator wants to know, without what the columns before
// have said: the reason and the end of the deciding link's story.
func (r result) why() string {
	if r.answer == 403 {
		return strings.TrimSpace(r.body)
	}
	last := r.link
	for l := deciding(last); l != nil; l = deciding(*l) {
		last = *l
	}
	if last.Reason == "" {
		return ""
	}
	return string(last.Reason) + ": " + r.story(last)
}
