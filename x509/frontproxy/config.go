package frontproxy

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/authnchain/authnchain/internal/spelling"
)

func (a *Authenticator) configure(c Config) error {
	switch {
	case c.Proxies == nil:
		return errors.New("proxies: required")
	case len(c.Names) == 0:
		return errors.New("names: at least one is required")
	case slices.Contains(c.Names, ""):
		return errors.New("names: one is empty")
	case c.UserHeaders != nil && len(c.UserHeaders) == 0:
		return errors.New("user headers: at least one is required")
	}
	var errs [4]error
	a.users, errs[0] = canonical("user headers", c.UserHeaders, "X-Remote-User")
	a.uids, errs[1] = canonical("uid headers", c.UIDHeaders, "X-Remote-Uid")
	a.groups, errs[2] = canonical("group headers", c.GroupHeaders, "X-Remote-Group")
	a.prefixes, errs[3] = canonical("extra prefixes", c.ExtraPrefixes, "X-Remote-Extra-")
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return checkPrefixes(a.prefixes)
}

// canonical returns the names as net/http has them in a header.
func canonical(field string, names []string, standard string) ([]string, error) {
	if names == nil {
		return []string{standard}, nil
	}
	var all []string
	for _, name := range names {
		if !isToken(name) {
			return nil, fmt.Errorf("%s: %q is no header's name", field, name)
		}
		name = http.CanonicalHeaderKey(name)
		if slices.Contains(all, name) {
			return nil, fmt.Errorf("%s: %q is there twice", field, name)
		}
		all = append(all, name)
	}
	return all, nil
}

// checkPrefixes wants a header to have one prefix at most, and each to be one that
// a Middleware knows for a prefix.
func checkPrefixes(prefixes []string) error {
	for i, prefix := range prefixes {
		if !strings.HasSuffix(prefix, "-") {
			return fmt.Errorf("extra prefixes: %q does not end with -", prefix)
		}
		for j, other := range prefixes {
			if i != j && spelling.Begins(other, prefix) {
				return fmt.Errorf("extra prefixes: %q begins with %q", other, prefix)
			}
		}
	}
	return nil
}

// isToken reports whether s can be a header's name (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for _, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}
