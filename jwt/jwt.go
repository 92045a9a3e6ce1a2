package jwt

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/fetch"
)

// MaxToken is how many bytes of token an [Authenticator] looks at, if its
// [Options] do not say otherwise.
const MaxToken = 16 << 10

// Config says whose tokens to accept and how their claims name a user.
type Config struct {
	// Issuer is the "iss" of the tokens, to the letter. It is required. Unless
	// Options.Keys is set it must be an https URL, under which the issuer's
	// discovery document is found (OpenID Connect Discovery 1.0, section 4).
	// For "https://accounts.google.com", tokens may leave the scheme out, as
	// Google's once did.
	Issuer string

	// DiscoveryURL is where the discovery document is, if not under Issuer. The
	// document must name Issuer all the same. Empty means
	// Issuer + "/.well-known/openid-configuration".
	DiscoveryURL string

	// Audiences are those that a token may be for; one in common is enough. At
	// least one is required.
	Audiences []string

	// Algorithms are the signature algorithms that a token may have. Nil means
	// RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and ES512, which
	// kube-apiserver allows; EdDSA (RFC 8037) must be named. Others do not exist
	// here.
	Algorithms []string

	// User maps the claims of a verified token to a user; an error refuses the
	// token. It is required; see [ClaimMappings].
	User func(context.Context, Claims) (user.Info, error)
}

// Options are the settings that are rarely needed.
type Options struct {
	// Client fetches the discovery document and the key set, with whatever roots
	// and proxy it needs. It is copied, and the copy follows no redirects. With
	// one given, issuers on loopback addresses may be http. Nil means a client
	// that trusts the system's roots.
	Client *http.Client

	// Keys are the issuer's keys. Nil means those that it publishes.
	Keys KeySet

	// MaxStale is how long the keys that an issuer published are used after they
	// were fetched, if they cannot be fetched anew. Zero means 24 hours.
	MaxStale time.Duration

	// Leeway is how far the issuer's clock may be off, for "exp", "nbf" and "iat"
	// alike. Zero means what kube-apiserver has: nothing for "exp" and one minute
	// for the others. Negative means nothing for all three. It is in whole seconds,
	// rounded down, and at least one.
	Leeway time.Duration

	// MaxBytes is how long a token may be. Zero means [MaxToken].
	MaxBytes int

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// Authenticator authenticates the tokens of one issuer.
type Authenticator struct {
	issuer     string
	audiences  []string
	algorithms []string
	user       func(context.Context, Claims) (user.Info, error)
	keys       KeySet
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
		user:       c.User,
		keys:       o.Keys,
		leeway:     newLeeway(o.Leeway),
		maxBytes:   o.MaxBytes,
		now:        o.Now,
	}
	if c.Algorithms == nil {
		a.algorithms = defaultAlgorithms()
	}
	if a.maxBytes == 0 {
		a.maxBytes = MaxToken
	}
	if a.now == nil {
		a.now = time.Now
	}
	if err := a.check(c, o); err != nil {
		return nil, fmt.Errorf("jwt: issuer %q: %w", fetch.Redact(c.Issuer), err)
	}
	if a.keys == nil {
		a.keys = newRemoteKeys(c, o, a.now)
	}
	return a, nil
}

// check says what is wrong with a configuration.
func (a *Authenticator) check(c Config, o *Options) error {
	switch {
	case c.Issuer == "":
		return errors.New("issuer: required")
	case len(c.Audiences) == 0:
		return errors.New("audiences: at least one is required")
	case slices.Contains(c.Audiences, ""):
		return errors.New("audiences: one is empty")
	case len(a.algorithms) == 0:
		return errors.New("algorithms: at least one is required")
	case c.User == nil:
		return errors.New("user: required, such as ClaimMappings{…}.User")
	case a.maxBytes < 0:
		return errors.New("options: MaxBytes: must not be negative")
	case o.MaxStale < 0:
		return errors.New("options: MaxStale: must not be negative")
	}
	for _, name := range a.algorithms {
		if _, ok := algorithms[name]; !ok {
			return fmt.Errorf("algorithms: %q: not one of those that there are", name)
		}
	}
	if o.Keys != nil {
		if c.DiscoveryURL != "" {
			return errors.New("discoveryURL: not together with Options.Keys")
		}
		return nil
	}
	if err := checkURL(c.Issuer, o); err != nil {
		return fmt.Errorf("issuer: %w", err)
	}
	if u, err := url.Parse(c.Issuer); err != nil || u.RawQuery != "" || u.ForceQuery {
		return errors.New("issuer: must not have a query") // OpenID Connect Core 1.0, section 2
	}
	if c.DiscoveryURL == "" {
		return nil
	}
	if err := checkURL(c.DiscoveryURL, o); err != nil {
		return fmt.Errorf("discoveryURL: %w", err)
	}
	return nil
}

