// Package clip makes text from outside fit for an error or a log line.
package clip

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Max is how many bytes of one thing from outside an error may hold. Quoting
// makes at most four of one.
const Max = 128

// Quote returns s quoted as Go would, and at most Max bytes of it.
func Quote(s string) string {
	if len(s) <= Max {
		return strconv.Quote(s)
	}
	return strconv.Quote(cut(s, Max)) + "…"
}

// Some returns the first three of texts, quoted, and how many more there are.
func Some(texts []string) string {
	const some = 3
	list := ""
	for i, t := range texts {
		if i == some || len(list) > Max {
			return list + fmt.Sprintf(" and %d more", len(texts)-i)
		}
		if i > 0 {
			list += ", "
		}
		list += Quote(t)
	}
	return list
}

// MaxLine is how long a line of a trace may be.
const MaxLine = 1024

// Line returns s without what would break a line or a terminal, and at most
// MaxLine bytes of it.
func Line(s string) string {
	short := cut(s, MaxLine)
	if len(short) < len(s) {
		short += "…"
	}
	return strings.Map(printable, short)
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '\uFFFD'
}

// cut returns at most n bytes of s and does not split a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Text returns at most Max bytes of s, with what cannot be printed replaced.
func Text(s string) string {
	if short := cut(s, Max); len(short) < len(s) {
		return strings.Map(printable, short) + "…"
	}
	return strings.Map(printable, s)
}

// Error returns err with a text of at most 4*Max bytes that is one line, and nil
// for nil.
func Error(err error) error {
	if err == nil {
		return nil
	}
	return clipped{err}
}

type clipped struct{ error }

func (c clipped) Error() string {
	text := strings.Map(printable, c.error.Error())
	if short := cut(text, 4*Max-len("…")); len(short) < len(text) {
		return short + "…"
	}
	return text
}

func (c clipped) Unwrap() error { return c.error }
