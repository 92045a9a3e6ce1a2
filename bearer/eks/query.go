package eks

import (
	"errors"
	"fmt"
	"strings"
)

// The parameters of a request that was signed in advance
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html).
const (
	action        = "Action"
	version       = "Version"
	algorithm     = "X-Amz-Algorithm"
	credential    = "X-Amz-Credential"
	date          = "X-Amz-Date"
	expires       = "X-Amz-Expires"
	signedHeaders = "X-Amz-SignedHeaders"
	signature     = "X-Amz-Signature"
	securityToken = "X-Amz-Security-Token" // of temporary keys
)

// required are the parameters that must be there, and in what order they are missed.
var required = [...]string{action, version, algorithm, credential, date, expires, signedHeaders, signature}

// fixed are those that have one value.
var fixed = [...]struct{ name, value string }{
	{action, "GetCallerIdentity"},
	{version, "2011-06-15"},
	{algorithm, "AWS4-HMAC-SHA256"},
	{signedHeaders, "host;" + clusterHeader},
}

const maxParameters = len(required) + 1

// parseQuery returns the parameters. Errors hold nothing of them.
func parseQuery(query string) (map[string]string, error) {
	values := make(map[string]string, maxParameters)
	n := 0
	for pair := range strings.SplitSeq(query, "&") {
		n++
		name, escaped, ok := strings.Cut(pair, "=")
		if !ok || !known(name) {
			return nil, fmt.Errorf("parameter %d is none that such a request has", n)
		}
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("%s: there twice", name)
		}
		value, err := unescape(escaped)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		values[name] = value
	}
	for _, name := range required {
		if values[name] == "" {
			return nil, fmt.Errorf("%s: missing", name)
		}
	}
	for _, f := range fixed {
		if values[f.name] != f.value {
			return nil, fmt.Errorf("%s: not %q", f.name, f.value)
		}
	}
	return values, nil
}

func known(name string) bool {
	for _, r := range required {
		if name == r {
			return true
		}
	}
	return name == securityToken
}

// unescape decodes a value that is escaped as Signature Version 4 prescribes, which
// can be done in one way: what need not be escaped is not, and digits are capital.
func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case unreserved(c):
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			c = hex(s[i+1])<<4 | hex(s[i+2])
			i += 2
			if unreserved(c) || c <= ' ' || c > '~' {
				return "", errors.New("escapes what need not be, or may not be there")
			}
		default:
			return "", errors.New("has what must be escaped, or a bad escape")
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

// unreserved is as RFC 3986, section 2.3, has it.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) || strings.IndexByte("-._~", c) >= 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'A' <= c && c <= 'F' }

func hex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c - 'A' + 10
}
