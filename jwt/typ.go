package jwt

import (
	"slices"
	"strings"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/jose"
)

// AnyType, among [Config].Types, stands for every type but those of tokens that
// an issuer signs for quite another purpose: logout+jwt (OpenID Connect
// Back-Channel Logout 1.0, section 2.4) and secevent+jwt (RFC 8417, section 2.3).
const AnyType = "*"

// accessTokenType is that of RFC 9068, section 2.1.
const accessTokenType = "at+jwt"

func defaultTypes() []string { return []string{"JWT", accessTokenType} }

// plainType returns a media type as it is compared: RFC 7515, section 4.1.9.
func plainType(typ string) string { return strings.TrimPrefix(strings.ToLower(typ), "application/") }

// checkType refuses what is signed by the same issuer for another purpose, such
// as a logout token (RFC 8725, section 3.11).
func (a *Authenticator) checkType(h jose.Header) error {
	switch {
	case !h.Typed && a.profile: // RFC 9068, section 4
		return authn.Errorf(authn.Malformed, `header: "typ": missing, not %s`, accessTokenType)
	case !h.Typed:
		return nil
	}
	typ := plainType(h.Type)
	for _, t := range a.types {
		if t == AnyType && typ != "logout+jwt" && typ != "secevent+jwt" || plainType(t) == typ {
			return nil
		}
	}
	return authn.Errorf(authn.Malformed, `header: "typ": %s: not one of %q`, clip.Quote(h.Type), slices.Clone(a.types))
}

// checkProfile implements RFC 9068, section 2.2, as far as other checks do not.
func (a *Authenticator) checkProfile(c Claims) error {
	if !a.profile {
		return nil
	}
	for _, name := range [...]string{"sub", "client_id", "jti"} {
		if _, err := c.String(name); err != nil {
			return err
		}
	}
	_, err := c.seconds("iat")
	return err
}
