package bearer

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
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
		digest := sha256.Sum256([]byte(row[0]))
		if first, ok := lines[digest]; ok {
			return nil, fmt.Errorf("line %d: the same token as in line %d", line, first)
		}
		lines[digest] = line
		if err := t.addRow(row); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func (t *Tokens) addRow(row []string) error {
	switch {
	case len(row) < 3:
		return fmt.Errorf("%d columns, want at least 3: token,user,uid", len(row))
	case len(row) > 4:
		return fmt.Errorf(`%d columns, want at most 4: several groups are one column in quotes, "group1,group2"`, len(row))
	}
	if strings.TrimSpace(row[1]) != row[1] {
		return errors.New("the user name begins or ends with a blank")
	}
	u := &user.DefaultInfo{Name: strings.Clone(row[1]), UID: strings.Clone(row[2])}
	if len(row) == 4 && row[3] != "" {
		for group := range strings.SplitSeq(row[3], ",") {
			if group == "" {
				return errors.New("a group is empty")
			}
			if strings.TrimSpace(group) != group {
				return errors.New("a group begins or ends with a blank")
			}
			u.Groups = append(u.Groups, strings.Clone(group)) // the row's memory has the token in it
		}
	}
	return t.add(row[0], u)
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
	t.users[sha256.Sum256([]byte(token))] = authn.ReadOnly(u)
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
