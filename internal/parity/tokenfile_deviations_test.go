package parity

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fileDeviations are in the order that they are applied in: each sees the file as
// those before have left it.
func fileDeviations() []change[*listing] {
	refuse := func(l *listing) { l.refusal = true }
	anyRow := func(applies func(row []string) bool) func(*listing) bool {
		return func(l *listing) bool { return !l.refusal && slices.ContainsFunc(l.rows(), applies) }
	}
	all := []change[*listing]{
		{
			name:    "empty tokens and users",
			reason:  "a typing error must not give somebody another's name",
			line:    "| token file: an empty or repeated token, an empty user | logged, or the last one wins | the file is refused, with the line |",
			applies: anyRow(func(row []string) bool { return row[0] == "" || row[1] == "" }),
			change:  refuse,
		},
		{
			name:    "repeated tokens",
			reason:  "a typing error must not give somebody another's name",
			line:    "| token file: an empty or repeated token, an empty user | logged, or the last one wins | the file is refused, with the line |",
			applies: repeated,
			change:  refuse,
		},
		{
			name:    "tokens that no header can carry",
			reason:  "the line is not what it was meant to be",
			line:    "| token file: a token with blanks, control or non-ASCII characters, or a byte order mark | taken | the file is refused, with the line |",
			applies: anyRow(func(row []string) bool { return strings.ContainsFunc(row[0], notVisible) }),
			change:  refuse,
		},
		{
			name:    "odd user names",
			reason:  "the name looks like another",
			line:    "| user names that are empty, not UTF-8 or have control characters | accepted from some authenticators | refused (`InvalidUser`) |",
			applies: anyRow(func(row []string) bool { return !utf8.ValidString(row[1]) || hasControl(row[1]) }),
			change:  refuse,
		},
		{
			name:    "five columns",
			reason:  "groups that are not in quotes are lost",
			line:    "| token file: a fifth column | ignored, so unquoted groups are lost | the file is refused, with the line | |",
			applies: anyRow(func(row []string) bool { return len(row) > 4 }),
			change:  refuse,
		},
		{
			name:    "empty groups",
			reason:  "an empty group is nobody's",
			line:    "| token file: an empty group | kept | the file is refused, with the line; an empty fourth column means no groups | |",
			applies: anyRow(func(row []string) bool { return slices.Contains(fileGroupsOf(row), "") }),
			change:  refuse,
		},
		{
			name:    "blanks around users and groups",
			reason:  "a user with a blank before the name is another",
			line:    "| token file: blanks around a user or group | kept | the file is refused, with the line |",
			applies: anyRow(func(row []string) bool { return inBlanks(row[1]) || slices.ContainsFunc(fileGroupsOf(row), inBlanks) }),
			change:  refuse,
		},
		{
			name:    "an empty fourth column",
			reason:  "an empty group is nobody's",
			line:    "an empty fourth column means no groups |",
			applies: anyRow(func(row []string) bool { return len(row) == 4 && row[3] == "" }),
			change: func(l *listing) {
				rows := l.rows()
				for i, row := range rows {
					if len(row) == 4 && row[3] == "" {
						rows[i] = row[:3]
					}
				}
				l.rewrite(rows)
			},
		},
	}
	of := digestDeviations()
	return append(slices.Insert(all, 0, of[0]), of[1]) // whatever is digested, it is no row's token for those between
}

func digestDeviations() []change[*listing] {
	return []change[*listing]{
		{
			name:   "what looks like a digest and is none",
			reason: "the file may be one that everybody can read",
			line:   "| token file: anything else that begins with `sha256:`, in any case | a token | the file is refused, with the line |",
			applies: func(l *listing) bool {
				return slices.ContainsFunc(l.rows(), func(row []string) bool { return looksHashed(row[0]) && l.hashed(row[0]) == "" })
			},
			change: func(l *listing) { l.refusal = true },
		},
		{
			name:    "digests of tokens",
			accepts: true, // from who has the token, where upstream takes the digest for one
			reason:  "the file is no secret then",
			line:    "| token file: `sha256:` and 64 hexadecimal digits for a token |",
			applies: func(l *listing) bool {
				return slices.ContainsFunc(l.rows(), func(row []string) bool { return l.hashed(row[0]) != "" })
			},
			change: func(l *listing) {
				rows := l.rows()
				for _, row := range rows {
					if token := l.hashed(row[0]); token != "" {
						row[0] = token
					}
				}
				l.rewrite(rows)
			},
		},
	}
}

func looksHashed(column string) bool { return strings.HasPrefix(strings.ToLower(column), "sha256:") }

// hashed is the token that a digest is of, or one that nobody asks about; empty: it
// is no digest.
func (l *listing) hashed(column string) string {
	digits, ok := strings.CutPrefix(column, "sha256:")
	sum, err := hex.DecodeString(digits)
	if !ok || err != nil || len(sum) != sha256.Size || [sha256.Size]byte(sum) == sha256.Sum256(nil) {
		return ""
	}
	for _, token := range l.asks {
		if sha256.Sum256([]byte(token)) == [sha256.Size]byte(sum) {
			return token
		}
	}
	return fmt.Sprintf("of-nobody-%x", sum)
}

func fileGroupsOf(row []string) []string {
	if len(row) < 4 || row[3] == "" {
		return nil
	}
	return strings.Split(row[3], ",")
}

func inBlanks(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	return s != "" && (unicode.IsSpace(first) || unicode.IsSpace(last))
}

func repeated(l *listing) bool {
	seen := make(map[string]bool)
	for _, row := range l.rows() {
		token := row[0]
		if l.hashed(token) != "" {
			token = l.hashed(token)
		}
		if seen[token] {
			return !l.refusal
		}
		seen[token] = true
	}
	return false
}
