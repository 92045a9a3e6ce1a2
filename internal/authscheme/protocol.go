package authscheme

import "strings"

// Protocol begins the name of the WebSocket subprotocol that carries a bearer
// token, in base64url, after a dot.
const Protocol = "base64url.bearer.authorization.k8s.io"

// HasProtocol reports whether a subprotocol, or a list of them, has [Protocol]
// in it, in whatever case and with whatever around it.
func HasProtocol(list string) bool {
	const digits, at = "64", len("base") // they are the same in any case
	for i := 0; ; i += len(digits) {
		next := strings.Index(list[i:], digits)
		if next < 0 {
			return false
		}
		i += next
		begin, end := i-at, i-at+len(Protocol)
		if begin >= 0 && end <= len(list) && strings.EqualFold(list[begin:end], Protocol) {
			return true
		}
	}
}

// IsToken reports whether s is a token of RFC 9110, section 5.6.2, as the names
// of schemes and of subprotocols are.
func IsToken(s string) bool {
	for i := range len(s) {
		if !isTokenChar(s[i]) {
			return false
		}
	}
	return s != ""
}
