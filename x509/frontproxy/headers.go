package frontproxy

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// read returns the user that the headers name, or nil if they name none.
func (a *Authenticator) read(h http.Header) (*user.DefaultInfo, error) {
	if err := a.checkNames(h); err != nil {
		return nil, err
	}
	name, err := single(h, a.users)
	if err != nil || name == "" {
		return nil, err
	}
	uid, err := single(h, a.uids)
	if err != nil {
		return nil, err
	}
	groups, err := all(h, a.groups)
	if err != nil {
		return nil, err
	}
	extra, err := a.extra(h)
	if err != nil {
		return nil, err
	}
	return &user.DefaultInfo{Name: name, UID: uid, Groups: groups, Extra: extra}, nil
}

// single returns the value that the headers of some names have, or "". Kubernetes
// takes the first there is, but a proxy that sets the second may let its clients
// set the first.
func single(h http.Header, names []string) (value string, err error) {
	from := ""
	for _, name := range names {
		values := h[name]
		switch {
		case len(values) > 1:
			return "", authn.Errorf(authn.Malformed, "%s: there %d times", name, len(values))
		case len(values) == 0 || values[0] == "" || values[0] == value:
			continue
		case value != "":
			return "", authn.Errorf(authn.Malformed, "%s and %s: they differ", from, name)
		}
		value, from = values[0], name
		if err := checkValue(name, value); err != nil {
			return "", err
		}
	}
	return value, nil
}

// all returns the values that headers of some names have, but for empty ones.
func all(h http.Header, names []string) (values []string, err error) {
	for _, name := range names {
		for _, value := range h[name] {
			if err := checkValue(name, value); err != nil {
				return nil, err
			}
			if value != "" {
				values = append(values, value)
			}
		}
	}
	return values, nil
}

// extra returns the attributes. There is none that a proxy may not give, so a
// credential ID of Kubernetes' is its user's.
func (a *Authenticator) extra(h http.Header) (map[string][]string, error) {
	var found []string
	for name := range h {
		if _, ok := a.extraKey(name); ok {
			found = append(found, name)
		}
	}
	if found == nil {
		return nil, nil
	}
	slices.Sort(found) // so that of several faults it is always the same that is told
	extra := make(map[string][]string, len(found))
	for _, name := range found {
		encoded, _ := a.extraKey(name)
		key, err := url.PathUnescape(strings.ToLower(encoded))
		if err != nil || key == "" || !isToken(name) || strings.ContainsFunc(key, isCapital) { // which nobody needs to encode
			return nil, authn.Errorf(authn.Malformed, "%s: what follows the prefix is no %%-encoded key in lower case", clip.Text(name))
		}
		if _, ok := extra[key]; ok {
			return nil, authn.Errorf(authn.Malformed, "%s: another header has the same key", clip.Text(name))
		}
		if err := checkTexts(name, key, h[name]); err != nil {
			return nil, err
		}
		extra[key] = slices.Clone(h[name])
	}
	return extra, nil
}

// extraKey returns what follows a prefix in a header's name, and whether one does.
func (a *Authenticator) extraKey(name string) (string, bool) {
	for _, prefix := range a.prefixes {
		if len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			return name[len(prefix):], true
		}
	}
	return "", false
}

func isCapital(r rune) bool { return 'A' <= r && r <= 'Z' }

func checkTexts(name, key string, values []string) error {
	if err := checkText("the key of "+clip.Text(name), key); err != nil {
		return err
	}
	for _, value := range values {
		if err := checkValue(clip.Text(name), value); err != nil {
			return err
		}
	}
	return nil
}

// checkValue is checkText for a header's value, which has no blanks around it
// (RFC 9110, section 5.5): HTTP/1.1 drops them, HTTP/2 may bring them.
func checkValue(name, value string) error {
	if err := checkText(name, value); err != nil {
		return err
	}
	if strings.Trim(value, " ") != value {
		return authn.Errorf(authn.Malformed, "%s: blanks around its value", name)
	}
	return nil
}

// checkText is [authn.CheckName] for what may be empty and is no name.
func checkText(what, s string) error {
	why := ""
	switch {
	case !utf8.ValidString(s):
		why = "not valid UTF-8"
	case strings.ContainsFunc(s, unicode.IsControl):
		why = "a control character in it"
	default:
		return nil
	}
	return &authn.Error{Reason: authn.InvalidUser, Err: fmt.Errorf("%s: %s", what, why)}
}
