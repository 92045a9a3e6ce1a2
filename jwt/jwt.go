package jwt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/internal/jose"
)

// MaxToken is how many bytes of token an [Authenticator] looks at, if its
// [Options] do not say otherwise.
const MaxToken = 16 << 10

// Authenticator authenticates the tokens of one issuer.
type Authenticator struct {
	issuer     string
	audiences  []string
	algorithms []string
	types      []string
	user       func(context.Context, Claims) (user.Info, error)
	keys       KeySet
	headers    *jose.Headers
	profile    bool // of RFC 9068
	binding    *binding
	leeway     leeway
	maxBytes   int
	now        func() time.Time
}

// New returns an Authenticator. o may be nil. It does not touch the network:
// keys are fetched when a token first needs them, or by [Authenticator.Preload].
func New(c Config, o *Options) (*Authenticator, error) {
	if o == nil {
		o = &Options{}
	}
	a := &Authenticator{
		issuer:     canonical(c.Issuer),
		audiences:  slices.Clone(c.Audiences),
		algorithms: slices.Clone(c.Algorithms),
		types:      slices.Clone(c.Types),
		user:       c.User,
		keys:       o.Keys,
		headers:    jose.NewHeaders(),
		profile:    c.AccessTokens,
		leeway:     newLeeway(o.Leeway),
		maxBytes:   o.MaxBytes,
		now:        o.Now,
	}
	a.setDefaults(c.Algorithms == nil, c.Types == nil)
	if c.AccessTokens {
		a.types = []string{accessTokenType}
	}
	if a.now == nil {
		a.now = time.Now
	}
	err := a.check(c, o)
	if err == nil {
		a.binding, err = newBinding(c.Binding, o)
	}
	if err != nil {
		return nil, fmt.Errorf("jwt: issuer %q: %w", fetch.Redact(c.Issuer), err)
	}
	if a.keys == nil {
		a.keys = newRemoteKeys(c, o, a.now)
	}
	return a, nil
}

// setDefaults sets what was not given.
func (a *Authenticator) setDefaults(algorithms, types bool) {
	if algorithms {
		a.algorithms = jose.DefaultAlgorithms()
	}
	if types {
		a.types = defaultTypes()
	}
	if a.maxBytes == 0 {
		a.maxBytes = MaxToken
	}
}

// Preload fetches the issuer's keys if they are not known yet, for a server that
// would rather not start, or not be ready, without them.
func (a *Authenticator) Preload(ctx context.Context) error {
	if err := a.preload(ctx); err != nil {
		return fmt.Errorf("jwt: issuer %q: %w", a.issuer, err)
	}
	return nil
}

func (a *Authenticator) preload(ctx context.Context) error {
	keys, err := a.keys.Keys(ctx, "")
	if err == nil && len(keys) == 0 {
		err = errNoKeys
	}
	if err != nil {
		return keysError(err)
	}
	return nil
}

// HealthCheck returns nil once the issuer's keys have been loaded and as long as
// they could be fetched anew when it was time; else it says which keys are in use
// and what is wrong. A KeySet of one's own may have this method too; if it does
// not, it is healthy.
func (a *Authenticator) HealthCheck() error {
	if err := a.health(); err != nil {
		return fmt.Errorf("jwt: issuer %q: %w", a.issuer, err)
	}
	return nil
}

func (a *Authenticator) health() error {
	if keys, ok := a.keys.(interface{ HealthCheck() error }); ok {
		return keys.HealthCheck()
	}
	return nil
}

// Keys returns the keys that the Authenticator verifies with, to give them to
// another one ([Options].Keys) with other settings for the same issuer. They share
// what is fetched.
func (a *Authenticator) Keys() KeySet { return a.keys }

// Issuer returns the issuer that the Authenticator is for.
func (a *Authenticator) Issuer() string { return a.issuer }

// String returns "jwt", its name in traces.
func (a *Authenticator) String() string { return "jwt" }

// AuthenticateToken implements [authenticator.Token]. It has no opinion on what
// is not a JWT of its issuer.
func (a *Authenticator) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	t, err := parse(token, a.maxBytes, a.headers)
	if t.issuer != a.issuer {
		noteForeign(ctx, t.issuer, err)
		return nil, false, nil
	}
	return a.authenticate(ctx, &t, err)
}

