package introspection

import (
	"cmp"
	"context"

	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/internal/hide"
	"github.com/authnchain/authnchain/jwt"
)

// Authenticator asks an authorization server about each token. [New] and [Google]
// make one.
type Authenticator struct {
	url         string
	credentials Credentials // nil: none are sent
	prefix      string
	user        func(context.Context, jwt.Claims) (user.Info, error)
	server      server
	codes       []int // that an answer may have
	client      *http.Client
	renewal     fetch.Renewal // of its connections
	jwts        bool
	maxBytes    int
	limits      *fetch.Limits
	leeway      leeway
	now         func() time.Time
	health      fetch.Health
}

// server is how a kind of server is asked, and what it answers.
type server interface {
	// form returns the question.
	form(token string) url.Values

	// read returns the claims of the token, and whether the server knows it. An
	// error says that the answer is none.
	read(*fetch.Answer) (c jwt.Claims, known bool, err error)

	// check says why a token that the server knows is not accepted.
	check(jwt.Claims) error
}

// New returns an Authenticator that asks the introspection endpoint of RFC 7662. o
// may be nil. It does not touch the network.
func New(c Config, o *Options) (*Authenticator, error) {
	if o == nil {
		o = &Options{}
	}
	if err := c.check(o); err != nil {
		return nil, fmt.Errorf("introspection: %q: %w", fetch.Redact(c.URL), err)
	}
	c.Audiences = slices.Clone(c.Audiences)
	a := newAuthenticator(c.URL, &endpoint{c}, o, http.StatusOK)
	a.credentials, a.prefix, a.user = c.Credentials, c.Prefix, c.User
	return a, nil
}

func newAuthenticator(url string, s server, o *Options, codes ...int) *Authenticator {
	a := &Authenticator{
		url:      url,
		server:   s,
		codes:    codes,
		client:   fetch.Client(o.Client),
		jwts:     o.JWTs,
		maxBytes: o.MaxBytes,
		limits:   fetch.NewLimits(o.Timeout, o.MaxInFlight),
		leeway:   newLeeway(o.Leeway),
		now:      o.Now,
	}
	if a.maxBytes == 0 {
		a.maxBytes = MaxToken
	}
	if a.now == nil {
		a.now = time.Now
	}
	return a
}

// String returns "introspection", its name in traces.
func (a *Authenticator) String() string { return "introspection" }

// AuthenticateToken implements [authenticator.Token]. It has no opinion on a token
// that it does not send, or that the server does not know; with a [Config].Prefix it
// refuses the latter with [authn.UnknownToken].
func (a *Authenticator) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	if why := a.keepsBack(ctx, token); why != "" {
		authn.Note(ctx, why)
		return nil, false, nil
	}
	q := &question{token: token}
	c, known, err := a.ask(ctx, q)
	switch {
	case err != nil:
		return nil, false, a.mine(q.failed(authn.Unavailable, err))
	case !known && a.prefix != "":
		return nil, false, a.mine(authn.Errorf(authn.UnknownToken, "introspection: the server does not know the token: it has expired, was taken back or never was one"))
	case !known:
		authn.Note(ctx, "the server does not know the token")
		return nil, false, nil
	}
	u, err := a.identify(ctx, c)
	if err != nil {
		return nil, false, authn.Mine(q.failed(authn.ReasonOf(err), err))
	}
	return &authenticator.Response{User: u}, true, nil
}

// mine is for the error of a token that may be anybody's, unless it has a prefix that
// says whose it is.
func (a *Authenticator) mine(err error) error {
	if a.prefix == "" {
		return err
	}
	return authn.Mine(err)
}

// failed returns the error that leaves this package. What was sent is not in it,
// should the server repeat that.
func (q *question) failed(reason authn.Reason, err error) error {
	e := &authn.Error{Reason: reason, Err: fmt.Errorf("introspection: %w", hide.Error(err, q.secrets()...))}
	e.RetryAfter = cmp.Or(authn.RetryAfterOf(err), fetch.RetryAfterOf(err))
	return e
}
