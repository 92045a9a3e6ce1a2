package introspection

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/jwt"
)

// endpoint is a server of RFC 7662.
type endpoint struct{ Config }

// form implements RFC 7662, section 2.1.
func (e *endpoint) form(token string) url.Values {
	return url.Values{"token": {token}, "token_type_hint": {"access_token"}}
}

// read implements RFC 7662, section 2.2.
func (e *endpoint) read(answer *fetch.Answer) (c jwt.Claims, known bool, err error) {
	if strings.Contains(answer.Header.Get("Content-Type"), "jwt") {
		return c, false, errors.New("the answer is signed (RFC 9701), which is not read here: have the server answer in JSON")
	}
	if c, err = claims(answer); err != nil {
		return c, false, err
	}
	if known, err = c.Bool("active"); err != nil {
		return c, false, fmt.Errorf("the answer: %w", err)
	}
	if !known {
		return c, false, nil
	}
	return c, true, checkTypes(c)
}

func claims(answer *fetch.Answer) (jwt.Claims, error) {
	c, err := jwt.ParseClaims(string(answer.Body))
	if err != nil {
		return c, fmt.Errorf("the answer: %w", bare(err))
	}
	return c, nil
}

// bare returns what is wrong with JSON, without what it would be as a JWT's payload.
func bare(err error) error {
	var told *authn.Error
	if errors.As(err, &told) {
		return cmp.Or(errors.Unwrap(told.Err), err)
	}
	return err
}

// checkTypes says which of the members that RFC 7662 names is of another type: the
// server does not speak of the same. A list of scopes can be read in one way only.
func checkTypes(c jwt.Claims) error {
	var errs []error
	for _, name := range []string{"exp", "nbf", "iat"} {
		_, err := c.Time(name)
		errs = append(errs, ifHas(c, name, err))
	}
	for _, name := range []string{"iss", "sub", "client_id", "username", "jti", "token_type"} {
		_, err := c.String(name)
		errs = append(errs, ifHas(c, name, err))
	}
	_, err := c.Strings("aud")
	errs = append(errs, ifHas(c, "aud", err))
	if err := cmp.Or(errs...); err != nil {
		return fmt.Errorf("the answer: %w", err)
	}
	return nil
}

func ifHas(c jwt.Claims, name string, err error) error {
	if !c.Has(name) {
		return nil
	}
	return err
}

func (e *endpoint) check(c jwt.Claims) error {
	return cmp.Or(e.checkIssuer(c), e.checkAudience(c), e.checkType(c), checkUnbound(c))
}

func (e *endpoint) checkIssuer(c jwt.Claims) error {
	issuer, _ := c.String("iss")
	switch {
	case !c.Has("iss") || issuer == e.Issuer:
		return nil
	case e.Issuer == "":
		return authn.Errorf(authn.UntrustedIssuer, "issued by %s, and Config.Issuer names none", clip.Quote(issuer))
	}
	return authn.Errorf(authn.UntrustedIssuer, "issued by %s, not by %q", clip.Quote(issuer), e.Issuer)
}

func (e *endpoint) checkAudience(c jwt.Claims) error {
	if !c.Has("aud") {
		if e.AudienceOptional {
			return nil
		}
		return authn.Errorf(authn.WrongAudience, `the server names no "aud", so the token may be for anybody (see Config.AudienceOptional)`)
	}
	audiences, _ := c.Strings("aud")
	if slices.ContainsFunc(audiences, func(aud string) bool { return slices.Contains(e.Audiences, aud) }) {
		return nil
	}
	return authn.Errorf(authn.WrongAudience, "the token is for %s, not for any of %q", cmp.Or(clip.Some(audiences), "nobody"), e.Audiences)
}

func (e *endpoint) checkType(c jwt.Claims) error {
	kind, _ := c.String("token_type")
	switch {
	case strings.EqualFold(kind, "Bearer"):
		return nil
	case c.Has("token_type"):
		return authn.Errorf(authn.RuleFailed, `the "token_type" is %s, not Bearer`, clip.Quote(kind))
	case e.TypeOptional:
		return nil
	}
	return authn.Errorf(authn.RuleFailed, `the server names no "token_type", so the token may be one for refreshing (see Config.TypeOptional)`)
}

// checkUnbound refuses tokens that only their owner may use (RFC 8705, section 3.2;
// RFC 9449, section 6.2).
func checkUnbound(c jwt.Claims) error {
	if !c.Has("cnf") {
		return nil
	}
	return authn.Errorf(authn.RuleFailed, `the token is bound to its sender ("cnf"), which is not checked here`)
}
