// Package webhook authenticates tokens by asking a TokenReview API, such as a
// Kubernetes API server's or any server that kube-apiserver's
// --authentication-token-webhook-config-file can point at. [Handler] is the other side:
// it serves any chain of tokens as such an API.
//
// # What is sent and what is believed
//
// Every token is POSTed as a TokenReview of authentication.k8s.io/v1, or v1beta1
// if asked, with the audiences that the request is limited to. The answer must
// be a TokenReview of the same version in JSON, of at most 1 MiB, without
// duplicate members. Redirects are not followed, so that the token goes to one
// place only, and that place is https.
//
// A reviewer that cannot be reached, or answers anything else, makes the token
// [authn.Unavailable], never invalid. The reviewer's own error text is for the
// operator; the token is taken out of it, should the reviewer repeat it.
//
// Answers are not cached here: put a bearer.Cached around it.
//
// # A reviewer that fails
//
// A token is asked about three times at most, and for ten seconds in all
// ([Options.Timeout]). Another attempt follows where the connection cannot be made or
// breaks, where the answer has the status 429, 500, 502, 503 or 504 or ends too early,
// and where nothing comes in half of the timeout; not where the answer has another
// status or is no TokenReview, nor where one side does not like the other's certificate.
// The second attempt comes after half a second, the third after 0.75, each with up to a
// fifth more, or after what Retry-After asks for, if that is longer; the second comes at
// once if a connection has broken, which may have been idle for too long. Nobody waits
// if the time would be over then.
//
// Once attempts with five tokens have failed in a row, and nothing was answered for a
// second, a breaker opens: one review a second is tried, whatever Retry-After says, and
// all others are Unavailable at once. The first answer closes it. Failures are attempts
// without an answer and those with the status 429 or 5xx; any other answer shows that
// the reviewer is there. So one token does not open the breaker, whatever the reviewer
// makes of it, unless nobody can be reached at all; nor do many, while others are
// answered. Callers who leave do not count.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/internal/hide"
)

// The versions of the API authentication.k8s.io that there are.
const (
	V1      = "v1"
	V1beta1 = "v1beta1"
)

const (
	defaultTimeout     = 10 * time.Second
	defaultMaxInFlight = 256
)

// Config says whom to ask.
type Config struct {
	// URL is where to POST reviews. It is required and must be https; http is
	// only taken for a loopback address and with a Client given.
	URL string

	// Audiences are those that the reviewer vouches for when its answer names
	// none. Nil means that such an answer is good for no request that is limited
	// to audiences.
	Audiences authenticator.Audiences
}

// Options are the settings that are rarely needed.
type Options struct {
	// Version is the API's version, [V1] or [V1beta1]. Empty means V1.
	Version string

	// Client makes the requests, with whatever credentials, roots and proxy they
	// need. It is copied, and the copy follows no redirects. Its Transport, if
	// any, decides how long the header of an answer may be (for net/http's, ten
	// megabytes unless MaxResponseHeaderBytes says otherwise), and must end with the
	// request's context, or the Timeout does not hold: one that fetches a credential
	// first, as that of golang.org/x/oauth2 does, needs a timeout for that. Nil means
	// a client that trusts the system's roots.
	Client *http.Client

	// Timeout bounds each review, with all of its attempts and what is between them.
	// A request whose own context ends earlier ends it earlier. An attempt, from
	// looking up the host to the last byte read, takes half of it at most, so that
	// a connection on which nothing comes leaves time for another: a reviewer that
	// needs longer needs twice as much here. Zero means ten seconds.
	Timeout time.Duration

	// ShowRefused asks the reviewer also about tokens that an authenticator before
	// this one in a union knows to be its own and has not accepted ([authn.Withheld]):
	// JWTs that have expired or whose signature is wrong, say. kube-apiserver does.
	// False means that the reviewer never sees them.
	ShowRefused bool

	// MaxInFlight is how many attempts may be under way at once. More wait for half
	// a second and are then Unavailable. Who waits for the next attempt is not
	// counted; nor do those under way count in a bearer.Cached around. Zero means
	// 256.
	MaxInFlight int
}