func checkURL(raw string, o *Options) error { return fetch.CheckURL(raw, o.Client != nil) }

// Issuer returns the issuer that the Authenticator is for.
func (a *Authenticator) Issuer() string { return a.issuer }

// String is how a trace calls it.
func (a *Authenticator) String() string { return "jwt" }

// AuthenticateToken implements [authenticator.Token]. It has no opinion on what
// is not a JWT of its issuer.
func (a *Authenticator) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	t, err := parse(token, a.maxBytes)
	if t.issuer != a.issuer {
		noteForeign(ctx, t, err)
		return nil, false, nil
	}
	return a.authenticate(ctx, t, err)
}

func noteForeign(ctx context.Context, t *token, err error) {
	switch {
	case !authn.Traced(ctx):
	case t.issuer == "" && err != nil:
		authn.Note(ctx, fmt.Sprintf("not a JWT: %v", err))
	default:
		authn.Note(ctx, "issued by "+clip.Quote(t.issuer))
	}
}

// authenticate judges a token of this issuer, or one that could only be read far
// enough to know that it claims to be.
func (a *Authenticator) authenticate(ctx context.Context, t *token, err error) (*authenticator.Response, bool, error) {
	if err != nil {
		err = authn.Errorf(authn.Malformed, "%w", err)
	}
	var u user.Info
	if err == nil {
		u, err = a.identify(ctx, t)
	}
	if err != nil {
		return nil, false, fmt.Errorf("jwt: issuer %q: %w", a.issuer, err)
	}
	return &authenticator.Response{User: u}, true, nil
}

func (a *Authenticator) identify(ctx context.Context, t *token) (user.Info, error) {
	if len(t.raw) > a.maxBytes {
		return nil, authn.Errorf(authn.Malformed, "the token has %d bytes, more than %d", len(t.raw), a.maxBytes)
	}
	if err := a.verify(ctx, t); err != nil {
		return nil, err
	}
	c := Claims{t.claims}
	if err := a.checkAudience(c); err != nil {
		return nil, err
	}
	if err := a.leeway.check(c, a.now()); err != nil {
		return nil, err
	}
	u, err := a.user(ctx, c)
	if err != nil {
		return nil, err
	}
	if u == nil {
		return nil, authn.Errorf(authn.InvalidUser, "Config.User returned no user")
	}
	if err := authn.CheckName(u.GetName()); err != nil {
		return nil, authn.Errorf(authn.InvalidUser, "%w", err)
	}
	return withCredentialID(u, c), nil
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
	return authn.Errorf(authn.WrongAudience, "the token is for %s, not for any of %q", quoteSome(audiences), a.audiences)
}

func quoteSome(texts []string) string {
	const some = 3
	list := ""
	for i, t := range texts {
		if i == some || len(list) > clip.Max {
			return list + fmt.Sprintf(" and %d more", len(texts)-i)
		}
		if i > 0 {
			list += ", "
		}
		list += clip.Quote(t)
	}
	if list == "" {
		return "nobody"
	}
	return list
}

// withCredentialID gives u the extra attribute by which a token can be revoked,
// and takes away what a mapping may have put there.
func withCredentialID(u user.Info, c Claims) user.Info {
	id, _ := c.String("jti")
	extra := u.GetExtra()
	if _, taken := extra[user.CredentialIDKey]; id == "" && !taken {
		return u
	}
	own := make(map[string][]string, len(extra)+1)
	for key, values := range extra {
		own[key] = values
	}
	delete(own, user.CredentialIDKey)
	if id != "" {
		own[user.CredentialIDKey] = []string{"JTI=" + id}
	}
	return &user.DefaultInfo{Name: u.GetName(), UID: u.GetUID(), Groups: u.GetGroups(), Extra: own}
}
