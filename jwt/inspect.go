package jwt

import (
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// UnverifiedIssuer returns the "iss" that a token claims, by which a [Mux] chooses.
// The token may be of any length. An error is [authn.Malformed] if the payload cannot
// be read, and [authn.ClaimMissing] if it has no "iss" that is a string. The token is
// not verified: believe nothing because of it.
func UnverifiedIssuer(token string) (string, error) {
	t, err := parse(token, len(token), nil)
	switch {
	case t.issuer != "":
		return t.issuer, nil
	case err == nil:
		_, err = Claims{t.claims}.String("iss")
		return "", err
	}
	return "", authn.Errorf(authn.Malformed, "%w", err)
}

// Issuer returns the claim "iss" as a [Mux] compares it, or "" if it is not there
// or not a string.
func (c Claims) Issuer() string {
	issuer, _ := c.String("iss")
	return canonical(issuer)
}

// InsecureParse returns the claims of a token WITHOUT verifying its signature, for
// tools that tell what would become of a token. The error says what is wrong with
// its form, type or algorithm; what could be read is returned with it. The issuer is
// not compared: [Authenticator.CheckClaims] does that.
func (a *Authenticator) InsecureParse(token string) (Claims, error) {
	t, err := parse(token, a.maxBytes, nil)
	return Claims{t.claims}, a.checkForm(&t, err)
}

// ClaimCheck is what came of checking one claim.
type ClaimCheck struct {
	Claim string // "iss", "aud", "exp", "nbf" or "iat"
	Err   error  // why it refuses the token; nil if it does not
}

// CheckClaims checks the registered claims (RFC 7519, section 4.1): "iss", "aud" and
// "exp", and "nbf" and "iat" if they are there. It returns what came of each, in this
// order. It does not look at what Config.AccessTokens and Config.Binding ask for. It is
// for tools, as [Authenticator.InsecureParse] is.
func (a *Authenticator) CheckClaims(c Claims) []ClaimCheck {
	now := a.now()
	checks := []ClaimCheck{{"iss", a.checkIssuer(c)}, {"aud", a.checkAudience(c)}, {"exp", a.leeway.checkExpiry(c, now)}}
	if c.Has("nbf") {
		checks = append(checks, ClaimCheck{"nbf", notAhead(c, "nbf", now, a.leeway.nbf)})
	}
	if c.Has("iat") {
		checks = append(checks, ClaimCheck{"iat", notAhead(c, "iat", now, a.leeway.iat)})
	}
	return checks
}

func (a *Authenticator) checkIssuer(c Claims) error {
	if _, err := c.String("iss"); err != nil {
		return err
	}
	if issuer := c.Issuer(); issuer != a.issuer {
		return authn.Errorf(authn.UntrustedIssuer, "issued by %s, not %q", clip.Quote(issuer), a.issuer)
	}
	return nil
}
