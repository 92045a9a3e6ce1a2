// Package authscheme tells what is meant for bearer authentication: by the scheme
// of an Authorization header, or by the name of a WebSocket subprotocol.
package authscheme

import "strings"

// Bearer returns what follows the scheme Bearer, and whether header has that
// scheme: it is compared without case (RFC 9110, section 11.1), and the next
// character must be one that no scheme's name has (section 5.6.2). Blanks before
// it are no part of the value (section 5.5).
func Bearer(header string) (rest string, ok bool) { return after(header, "bearer") }

// DPoP is [Bearer] for the scheme of RFC 9449, section 7.1.
func DPoP(header string) (rest string, ok bool) { return after(header, "dpop") }

func after(header, scheme string) (rest string, ok bool) {
	header = strings.TrimLeft(header, " \t")
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	rest = header[len(scheme):]
	return rest, rest == "" || !isTokenChar(rest[0]) // "Bearerish" is another
}

func isTokenChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
