package authn

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/authnchain/authnchain/internal/authscheme"
	"github.com/authnchain/authnchain/internal/spelling"
)

// credentialHeaders carry a credential or an identity that only the chain may
// look at: a handler that sees one could pass it on, or believe it. isCredential
// knows the letters that they begin with.
var credentialHeaders = [...]string{
	"authorization",
	"proxy-authorization",
	"dpop",
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
		if spelling.Begins(name, header) && (len(name) == len(header) || strings.HasSuffix(header, "-")) {
			return true
		}
	}
	if name == "" || strings.IndexByte("apxd", spelling.Plain(name[0])) < 0 {
		return false // none of the rest begins so
	}
	for _, header := range credentialHeaders {
		if spelling.Same(name, header) {
			return true
		}
	}
	for _, prefix := range credentialPrefixes {
		if spelling.Begins(name, prefix) {
			return true
		}
	}
	return false
}

// isProtocols reports whether a header of this name lists WebSocket subprotocols,
// of which one may be a credential.
func isProtocols(name string) bool {
	const protocols = "sec-websocket-protocol"
	return spelling.Same(name, protocols)
}

// hasCredential reports whether there may be something to remove from h, for us
// or for an authenticator, as those of Kubernetes do.
func hasCredential(h http.Header, more []string) bool {
	if _, ok := h["Authorization"]; ok { // as a rule
		return true
	}
	for name := range h {
		if isCredential(name, more) || isProtocols(name) {
			return true
		}
	}
	return false
}

// copyHeader returns a header that can be added to and taken from without a
// change to h.
func copyHeader(h http.Header) http.Header {
	copied := maps.Clone(h)
	for name, values := range h {
		if cap(values) > len(values) { // net/http's have no room to add to
			copied[name] = slices.Clip(values)
		}
	}
	return copied
}

func removeCredentials(h http.Header, more []string) {
	for name, values := range h {
		switch {
		case isCredential(name, more):
			delete(h, name)
		case isProtocols(name) && slices.ContainsFunc(values, authscheme.HasProtocol):
			if values = otherProtocols(values); len(values) > 0 {
				h[name] = values
			} else {
				delete(h, name)
			}
		}
	}
}

// otherProtocols returns the lists of subprotocols without those that carry a
// bearer token, and without empty ones.
func otherProtocols(lists []string) []string {
	var others []string // lists are the caller's
	for _, list := range lists {
		var kept []string
		for protocol := range strings.SplitSeq(list, ",") {
			protocol = strings.Trim(protocol, " \t")
			if protocol != "" && !authscheme.HasProtocol(protocol) {
				kept = append(kept, protocol)
			}
		}
		if len(kept) > 0 {
			others = append(others, strings.Join(kept, ", "))
		}
	}
	return others
}
