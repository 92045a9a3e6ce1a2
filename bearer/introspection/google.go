package introspection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/jwt"
)

// Where Google tells about its tokens, and how these begin.
const (
	googleURL    = "https://oauth2.googleapis.com/tokeninfo"
	googlePrefix = "ya29."
)

// GoogleConfig says whose access tokens of Google are accepted.
type GoogleConfig struct {
	// ClientIDs are the OAuth clients that tokens were issued to: "aud", and "azp" if
	// it is there, must be among them. For a token of a service account it is the
	// account's unique id, a number. At least one is required: Google issues tokens to
	// any website that its users log in to, which could show them here.
	ClientIDs []string

	// User maps what Google tells of a token to a user, as [Config].User does. "exp" and
	// "expires_in" are numbers and "email_verified" is true, as in an ID token; "sub" and
	// "email" are there if the token's scopes allow. It is required.
	User func(context.Context, jwt.Claims) (user.Info, error)

	// URL is where to ask, for tests. Empty means
	// https://oauth2.googleapis.com/tokeninfo.
	URL string
}

// Google returns an Authenticator that asks Google about its opaque access tokens,
// those that begin with "ya29.". It is not RFC 7662: nobody proves who asks, there is
// no "active", and numbers are strings. o may be nil; its JWTs and
// ClientAuthenticates do not matter.
//
// Of a token that Google knows, "aud" and "azp" must be clients of ours, an "email"
// must be verified, and "exp" must be there and ahead. One that it does not know is
// refused with [authn.UnknownToken]. Google answers a limited number of questions, so
// a bearer.Cached must be around; ID tokens (package jwt) need no question at all.
func Google(c GoogleConfig, o *Options) (*Authenticator, error) {
	if o == nil {
		o = &Options{}
	}
	c.URL = cmp.Or(c.URL, googleURL)
	if err := checkCommon(c.URL, "clientIDs", c.ClientIDs, c.User, o); err != nil {
		return nil, fmt.Errorf("introspection: Google: %w", err)
	}
	c.ClientIDs = slices.Clone(c.ClientIDs)
	a := newAuthenticator(c.URL, &google{c}, o, http.StatusOK, http.StatusBadRequest)
	a.prefix, a.user = googlePrefix, c.User
	return a, nil
}

// google is Google's tokeninfo.
type google struct{ GoogleConfig }

func (g *google) form(token string) url.Values { return url.Values{"access_token": {token}} }

// read takes an answer for what it is: claims, or a 400 that says "invalid_token".
func (g *google) read(answer *fetch.Answer) (c jwt.Claims, known bool, err error) {
	c, err = claims(answer)
	if answer.Status != http.StatusOK {
		if code, _ := c.String("error"); err == nil && code == "invalid_token" {
			return c, false, nil
		}
		return c, false, fmt.Errorf("%s %s: %w", http.MethodPost, clip.Text(fetch.Redact(g.URL)), &fetch.StatusError{Code: answer.Status})
	}
	if err != nil {
		return c, false, err
	}
	if c.Has("error") {
		return c, false, errors.New(`the answer: has an "error", and the status 200`)
	}
	if c, err = plain(c); err != nil {
		return c, false, fmt.Errorf("the answer: %w", err)
	}
	return c, true, nil
}

// plain returns claims as an ID token has them.
func plain(c jwt.Claims) (jwt.Claims, error) {
	if _, err := c.String("aud"); err != nil {
		return c, err
	}
	if c.Has("azp") {
		if _, err := c.String("azp"); err != nil {
			return c, err
		}
	}
	c, err := number(c, "exp")
	if err == nil && c.Has("expires_in") {
		c, err = number(c, "expires_in")
	}
	if err == nil && c.Has("email_verified") {
		c, err = truth(c, "email_verified")
	}
	return c, err
}

// number returns claims in which one is a number that may have been a string.
func number(c jwt.Claims, name string) (jwt.Claims, error) {
	text, err := c.String(name)
	if err != nil {
		_, notTime := c.Time(name)
		return c, notTime
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return c, fmt.Errorf("claim %q: not a number: %s", name, clip.Quote(text))
	}
	if c, err = c.With(name, n); err != nil {
		return c, err
	}
	_, err = c.Time(name)
	return c, err
}

// truth returns claims in which one is true or false that may have been a string.
func truth(c jwt.Claims, name string) (jwt.Claims, error) {
	text, err := c.String(name)
	if err != nil {
		_, notBool := c.Bool(name)
		return c, notBool
	}
	if text != "true" && text != "false" {
		return c, fmt.Errorf("claim %q: neither true nor false: %s", name, clip.Quote(text))
	}
	return c.With(name, text == "true")
}

func (g *google) check(c jwt.Claims) error {
	for _, name := range []string{"aud", "azp"} {
		client, err := c.String(name)
		if err == nil && !slices.Contains(g.ClientIDs, client) {
			return authn.Errorf(authn.WrongAudience, "the token was issued to %s (%s), which is none of our clients", clip.Quote(client), name)
		}
	}
	if verified, _ := c.Bool("email_verified"); c.Has("email") && !verified {
		return authn.Errorf(authn.RuleFailed, "the email address is not verified")
	}
	return checkUnbound(c)
}
