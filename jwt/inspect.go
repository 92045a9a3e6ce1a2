package jwt

import (
	"fmt"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// UnverifiedIssuer returns the issuer that a token claims to be of, or "" if it
// cannot be read that far. It is what a [Mux] chooses by. Nothing may be believed
// of the token on the ground of it.
func UnverifiedIssuer(token string) string {
	t, _ := parse(token, len(token))
	return t.issuer
}

// InsecureParse returns the claims of a token WITHOUT verifying its signature, for
// tools that tell what would become of a token. The error says what is wrong with
// its form, type or algorithm; what could be read is returned with it.
func (a *Authenticator) InsecureParse(token string) (Claims, error) {
	t, err := parse(token, a.maxBytes)
	if err := a.checkForm(t, err); err != nil {
		return Claims{t.claims}, fmt.Errorf("jwt: %w", err)
	}
	return Claims{t.claims}, nil
}

// CheckClaims returns all that is wrong with claims besides the user that they
// are mapped to: their issuer, their audience and their time. It is for tools, as
// [Authenticator.InsecureParse] is.
func (a *Authenticator) CheckClaims(c Claims) []error {
	var errs []error
	for _, err := range []error{a.checkIssuer(c), a.checkAudience(c), a.leeway.check(c, a.now())} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func (a *Authenticator) checkIssuer(c Claims) error {
	issuer, err := c.String("iss")
	if err == nil && canonical(issuer) != a.issuer {
		err = authn.Errorf(authn.UntrustedIssuer, "issued by %s, not %q", clip.Quote(issuer), a.issuer)
	}
	return err
}
