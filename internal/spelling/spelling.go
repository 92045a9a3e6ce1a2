// Package spelling compares the names of headers as careless readers do: servers behind
// this one may take "X_Remote.User" for "X-Remote-User", as CGI does (RFC 3875, section
// 4.1.18).
package spelling

// Same reports whether two names differ only in case and in which of '-', '_' and '.'
// they use.
func Same(a, b string) bool { return len(a) == len(b) && Begins(a, b) }

// Begins reports whether name begins with prefix, in that sense.
func Begins(name, prefix string) bool {
	if len(name) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if Plain(name[i]) != Plain(prefix[i]) {
			return false
		}
	}
	return true
}

// Plain returns the character that stands for all that c is taken for.
func Plain(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	case c == '_' || c == '.':
		return '-'
	}
	return c
}
