package jwt

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// ClaimMapping takes a claim's value, with a prefix before it. Its methods are for a
// [Config].User of one's own; errors have the reason [authn.ClaimMissing] if they do
// not say otherwise. The zero ClaimMapping maps nothing: Name and Value fail, Values
// returns nil.
type ClaimMapping struct {
	claim, prefix string
	words         bool
}

// Claim returns the mapping to the value of the claim called name.
func Claim(name string) ClaimMapping { return ClaimMapping{claim: name} }

// WithPrefix returns a mapping that puts prefix before every value, so that the
// names that an issuer gives cannot be taken for another's, or for those of the
// system.
func (m ClaimMapping) WithPrefix(prefix string) ClaimMapping {
	m.prefix = prefix
	return m
}

// Words returns a mapping that takes a string for the words in it, which have blanks
// between them, as "scope" has (RFC 8693, section 4.2). It is for Values, and so for
// groups and extra attributes.
func (m ClaimMapping) Words() ClaimMapping {
	m.words = true
	return m
}

// ClaimMappings says which claims make up a user. Its method User is the usual
// [Config].User.
type ClaimMappings struct {
	// Username is the name, from a string. It is required: without it every token
	// is [authn.Unavailable]. From the claim "email" it is only taken if
	// "email_verified", should the token have it, is true, as kube-apiserver does.
	Username ClaimMapping

	// Groups are the groups, from a list of strings or one string. A token
	// without the claim gives a user without groups. Zero means no groups.
	Groups ClaimMapping

	// UID is the user ID, from a string that every token must have. Zero means
	// none.
	UID ClaimMapping

	// Extra are further attributes by their keys, from lists of strings or
	// strings. A token without a claim gives a user without that attribute.
	Extra map[string]ClaimMapping

	// Required are claims that every token must have, with the string that they
	// must be. Others are refused with [authn.RuleFailed].
	Required map[string]string
}

// User maps claims to a user. Each call returns a user of its own.
func (m ClaimMappings) User(_ context.Context, c Claims) (user.Info, error) {
	if m.Username.claim == "" {
		return nil, authn.Errorf(authn.Unavailable, "ClaimMappings.Username: required")
	}
	name, err := m.Username.Name(c)
	if err != nil {
		return nil, fmt.Errorf("username: %w", err)
	}
	u := &user.DefaultInfo{Name: name}
	if u.Groups, err = m.Groups.Values(c); err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	if m.UID.claim != "" {
		if u.UID, err = m.UID.Value(c); err != nil {
			return nil, fmt.Errorf("uid: %w", err)
		}
	}
	if u.Extra, err = m.extra(c); err != nil {
		return nil, err
	}
	return u, m.checkRequired(c)
}

func (m ClaimMappings) extra(c Claims) (map[string][]string, error) {
	if len(m.Extra) == 0 {
		return nil, nil
	}
	extra := make(map[string][]string, len(m.Extra)+1)
	for key, mapping := range m.Extra {
		values, err := mapping.Values(c)
		if err != nil {
			return nil, fmt.Errorf("extra %q: %w", key, err)
		}
		if len(values) > 0 {
			extra[key] = values
		}
	}
	return extra, nil
}

func (m ClaimMappings) checkRequired(c Claims) error {
	for name, want := range m.Required {
		got, err := c.String(name)
		if err != nil {
			return authn.Errorf(authn.RuleFailed, "required: %w", err)
		}
		if got != want {
			return authn.Errorf(authn.RuleFailed, "required: claim %q: is %s, not %q", name, clip.Quote(got), want)
		}
	}
	return nil
}

// Name returns the name of a user: the string of a claim that must be there and
// not be empty. The claim "email" is only taken if "email_verified", should it be
// there, is true. An empty name is [authn.InvalidUser], an address that is not
// verified [authn.RuleFailed].
func (m ClaimMapping) Name(c Claims) (string, error) {
	name, err := c.String(m.claim)
	if err != nil {
		return "", err
	}
	if name == "" {
		return "", authn.Errorf(authn.InvalidUser, "claim %s: empty", clip.Quote(m.claim))
	}
	if m.claim == "email" && c.Has("email_verified") {
		verified, err := c.Bool("email_verified")
		if err != nil {
			return "", err
		}
		if !verified {
			return "", authn.Errorf(authn.RuleFailed, `claim "email_verified": false`)
		}
	}
	return strings.Clone(m.prefix + name), nil // it must not keep the token in memory
}

// Value returns the one string of a claim that must be there. It may be empty.
func (m ClaimMapping) Value(c Claims) (string, error) {
	text, err := c.String(m.claim)
	if err != nil {
		return "", err
	}
	return strings.Clone(m.prefix + text), nil // it must not keep the token in memory
}

// Values returns the strings of a claim that is a list of strings or one string, and
// nil if it is not there or null. The slice is the caller's own.
func (m ClaimMapping) Values(c Claims) ([]string, error) {
	if m.claim == "" || c.object.Get(m.claim).Null() {
		return nil, nil
	}
	values, err := c.Strings(m.claim)
	if m.words {
		values = slices.Collect(words(values))
	}
	return withPrefix(m.prefix, values), err
}

func words(texts []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, text := range texts {
			for word := range strings.SplitSeq(text, " ") {
				if word != "" && !yield(word) {
					return
				}
			}
		}
	}
}

// withPrefix puts prefix before each of values, in their slice. They become
// parts of one string, since users have many groups, and not of the token.
func withPrefix(prefix string, values []string) []string {
	size := 0
	for _, v := range values {
		size += len(prefix) + len(v)
	}
	var all strings.Builder
	all.Grow(size)
	for _, v := range values {
		all.WriteString(prefix)
		all.WriteString(v)
	}
	rest := all.String()
	for i, v := range values {
		n := len(prefix) + len(v)
		values[i], rest = rest[:n], rest[n:]
	}
	return values
}