// Authenticator asks a TokenReview API about each token. [New] makes one.
type Authenticator struct {
	url       *url.URL
	version   string
	audiences authenticator.Audiences
	client    *http.Client
	renewal   fetch.Renewal // of its connections
	timeout   time.Duration
	backoff   time.Duration  // before the second attempt
	random    func() float64 // in [0, 1)
	showAll   bool
	inFlight  chan struct{} // filled by the attempts under way
	breaker   *breaker
}

// New returns an Authenticator. o may be nil. It does not touch the network.
func New(c Config, o *Options) (*Authenticator, error) {
	if o == nil {
		o = &Options{}
	}
	a := &Authenticator{
		version:   o.Version,
		audiences: append(authenticator.Audiences(nil), c.Audiences...),
		timeout:   o.Timeout,
		backoff:   firstBackoff,
		random:    rand.Float64,
		showAll:   o.ShowRefused,
		breaker:   newBreaker(),
	}
	if a.version == "" {
		a.version = V1
	}
	if a.version != V1 && a.version != V1beta1 {
		return nil, fmt.Errorf("webhook: version %q: must be %q or %q", o.Version, V1, V1beta1)
	}
	if err := fetch.CheckURL(c.URL, o.Client != nil); err != nil {
		return nil, fmt.Errorf("webhook: URL %q: %w", fetch.Redact(c.URL), err)
	}
	a.url, _ = url.Parse(c.URL)
	if a.timeout == 0 {
		a.timeout = defaultTimeout
	}
	n := o.MaxInFlight
	if n == 0 {
		n = defaultMaxInFlight
	}
	if a.timeout < 0 || n < 0 {
		return nil, errors.New("webhook: Timeout and MaxInFlight: must not be negative")
	}
	a.inFlight = make(chan struct{}, n)
	a.client = fetch.Client(o.Client)
	return a, nil
}

// String is how a trace calls it.
func (a *Authenticator) String() string { return "webhook" }

// HealthCheck says that the last review failed, since when reviews have failed and
// whether the breaker is open. It is nil as long as nobody has asked. It asks nobody.
func (a *Authenticator) HealthCheck() error {
	if err := a.breaker.health(); err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	return nil
}

// AuthenticateToken implements [authenticator.Token]. It has no opinion on a
// token that the reviewer does not know, or knows for other audiences than the
// request is limited to. One that the reviewer gives an error for is refused
// with [authn.Refused].
func (a *Authenticator) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	if !a.showAll && authn.Withheld(ctx) {
		authn.Note(ctx, "not asked: the token is an authenticator's that has not accepted it")
		return nil, false, nil
	}
	if !utf8.ValidString(token) {
		return nil, false, authn.Errorf(authn.Malformed, "webhook: the token is not UTF-8, which JSON cannot carry")
	}
	wanted, limited := authenticator.AudiencesFrom(ctx)
	st, err := a.review(ctx, token, wanted)
	if err != nil {
		return nil, false, unavailable(err)
	}
	var auds authenticator.Audiences
	if limited {
		got := a.audiences
		if len(st.Audiences) > 0 {
			got = st.Audiences
		}
		auds = wanted.Intersect(got)
	}
	switch {
	case !st.Authenticated && st.Error != "":
		return nil, false, authn.Errorf(authn.Refused, "webhook: the reviewer says: %s", clip.Quote(hide.Text(st.Error, token)))
	case !st.Authenticated:
		authn.Note(ctx, "the reviewer does not know the token")
		return nil, false, nil
	case limited && len(auds) == 0:
		authn.Note(ctx, "the reviewer knows the token for other audiences")
		return nil, false, nil
	}
	if err := authn.CheckName(st.User.Name); err != nil {
		return nil, false, authn.Errorf(authn.InvalidUser, "webhook: %w", err)
	}
	return &authenticator.Response{
		Audiences: auds,
		User:      &st.User,
	}, true, nil
}
