package authn

import (
	"net/http"
	"strings"
)

// credentialHeaders carry a credential or an identity that only the chain may
// look at: a handler that sees one could pass it on, or believe it.
var credentialHeaders = [...]string{
	"authorization",
	"proxy-authorization",
	"x-remote-user",
	"x-remote-uid",
	"x-remote-group",
}

// credentialPrefixes begin the names of more such headers.
var credentialPrefixes = [...]string{"x-remote-extra-"}

// isCredential reports whether a header of this name is a credential header in
// any spelling, or one of more. Servers behind this one may take "X_Remote.User"
// for "X-Remote-User", as CGI does (RFC 3875, section 4.1.18).
func isCredential(name string, more []string) bool {
	for _, header := range more {
		begins := len(name) >= len(header) && spells(name[:len(header)], header)
		if begins && (len(name) == len(header) || strings.HasSuffix(header, "-")) {
			return true
		}
	}
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
// in which of '-', '_' and '.' they use.
func spells(a, b string) bool {
	for i := range len(a) {
		if plain(a[i]) != plain(b[i]) {
			return false
		}
	}
	return true
}

func plain(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	case c == '_' || c == '.':
		return '-'
	}
	return c
}

// hasCredential reports whether an authenticator could have something to remove
// from h, as those of Kubernetes do.
func hasCredential(h http.Header, more []string) bool {
	for name := range h {
		if isCredential(name, more) || name == "Sec-Websocket-Protocol" {
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

func removeCredentials(h http.Header, more []string) {
	for name := range h {
		if isCredential(name, more) {
			delete(h, name)
		}
	}
}
