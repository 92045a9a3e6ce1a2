package main

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxShown is how many characters of a value stand in the table of steps. The user
// is shown in full below it.
const maxShown = 200

// outcome is the value of a step or, if it is refused, why, with the value if the
// reason does not have it.
func (s step) outcome() string {
	switch s.Verdict {
	case "ok":
		if seconds, ok := s.Value.(float64); ok { // "exp", "nbf" and "iat" are the only numbers
			return short(showTime(seconds))
		}
		return short(show(s.Value))
	case "skipped":
		return s.Error
	}
	why := s.Reason + ": " + s.Error
	if value := short(show(s.Value)); s.Value != nil && !strings.Contains(why, value) {
		why += " (it is " + value + ")"
	}
	return why
}

func short(text string) string {
	if utf8.RuneCountInString(text) <= maxShown {
		return text
	}
	return string([]rune(text)[:maxShown-1]) + "…"
}

// show returns a value such that it can be told apart from another, and cannot
// harm the terminal.
func show(value any) string {
	switch v := value.(type) {
	case nil:
		return "-"
	case string:
		return strconv.Quote(v)
	case []string:
		return showList(v)
	case []any:
		if texts := textsOf(v); texts != nil {
			return showList(texts)
		}
	}
	encoded, _ := encode(value, "") // it was made of JSON
	return strings.TrimSpace(encoded)
}

// textsOf returns the items of a list if there are some and all are strings.
func textsOf(items []any) []string {
	var texts []string
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			return nil
		}
		texts = append(texts, text)
	}
	return texts
}

func showList(values []string) string {
	if len(values) == 0 {
		return "-"
	}
	var quoted []string
	for _, v := range values {
		quoted = append(quoted, strconv.Quote(v))
	}
	return strings.Join(quoted, ", ")
}

// showTime returns a NumericDate (RFC 7519, section 2) as RFC 3339 has it, if it
// has it, and as it is.
func showTime(seconds float64) string {
	const end = 253402300800 // of the year 9999
	if seconds < 0 || seconds >= end {
		return show(seconds)
	}
	return time.Unix(int64(seconds), 0).UTC().Format(time.RFC3339) + " (" + show(seconds) + ")"
}
