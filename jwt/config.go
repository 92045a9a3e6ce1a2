package jwt

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/internal/jose"
)

// Config says whose tokens to accept and how their claims name a user.
type Config struct {
	// Issuer is the "iss" of the tokens, to the letter. It is required. Unless
	// KeysURL or Options.Keys is set it must be an https URL, under which the
	// issuer's discovery document is found (OpenID Connect Discovery 1.0, section 4).
	// For "https://accounts.google.com", tokens may leave the scheme out, as
	// Google's once did.
	Issuer string

	// DiscoveryURL is where the discovery document is, if not under Issuer. The
	// document must name Issuer all the same. Empty means
	// Issuer + "/.well-known/openid-configuration".
	DiscoveryURL string

	// KeysURL is where the key set (RFC 7517, section 5) is, for an issuer without
	// discovery: no discovery document is asked for then. It must be an https URL.
	// Empty means where the discovery document says.
	KeysURL string

	// Audiences are those that a token may be for; one in common is enough. At
	// least one is required.
	Audiences []string

	// Algorithms are the signature algorithms that a token may have. Nil means
	// RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and ES512, which
	// kube-apiserver allows; EdDSA (RFC 8037) must be named. Others do not exist
	// here.
	Algorithms []string

	// Types are the values that "typ" in the header of a token may have, in any
	// case, with or without "application/" before them (RFC 7515, section 4.1.9); a
	// token may also have none. Nil means JWT and at+jwt. See [AnyType].
	Types []string

	// AccessTokens accepts nothing but access tokens of RFC 9068: "typ" is at+jwt, and
	// the claims that its section 2.2 requires are there. ID tokens, which say who has
	// logged in and not what a client may do, are refused. Not together with Types.
	AccessTokens bool

	// Binding says what the sender of a token must prove. Nil means nothing: whoever
	// has a token may use it, and "cnf" is not looked at, as in kube-apiserver; but
	// bearer.Authenticator, if it is Bound, takes no token that has one then.
	Binding *Binding

	// User maps the claims of a verified token to a user; an error refuses the
	// token. If the user ends before the token does ([authn.ExpiryOf]), no cache
	// remembers it for longer. It is required; see [ClaimMappings].
	User func(context.Context, Claims) (user.Info, error)
}

// Options are the settings that are rarely needed.
type Options struct {
	// Client fetches the discovery document and the key set, with whatever roots
	// and proxy it needs. It is copied, and the copy follows no redirects. With
	// one given, URLs on loopback addresses may be http. Its Transport, if any,
	// decides how long the header of an answer may be (for net/http's, ten
	// megabytes unless MaxResponseHeaderBytes says otherwise). Nil means a client
	// that trusts the system's roots.
	Client *http.Client

	// Keys are the issuer's keys, such as [StaticKeys] or a [FileKeys]. Nil means
	// those that it publishes.
	Keys KeySet

	// MaxStale is how long the keys that an issuer published are used after they
	// were fetched, if they cannot be fetched anew. Zero means 24 hours; less than
	// one is an error.
	MaxStale time.Duration

	// Leeway is how far the issuer's clock may be off, for "exp", "nbf" and "iat"
	// alike. Zero means nothing for "exp" and one minute for the others, as
	// kube-apiserver has it for "exp" and "nbf". Negative means nothing for all
	// three. It is in whole seconds, rounded down, and at least one.
	Leeway time.Duration

	// MaxBytes is how long a token may be. Zero means [MaxToken].
	MaxBytes int

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
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
	case c.AccessTokens && c.Types != nil:
		return errors.New("types: not together with AccessTokens")
	case c.User == nil:
		return errors.New("user: required, such as ClaimMappings{…}.User")
	case o.MaxStale != 0 && o.MaxStale < maxLife:
		return errors.New("options: MaxStale: must be at least one hour")
	}
	if err := a.checkLists(); err != nil {
		return err
	}
	if o.Keys != nil {
		switch {
		case c.DiscoveryURL != "":
			return errors.New("discoveryURL: not together with Options.Keys")
		case c.KeysURL != "":
			return errors.New("keysURL: not together with Options.Keys")
		}
		return nil
	}
	return checkSource(c, o)
}

// checkLists says what is wrong with what a Verifier has too.
func (a *Authenticator) checkLists() error {
	switch {
	case len(a.algorithms) == 0:
		return errors.New("algorithms: at least one is required")
	case len(a.types) == 0 || slices.Contains(a.types, ""):
		return errors.New("types: at least one is required, and none may be empty")
	case a.maxBytes < 0:
		return errors.New("options: MaxBytes: must not be negative")
	}
	for _, name := range a.algorithms {
		if !jose.Known(name) {
			return fmt.Errorf("algorithms: %q: not one of %q and EdDSA", name, jose.DefaultAlgorithms())
		}
	}
	return nil
}

// checkSource says what is wrong with where the keys are published.
func checkSource(c Config, o *Options) error {
	if c.KeysURL != "" {
		if c.DiscoveryURL != "" {
			return errors.New("keysURL: not together with a discoveryURL")
		}
		if err := checkURL(c.KeysURL, o); err != nil {
			return fmt.Errorf("keysURL: %w", err)
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