func noteForeign(ctx context.Context, issuer string, err error) {
	switch {
	case !authn.Traced(ctx):
	case issuer == "" && err != nil:
		authn.Note(ctx, fmt.Sprintf("not a JWT: %v", err))
	default:
		authn.Note(ctx, "issued by "+clip.Quote(issuer))
	}
}

// authenticate judges a token of this issuer, or one that could only be read far
// enough to know that it claims to be.
func (a *Authenticator) authenticate(ctx context.Context, t *token, err error) (*authenticator.Response, bool, error) {
	c, err := a.verified(ctx, t, err)
	var u user.Info
	if err == nil {
		u, err = a.identify(ctx, c)
	}
	if err != nil {
		return nil, false, authn.Mine(fmt.Errorf("jwt: issuer %q: %w", a.issuer, err))
	}
	return &authenticator.Response{User: u}, true, nil
}

// Verify checks a token as AuthenticateToken does, but for the user and who sends it:
// Config.User is not called, and Config.Binding not looked at. It returns the claims,
// and none with an error. It is for tokens that log nobody in. A token of another
// issuer is refused with [authn.UntrustedIssuer].
func (a *Authenticator) Verify(ctx context.Context, token string) (Claims, error) {
	t, err := parse(token, a.maxBytes, a.headers)
	if t.issuer != "" && t.issuer != a.issuer {
		return Claims{}, fmt.Errorf("jwt: issuer %q: %w", a.issuer, authn.Errorf(authn.UntrustedIssuer, "issued by %s", clip.Quote(t.issuer)))
	}
	if err == nil && t.issuer == "" {
		err = errors.New(`"iss": missing`)
	}
	c, err := a.verified(ctx, &t, err)
	if err != nil {
		return Claims{}, fmt.Errorf("jwt: issuer %q: %w", a.issuer, err)
	}
	return c, nil
}

// verified returns the claims of a token that was read, perhaps with an error,
// once they may be believed.
func (a *Authenticator) verified(ctx context.Context, t *token, err error) (Claims, error) {
	return a.verifiedBy(ctx, t, err, a.checkClaims)
}

// verifiedBy is verified with another check of the claims.
func (a *Authenticator) verifiedBy(ctx context.Context, t *token, err error, check func(Claims) error) (Claims, error) {
	if err := a.checkForm(t, err); err != nil {
		return Claims{}, err
	}
	c := Claims{t.claims}
	if err := a.verify(ctx, t); err != nil {
		if authn.ReasonOf(err) == authn.Unavailable {
			return Claims{}, cmp.Or(check(c), err) // no key could make it good
		}
		return Claims{}, err
	}
	t.headers.Remember(t.encoded, t.header)
	return c, check(c)
}

// checkForm says what is wrong with a token before its signature is looked at.
// parsed is the error of reading it.
func (a *Authenticator) checkForm(t *token, parsed error) error {
	switch {
	case parsed != nil:
		return authn.Errorf(authn.Malformed, "%w", parsed)
	case len(t.raw) > a.maxBytes:
		return authn.Errorf(authn.Malformed, "the token has %d bytes, more than %d", len(t.raw), a.maxBytes)
	}
	return cmp.Or(a.checkType(t.header), a.checkAlgorithm(t.header))
}

// checkClaims checks what does not depend on the user.
func (a *Authenticator) checkClaims(c Claims) error {
	return cmp.Or(a.checkAudience(c), a.leeway.check(c, a.now()), a.checkProfile(c))
}

// checkAudience implements RFC 7519, section 4.1.3.
func (a *Authenticator) checkAudience(c Claims) error {
	audiences, err := c.Strings("aud")
	if err != nil {
		return authn.Errorf(authn.WrongAudience, "%w", err)
	}
	for _, aud := range audiences {
		if slices.Contains(a.audiences, aud) {
			return nil
		}
	}
	return authn.Errorf(authn.WrongAudience, "the token is for %s, not for any of %q", cmp.Or(clip.Some(audiences), "nobody"), a.audiences)
}
