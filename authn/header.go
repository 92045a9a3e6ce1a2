package authn

import "net/http"

// credentialHeaders carry a credential or an identity that only the chain may
// look at: a handler that sees one could pass it on, or believe it.
var credentialHeaders = [...]string{
	"authorization",
	"x-remote-user",
	"x-remote-uid",
	"x-remote-group",
}

// credentialPrefixes begin the names of more such headers.
var credentialPrefixes = [...]string{"x-remote-extra-"}

// isCredential reports whether a header of this name is a credential header in
// any spelling. Servers behind this one may take "X_Remote.User" for
// "X-Remote-User", as CGI does (RFC 3875, section 4.1.18).
func isCredential(name string) bool {
	for _, header := range credentialHeaders {
		if len(name) == len(header) && spells(name, header) {
			return true
		}
	}
	for _, prefix := range credentialPrefixes {
		if len(name) >= len(prefix) && spells(name[:len(prefix)], prefix) {
			return true
		}
	}
	return false
}

// spells reports whether two names of the same length differ only in case and
// in which of '-', '_' and '.' they use. The second is in lower case and has '-'.
func spells(name, lower string) bool {
	for i := range len(lower) {
		c := name[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case c == '_' || c == '.':
			c = '-'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// isolated returns r, or a copy of it with a header of its own if the chain or
// the handler could otherwise change the header of the caller's.
func isolated(r *http.Request) (*http.Request, bool) {
	for name := range r.Header {
		if isCredential(name) || name == "Sec-Websocket-Protocol" {
			copied := *r
			copied.Header = r.Header.Clone()
			return &copied, true
		}
	}
	return r, false
}

func removeCredentials(h http.Header) {
	for name := range h {
		if isCredential(name) {
			delete(h, name)
		}
	}
}
