package authn

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// parseRevocations reads a deny list as [RevocationFile] describes it.
func parseRevocations(data []byte) (*revoked, error) {
	switch {
	case len(data) == 0:
		return nil, errors.New("empty; a list of nobody has a comment")
	case data[len(data)-1] != '\n':
		return nil, errors.New("the last line does not end; the file may be cut off")
	}
	x, n := newRevoked(), 0
	for line := range bytes.Lines(data) {
		n++
		r, some, err := parseRevocation(string(bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if some {
			x.add(r, n)
		}
	}
	return x, nil
}

// parseRevocation reads a line, and reports whether there is an entry in it.
func parseRevocation(line string) (Revocation, bool, error) {
	w := words{rest: line}
	if !utf8.ValidString(line) {
		w.fail(errors.New("not UTF-8"))
	}
	kind := w.keyword()
	if kind == "" && !w.quoted && w.err == nil {
		return Revocation{}, false, nil
	}
	var r Revocation
	switch kind {
	case "credential":
		r.Credential = w.want("the id of a credential")
	case "certificate":
		r.Serial, r.Issuer = w.want("a serial number"), w.want("the issuer")
	case "user":
		r.User = w.want("a user")
	default:
		w.fail(errKind)
	}
	r.Before, r.Until = w.times(kind == "user")
	if w.err != nil {
		return Revocation{}, false, w.err
	}
	r, err := r.checked()
	return r, err == nil, err
}

var errKind = errors.New("a line begins with credential, certificate, user or #")

// words reads a line word by word. Its errors hold nothing of the line.
type words struct {
	rest   string
	quoted bool // the last word was
	err    error
}

// next returns the next word, and "" without quotes at the end of the line.
func (w *words) next() string {
	w.rest, w.quoted = strings.TrimLeft(w.rest, " \t"), false
	if w.err != nil || w.rest == "" || w.rest[0] == '#' {
		return ""
	}
	if w.rest[0] == '"' || w.rest[0] == '`' {
		return w.unquoted()
	}
	end := strings.IndexAny(w.rest, " \t")
	if end < 0 {
		end = len(w.rest)
	}
	word := w.rest[:end]
	w.rest = w.rest[end:]
	w.fail(checkBare(word))
	return word
}

func (w *words) unquoted() string {
	w.quoted = true
	quoted, err := strconv.QuotedPrefix(w.rest)
	if err != nil {
		w.fail(errors.New("quotes that do not end, or in them a backslash that Go does not know"))
		return ""
	}
	w.rest = w.rest[len(quoted):]
	if w.rest != "" && w.rest[0] != ' ' && w.rest[0] != '\t' {
		w.fail(errors.New("something right after quotes"))
	}
	word, _ := strconv.Unquote(quoted) // which QuotedPrefix has seen to
	return word
}

// keyword returns the next word, which is none of ours in quotes.
func (w *words) keyword() string {
	if word := w.next(); !w.quoted {
		return word
	}
	return ""
}

// want returns the next word, which must be there and not be empty.
func (w *words) want(what string) string {
	word := w.next()
	if word == "" {
		w.fail(fmt.Errorf("want %s", what))
	}
	return word
}

// times reads the end of a line.
func (w *words) times(ofUser bool) (before, until time.Time) {
	next := w.keyword()
	if next == "before" && ofUser {
		before = w.time()
		next = w.keyword()
	}
	if next == "until" {
		until = w.time()
		next = w.keyword()
	}
	if next != "" || w.quoted {
		what := `after the entry want nothing but "until" and a time`
		if ofUser {
			what = `after the user want nothing but "before" and a time, and then "until" and a time`
		}
		w.fail(errors.New(what))
	}
	return before, until
}

func (w *words) time() (t time.Time) {
	text := w.next()
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.IsZero() || !rfc3339.MatchString(text) {
		w.fail(errNoTime)
	}
	return t
}

// rfc3339 is the form of a time, of which package time forgives parts.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// fail keeps the first error.
func (w *words) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}
