package frontproxy

import (
	"net/http"
	"slices"
	"strings"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/spelling"
)

// checkNames refuses headers that only look like those of a proxy. A proxy that
// sets X-Remote-User and lets X_Remote_User pass has let its client name itself to
// whoever takes one for the other, as CGI does (RFC 3875, section 4.1.18); and one
// that lets "Connection: X-Remote-Group" pass may have lost the groups for it on
// the way (RFC 9110, section 7.6.1).
func (a *Authenticator) checkNames(h http.Header) error {
	other := ""
	for name := range h {
		if a.looksLike(name) && !a.reads(name) && (other == "" || name < other) {
			other = name
		}
	}
	if other != "" {
		return authn.Errorf(authn.Malformed, "%s: another spelling of a header that names users", clip.Text(other))
	}
	for _, list := range h["Connection"] {
		for option := range strings.SplitSeq(list, ",") {
			if option = strings.Trim(option, " \t"); a.looksLike(option) {
				return authn.Errorf(authn.Malformed, "Connection: %s names users, and is not for one connection alone", clip.Text(option))
			}
		}
	}
	return nil
}

// reads reports whether a header of this name has a say in who the user is.
func (a *Authenticator) reads(name string) bool {
	if slices.Contains(a.users, name) || slices.Contains(a.uids, name) || slices.Contains(a.groups, name) {
		return true
	}
	_, ok := a.extraKey(name)
	return ok
}

// looksLike reports whether somebody may take a header of this name for one that
// has.
func (a *Authenticator) looksLike(name string) bool {
	like := func(header string) bool { return spelling.Same(name, header) }
	return slices.ContainsFunc(a.users, like) || slices.ContainsFunc(a.uids, like) || slices.ContainsFunc(a.groups, like) ||
		slices.ContainsFunc(a.prefixes, func(prefix string) bool { return spelling.Begins(name, prefix) })
}
