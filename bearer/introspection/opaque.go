package introspection

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/authnchain/authnchain/authn"
)

// keepsBack says why a token is not sent; empty: it is.
func (a *Authenticator) keepsBack(ctx context.Context, token string) string {
	switch {
	case authn.Withheld(ctx):
		return "not asked: the token is an authenticator's that has not accepted it"
	case len(token) > a.maxBytes:
		return fmt.Sprintf("not asked: the token has more than %d bytes", a.maxBytes)
	case !isBearer(token):
		return "not asked: the token is not of the form that bearer tokens have"
	case !strings.HasPrefix(token, a.prefix):
		return "not asked: the token begins with another prefix"
	case !a.jwts && looksLikeJWT(token):
		return "not asked: the token looks like a JWT"
	}
	return ""
}

// isBearer reports whether a token is a b64token (RFC 6750, section 2.1).
func isBearer(token string) bool {
	rest := strings.TrimRight(token, "=")
	return rest != "" && strings.IndexFunc(rest, func(r rune) bool { return !isBearerChar(r) }) < 0
}

func isBearerChar(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-._~+/", r)
}

// looksLikeJWT reports whether a token begins as one in compact form does, signed or
// encrypted (RFC 7515, section 7.1; RFC 7516, section 7.1): with an encoded JSON
// object before the first dot. Whether the rest is one does not matter.
func looksLikeJWT(token string) bool {
	first, _, dotted := strings.Cut(token, ".")
	if !dotted {
		return false
	}
	header, err := base64.RawURLEncoding.DecodeString(first)
	return err == nil && bytes.HasPrefix(bytes.TrimSpace(header), []byte("{"))
}
