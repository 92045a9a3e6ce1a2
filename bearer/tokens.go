package bearer

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
)

// Tokens is a fixed list of tokens and the users who hold them.
//
// It keeps SHA-256 digests of the tokens and not the tokens, and the time that a
// look-up takes tells nothing of how much of a token was right.
type Tokens struct {
	users map[[sha256.Size]byte]user.Info
}

// NewTokens returns the list of users by their tokens. It refuses tokens that no
// request can carry and invalid names.
func NewTokens(users map[string]user.Info) (*Tokens, error) {
	t := &Tokens{users: make(map[[sha256.Size]byte]user.Info, len(users))}
	for token, u := range users {
		if u == nil {
			return nil, errors.New("bearer: tokens: a user is nil")
		}
		if err := t.add(token, u); err != nil {
			return nil, fmt.Errorf("bearer: tokens: user %q: %w", u.GetName(), err)
		}
	}
	return t, nil
}

// LoadTokens is [ParseTokens] of a file.
func LoadTokens(path string) (*Tokens, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("bearer: token file: %w", err)
	}
	defer f.Close()
	t, err := parseTokens(f)
	if err != nil {
		return nil, fmt.Errorf("bearer: token file %s: %w", path, err)
	}
	return t, nil
}

// ParseTokens reads the CSV of kube-apiserver's --token-auth-file: a line for
// each token, with the columns
//
//	token,user,uid,"group1,group2"
//
// of which the last may be missing. A file is taken as a whole or refused with
// the number of the line. Unlike kube-apiserver, it refuses an empty or repeated
// token, a token that no Authorization header can carry, a user or group that is
// empty or has blanks around it, and a fifth column (groups without the quotes,
// of which kube-apiserver silently takes the first). An empty last column means
// no groups, not one without a name.
//
// In the place of a token its SHA-256 may stand, so that the file is no secret:
// sha256: and 64 hexadecimal digits, as they come from
//
//	printf %s "$TOKEN" | sha256sum
//
// Who presents that text itself has not presented the token. Anything else that
// begins with sha256:, in any case, is refused. A digest hides a token only if
// nobody can guess it: make tokens of 128 random bits at least.
func ParseTokens(r io.Reader) (*Tokens, error) {
	t, err := parseTokens(r)
	if err != nil {
		return nil, fmt.Errorf("bearer: tokens: %w", err)
	}
	return t, nil
}

func parseTokens(r io.Reader) (*Tokens, error) {
	t := &Tokens{users: make(map[[sha256.Size]byte]user.Info)}
	lines := make(map[[sha256.Size]byte]int)
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = -1 // checked below, with a better text
	rows.ReuseRecord = true
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			return nil, err // has the line, and nothing of what is in it
		}
		line, _ := rows.FieldPos(0)
		sum, hashed, err := sumOf(row[0])
		if err == nil {
			err = t.addRow(row, sum, hashed, lines)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		lines[sum] = line
	}
}

func (t *Tokens) addRow(row []string, sum [sha256.Size]byte, hashed bool, lines map[[sha256.Size]byte]int) error {
	if first, ok := lines[sum]; ok {
		return fmt.Errorf("the same token as in line %d", first)
	}
	u, err := userOf(row)
	switch {
	case err != nil:
		return err
	case hashed:
		return t.put(sum, u)
	}
	return t.add(row[0], u)
}

// userOf returns who holds the token of a line.
func userOf(row []string) (*user.DefaultInfo, error) {
	switch {
	case len(row) < 3:
		return nil, fmt.Errorf("%d columns, want at least 3: token,user,uid", len(row))
	case len(row) > 4:
		return nil, fmt.Errorf(`%d columns, want at most 4: several groups are one column in quotes, "group1,group2"`, len(row))
	}
	if strings.TrimSpace(row[1]) != row[1] {
		return nil, errors.New("the user name begins or ends with a blank")
	}
	u := &user.DefaultInfo{Name: strings.Clone(row[1]), UID: strings.Clone(row[2])}
	if len(row) == 4 && row[3] != "" {
		for group := range strings.SplitSeq(row[3], ",") {
			if group == "" {
				return nil, errors.New("a group is empty")
			}
			if strings.TrimSpace(group) != group {
				return nil, errors.New("a group begins or ends with a blank")
			}
			u.Groups = append(u.Groups, strings.Clone(group)) // the row's memory has the token in it
		}
	}
	return u, nil
}

// hashedPrefix begins a column that has the digest of a token in its place.
const hashedPrefix = "sha256:"

// sumOf returns the digest of the token that a column stands for, and whether it
// is what the column has. What looks like a digest and is none must not become a
// token: the file may be one that everybody can read.
func sumOf(column string) (sum [sha256.Size]byte, hashed bool, err error) {
	if len(column) < len(hashedPrefix) || !strings.EqualFold(column[:len(hashedPrefix)], hashedPrefix) {
		return sha256.Sum256([]byte(column)), false, nil
	}
	digits, exact := strings.CutPrefix(column, hashedPrefix)
	b, err := hex.DecodeString(digits)
	if !exact || err != nil || len(b) != len(sum) {
		return sum, true, errors.New("a digest is sha256: and 64 hexadecimal digits")
	}
	copy(sum[:], b)
	if sum == sha256.Sum256(nil) {
		return sum, true, errors.New("the digest is that of no text, as of a variable that is not set")
	}
	return sum, true, nil
}

func (t *Tokens) add(token string, u user.Info) error {
	if err := authn.CheckName(u.GetName()); err != nil {
		return err
	}
	if token == "" {
		return errors.New("the token is empty")
	}
	if strings.HasPrefix(token, "\uFEFF") {
		return errors.New("a byte order mark; save the file without one")
	}
	if notVisible(token) >= 0 {
		return errors.New("the token has a blank, a control character or one that is not ASCII, which no Authorization header can carry")
	}
	return t.put(sha256.Sum256([]byte(token)), u)
}

func (t *Tokens) put(sum [sha256.Size]byte, u user.Info) error {
	if err := authn.CheckName(u.GetName()); err != nil {
		return err
	}
	t.users[sum] = authn.ReadOnly(u)
	return nil
}

// Len returns how many tokens there are.
func (t *Tokens) Len() int { return len(t.users) }

// String is how a trace calls it.
func (t *Tokens) String() string { return "tokens" }

// AuthenticateToken implements [authenticator.Token]. It has no opinion on a
// token that is not in the list.
func (t *Tokens) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	u, ok := t.users[sha256.Sum256([]byte(token))]
	if !ok {
		authn.Note(ctx, "not in the list")
		return nil, false, nil
	}
	return &authenticator.Response{User: u}, true, nil
}
