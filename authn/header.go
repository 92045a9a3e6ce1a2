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

// hasCredential reports whether an authenticator could have something to remove
// from h, as those of Kubernetes do.
func hasCredential(h http.Header) bool {
	for name := range h {
		if isCredential(name) || name == "Sec-Websocket-Protocol" {
			return true
		}
	}
	return false
}

// copyHeader returns a header that can be added to and taken from without a
// change to h.
func copyHeader(h http.Header) http.Header {
	copied := make(http.Header, len(h))
	for name, values := range h {
		copied[name] = values[:len(values):len(values)]
	}
	return copied
}

func removeCredentials(h http.Header) {
	for name := range h {
		if isCredential(name) {
			delete(h, name)
		}
	}
}
