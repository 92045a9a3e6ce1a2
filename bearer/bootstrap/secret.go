package bootstrap

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// Prefix begins the name of a Secret, before the id of its token.
const Prefix = "bootstrap-token-"

const (
	idBytes     = 6
	secretBytes = 16
	group       = "system:bootstrappers"
	maxGroup    = 256 // characters that an extra group has after that and a colon
)

// parse returns the two parts of a token.
func parse(token string) (id, secret string, ok bool) {
	id, secret, ok = strings.Cut(token, ".")
	return id, secret, ok && isWord(id, idBytes) && isWord(secret, secretBytes)
}

// isWord reports whether s is so many of a to z and 0 to 9.
func isWord(s string, n int) bool {
	return len(s) == n && strings.IndexFunc(s, notAlphanumeric) < 0
}

func notAlphanumeric(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }

// identity is the user of a token.
type identity struct {
	user.DefaultInfo
	expiry time.Time // zero: it has no end
}

// Expiry is for [authn.ExpiryOf].
func (i *identity) Expiry() time.Time { return i.expiry }

// user returns who holds the token of s, or why nobody does who presents that secret. The
// order is kube-apiserver's: what is wrong with a Secret shows to nobody who has not its
// token. That it is its own is reported once it is.
func (s *Secret) user(id, secret string, now time.Time) (u *identity, own bool, err error) {
	switch {
	case s.Deleted:
		return nil, false, errors.New("it is being deleted")
	case s.Type != Type:
		return nil, false, s.wrongType()
	case subtle.ConstantTimeCompare(s.Data["token-secret"], []byte(secret)) != 1:
		return nil, false, errors.New("token-secret is not the token's")
	case string(s.Data["token-id"]) != id:
		return nil, false, errors.New("token-id is not the token's")
	}
	expiry, err := s.usable(now)
	if err != nil {
		return nil, true, err
	}
	groups, err := s.groups()
	if err != nil {
		return nil, true, err
	}
	return &identity{user.DefaultInfo{Name: "system:bootstrap:" + id, Groups: groups}, expiry}, true, nil
}

// usable returns when the token ends, or why it must not be used.
func (s *Secret) usable(now time.Time) (time.Time, error) {
	expiry, err := s.expiry()
	switch {
	case err != nil:
		return expiry, err
	case !expiry.IsZero() && !now.Before(expiry):
		return expiry, authn.Errorf(authn.Expired, "expired %s ago (expiration %s)", ago(now.Sub(expiry)), expiry.UTC().Format(time.RFC3339))
	case string(s.Data["usage-bootstrap-authentication"]) != "true":
		return expiry, authn.Errorf(authn.RuleFailed, `usage-bootstrap-authentication is not "true"`)
	}
	return expiry, nil
}

func (s *Secret) wrongType() error {
	return fmt.Errorf("its type is %s, not %s", clip.Quote(s.Type), Type)
}

// expiry returns the zero time if there is none.
func (s *Secret) expiry() (time.Time, error) {
	text := string(s.Data["expiration"])
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, authn.Errorf(authn.Expired, "expiration is no time of RFC 3339") // err repeats it
	}
	if t.IsZero() {
		return t, authn.Errorf(authn.Expired, "expiration is in the year 1") // which would count as none
	}
	return t, nil
}

// groups returns all groups, sorted and each one once.
func (s *Secret) groups() ([]string, error) {
	groups := []string{group}
	if extra := string(s.Data["auth-extra-groups"]); extra != "" {
		groups = append(groups, strings.Split(extra, ",")...)
	}
	for i, g := range groups[1:] {
		if !isExtraGroup(g) {
			return nil, authn.Errorf(authn.RuleFailed, "auth-extra-groups: group %d is not %s: and a to z, 0 to 9, colons and dashes", i+1, group)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups), nil
}

func isExtraGroup(g string) bool {
	rest, ok := strings.CutPrefix(g, group+":")
	if !ok || rest == "" || len(rest) > maxGroup || notAlphanumeric(rune(rest[len(rest)-1])) {
		return false
	}
	return strings.IndexFunc(rest, func(r rune) bool { return r != '-' && r != ':' && notAlphanumeric(r) }) < 0
}

// ago is for people: without fractions of a second.
func ago(d time.Duration) string { return d.Truncate(time.Second).String() }

// Check says what is wrong with a Secret of that name, if it is to hold a bootstrap
// token: so that one that never could be used is found before somebody presents the
// token. One that has expired, or must not be used to authenticate, is fine. The text
// holds nothing of token-secret.
func (s *Secret) Check(name string) error {
	id, ok := strings.CutPrefix(name, Prefix)
	switch {
	case !ok || !isWord(id, idBytes):
		return errors.New("its name is not " + Prefix + " and six of a to z and 0 to 9") // it may be a whole token
	case s.Type != Type:
		return s.wrongType()
	case string(s.Data["token-id"]) != id:
		return errors.New("token-id is not that of its name")
	case !isWord(string(s.Data["token-secret"]), secretBytes):
		return errors.New("token-secret is not sixteen of a to z and 0 to 9")
	}
	_, err := s.expiry()
	if err == nil {
		_, err = s.groups()
	}
	return err
}
