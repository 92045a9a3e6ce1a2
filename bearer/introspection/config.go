package introspection

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/jwt"
)

// MaxToken is how many bytes of token are sent, if [Options] do not say otherwise.
const MaxToken = 16 << 10

// Config says whom to ask, and how its answers name a user.
type Config struct {
	// URL is the introspection endpoint. It is required and must be https; http is
	// only taken for a loopback address and with an Options.Client given.
	URL string

	// Credentials prove to the server who asks, such as [Basic]'s. They are required,
	// unless Options.ClientAuthenticates is set: a server that answers anybody helps
	// those who guess tokens (RFC 7662, section 4).
	Credentials Credentials

	// Issuer is what "iss" must be if an answer has it. Empty means that an answer
	// that has one is refused.
	Issuer string

	// Audiences are those that a token may be for; one in common with "aud" is enough.
	// At least one is required.
	Audiences []string

	// AudienceOptional accepts tokens of which the server names no "aud": any token
	// that it issued, for whatever service. False refuses them.
	AudienceOptional bool

	// TypeOptional accepts tokens of which the server names no "token_type". It may be
	// that it does so of refresh tokens alone. False refuses them.
	TypeOptional bool

	// Prefix is how all tokens of the server begin, and those of nobody else. Others
	// are not sent, and one that the server does not know is refused, and shown to
	// nobody else. Empty means that the tokens cannot be told from others.
	Prefix string

	// User maps the claims of a token that is active to a user; an error refuses the
	// token. If the user ends before the token does ([authn.ExpiryOf]), no cache
	// remembers it for longer. It is required; see [jwt.ClaimMappings].
	User func(context.Context, jwt.Claims) (user.Info, error)
}

// Options are the settings that are rarely needed.
type Options struct {
	// Client makes the requests, with whatever roots, client certificate and proxy
	// they need. It is copied, and the copy follows no redirects. Its Transport, if
	// any, decides how long the header of an answer may be, and must end with the
	// request's context, or the Timeout does not hold. Nil means a client that trusts
	// the system's roots.
	Client *http.Client

	// ClientAuthenticates says that the Client proves who asks by itself, so that
	// there are no Config.Credentials. For a client certificate alone see
	// [Certificate].
	ClientAuthenticates bool

	// JWTs has tokens sent that look like JWTs too, for a server that issues such and
	// must be asked about each. False means that they never are.
	JWTs bool

	// MaxBytes is how long a token may be. Zero means [MaxToken].
	MaxBytes int

	// Timeout bounds each question, from looking up the host to the last byte read. A
	// request whose own context ends earlier ends it earlier. Zero means ten seconds.
	Timeout time.Duration

	// MaxInFlight is how many questions may be under way at once; a further token is
	// Unavailable at once. Zero means 256.
	MaxInFlight int

	// Leeway is how far the server's clock may be off, for "exp", "nbf" and "iat"
	// alike. Zero means nothing for "exp" and one minute for the others; negative
	// means nothing for all three.
	Leeway time.Duration

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// check says what is wrong with a configuration.
func (c Config) check(o *Options) error {
	switch {
	case o.ClientAuthenticates && c.Credentials != nil:
		return errors.New("credentials: not together with Options.ClientAuthenticates")
	case o.ClientAuthenticates && o.Client == nil:
		return errors.New("options: ClientAuthenticates: needs a Client")
	case o.ClientAuthenticates:
	case c.Credentials == nil:
		return errors.New("credentials: required, such as Basic(…)")
	}
	if own, ok := c.Credentials.(*method); ok && own.err != nil {
		return fmt.Errorf("credentials: %w", own.err)
	}
	return checkCommon(c.URL, "audiences", c.Audiences, c.User, o)
}

// checkCommon says what is wrong with what both kinds of server have. trusted are
// called what.
func checkCommon(url, what string, trusted []string, user func(context.Context, jwt.Claims) (user.Info, error), o *Options) error {
	if err := fetch.CheckURL(url, o.Client != nil); err != nil {
		return fmt.Errorf("URL: %w", err)
	}
	switch {
	case len(trusted) == 0:
		return fmt.Errorf("%s: at least one is required", what)
	case slices.Contains(trusted, ""):
		return fmt.Errorf("%s: one is empty", what)
	case user == nil:
		return errors.New("user: required, such as ClaimMappings{…}.User")
	case o.MaxBytes < 0 || o.Timeout < 0 || o.MaxInFlight < 0:
		return errors.New("options: MaxBytes, Timeout and MaxInFlight: must not be negative")
	}
	return nil
}
