package authn_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
)

// The form of a line, told a second time: as one expression, with what it cannot say
// below.
var (
	aWord  = `("(?:[^"\\]|\\.)*"|` + "`[^`]*`" + `|[^ \t"` + "`" + `#][^ \t"` + "`" + `]*)`
	aTime  = `(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))`
	aLine  = regexp.MustCompile(`(?s)^[ \t]*(?:credential[ \t]+` + aWord + `|certificate[ \t]+` + aWord + `[ \t]+` + aWord + `|user[ \t]+` + aWord + `(?:[ \t]+before[ \t]+` + aTime + `)?)(?:[ \t]+until[ \t]+` + aTime + `)?[ \t]*(?:[ \t]#.*)?$`)
	noLine = regexp.MustCompile(`(?s)^[ \t]*(#.*)?$`)
	anID   = regexp.MustCompile(`(?s)^(?:X509SHA256=[0-9a-fA-F]{64}|([A-Z0-9]+)=.+)$`)
)

// expectLine is what becomes of a line: an entry, nothing, or an error.
func expectLine(line string) (r authn.Revocation, some, ok bool) {
	if !utf8.ValidString(line) {
		return r, false, false
	}
	if noLine.MatchString(line) {
		return r, false, true
	}
	parts := aLine.FindStringSubmatch(line)
	if parts == nil {
		return r, false, false
	}
	ok = true
	word := func(i int) string {
		text, good := wordOf(parts[i])
		ok = ok && good
		return text
	}
	date := func(i int) (t time.Time) {
		if parts[i] != "" {
			var err error
			t, err = time.Parse(time.RFC3339Nano, parts[i])
			ok = ok && err == nil && !t.IsZero() && t.UTC().Year() >= 0 && t.UTC().Year() <= 9999
		}
		return t.UTC()
	}
	r = authn.Revocation{Credential: word(1), Serial: word(2), Issuer: word(3), User: word(4), Before: date(5), Until: date(6)}
	switch {
	case parts[1] != "":
		kind := anID.FindStringSubmatch(r.Credential)
		ok = ok && kind != nil && !strings.HasPrefix(kind[1], "X509") && utf8.ValidString(r.Credential)
		if ok && kind[1] == "" {
			r.Credential = r.Credential[:11] + strings.ToLower(r.Credential[11:])
		}
	case parts[2] != "":
		r.Serial = strings.TrimLeft(strings.ToLower(r.Serial), "0")
		serial, _ := wordOf(parts[2])
		_, err := hex.DecodeString(strings.Repeat("0", len(serial)%2) + serial)
		ok = ok && err == nil && serial != "" && len(serial) <= 64 && r.Issuer != ""
		if r.Serial == "" {
			r.Serial = "0"
		}
	default:
		ok = ok && authn.CheckName(r.User) == nil
	}
	return r, true, ok
}

// wordOf is a word without its quotes.
func wordOf(word string) (string, bool) {
	if word == "" || word[0] != '"' && word[0] != '`' {
		return word, !strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsPrint(r) })
	}
	text, err := strconv.Unquote(word)
	return text, err == nil
}

func FuzzRevocations(f *testing.F) {
	for _, seed := range []string{
		"# nobody\n", "", "\n", "user jane", "user jane\n", "user jane\r\n\r\n", "user jane before 2026-11-24T12:00:00Z until 2027-11-24T12:00:00.5+01:00 # x\n",
		"credential JTI=1\ncredential X509SHA256=" + digest + " until 9999-12-31T23:59:59Z\n", "certificate 001F `O = x, CN = \"a, b\"`\nuser \"a\\\"b\\u00e9\"\n",
		"user jane until 2026-11-24T12:00:00Z\nuser jane\nuser ja\"ne\n", "user \"\\xff\"\n", "user \xff\n", "\uFEFFuser jane\n", "user `a\r\nb`\n", "user \"a\"#\n", "credential X509=1\n",
		"user jane before 0000-01-01T00:00:00+01:00\n", "user \"jane\" \"until\" 2026-11-24T12:00:00Z\n", "\"user\" jane\n",
	} {
		f.Add(seed)
	}
	path := filepath.Join(f.TempDir(), "denied")
	f.Fuzz(func(t *testing.T, text string) {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		list, err := authn.RevocationFile(path, nil)
		body, whole := strings.CutSuffix(text, "\n")
		good, entries := whole, 0
		for line := range strings.SplitSeq(body, "\n") {
			line = strings.TrimSuffix(line, "\r")
			want, some, ok := expectLine(line)
			got, lineErr := authn.ParseRevocation(line)
			if want.Issuer != "" && ok && lineErr != nil && strings.Contains(lineErr.Error(), "the issuer: ") {
				ok = false // what is an issuer's name is for package dn's own tests
			}
			good = good && ok
			require.Equal(t, ok && some, lineErr == nil, "%q: %v", line, lineErr)
			if !ok || !some {
				continue
			}
			entries++
			require.Equal(t, want, got, "%q", line)
			again, err := authn.ParseRevocation(got.String())
			require.NoError(t, err, "%q", got.String())
			require.Equal(t, got, again)
		}
		require.Equal(t, good, err == nil, "%v", err)
		if good {
			require.Equal(t, entries, list.Len())
		}
	})
}
