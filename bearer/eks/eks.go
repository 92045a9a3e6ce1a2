package eks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/fetch"
)

const (
	defaultMaxBytes = 4096
	maxClusterID    = 256
)

// Config says which tokens are good, and for whom.
type Config struct {
	// ClusterID is what tokens must have been made for: the name of the cluster for
	// "aws eks get-token --cluster-name". A server that is no cluster has one of its
	// own, which no other has. It is required.
	ClusterID string

	// Regions are those whose STS may be asked: "eu-west-1" is for
	// sts.eu-west-1.amazonaws.com, "cn-north-1" for sts.cn-north-1.amazonaws.com.cn.
	// It is the client that chooses. Nil means none but Hosts.
	Regions []string

	// Hosts are further hosts that may be asked, by their exact names: the global
	// sts.amazonaws.com, FIPS and dual-stack ones (sts-fips.us-east-1.amazonaws.com,
	// sts.us-east-1.api.aws), those of a VPC. Nil means none but those of Regions; there
	// must be one of either.
	Hosts []string

	// Mapper says which user an identity is, and that most are none. It is required.
	Mapper Mapper
}

// Options are the settings that are rarely needed.
type Options struct {
	// Client makes the requests to STS. It is copied, and the copy follows no redirects
	// and keeps no cookies. Nil means a client that trusts the system's roots.
	Client *http.Client

	// Timeout bounds each request, from looking up the host to the last byte read. A
	// request whose own context ends earlier ends it earlier. Zero means ten seconds.
	Timeout time.Duration

	// MaxInFlight is how many requests to STS may be under way at once; a further token
	// is Unavailable at once. Zero means 256.
	MaxInFlight int

	// MaxBytes is how many bytes a token may have. Zero means 4096, as for
	// aws-iam-authenticator.
	MaxBytes int

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// Authenticator judges tokens. [New] makes one.
type Authenticator struct {
	clusterID string
	hosts     hosts
	mapper    Mapper
	client    *http.Client
	limits    *fetch.Limits
	maxBytes  int
	now       func() time.Time
	renewal   fetch.Renewal
	health    fetch.Health
}

// New returns an Authenticator. o may be nil. It does not touch the network.
func New(c Config, o *Options) (*Authenticator, error) {
	a, err := newAuthenticator(c, o)
	if err != nil {
		return nil, fmt.Errorf("eks: %w", err)
	}
	return a, nil
}

func newAuthenticator(c Config, o *Options) (*Authenticator, error) {
	if o == nil {
		o = &Options{}
	}
	allowed, err := newHosts(c.Regions, c.Hosts)
	switch {
	case !isClusterID(c.ClusterID):
		return nil, errors.New("ClusterID: required, of at most 256 bytes and without blanks and what is not ASCII")
	case c.Mapper == nil:
		return nil, errors.New("Mapper: required, since everybody who has an AWS account has an identity")
	case err != nil:
		return nil, err
	case o.Timeout < 0 || o.MaxInFlight < 0 || o.MaxBytes < 0:
		return nil, errors.New("MaxBytes, MaxInFlight and Timeout: must not be negative")
	}
	a := &Authenticator{clusterID: c.ClusterID, hosts: allowed, mapper: c.Mapper, client: fetch.Client(o.Client)}
	a.limits = fetch.NewLimits(o.Timeout, o.MaxInFlight)
	a.maxBytes = cmp.Or(o.MaxBytes, defaultMaxBytes)
	if a.now = o.Now; a.now == nil {
		a.now = time.Now
	}
	return a, nil
}

func isClusterID(id string) bool { return len(id) <= maxClusterID && nameForm.MatchString(id) }

// String is how a trace calls it.
func (a *Authenticator) String() string { return "eks" }

// Generation implements [authn.Generational]: it is the Mapper's.
func (a *Authenticator) Generation() uint64 { return authn.GenerationOf(a.mapper) }

// HealthCheck returns why STS has not answered the last question, and since when none was
// answered, and what that of the Mapper returns. A token that is refused is no such reason.
func (a *Authenticator) HealthCheck() error {
	err := a.health.Check()
	if err != nil {
		err = fmt.Errorf("eks: %w", err)
	}
	return errors.Join(err, authn.HealthOf(a.mapper))
}

// AuthenticateToken implements [authenticator.Token]. It has no opinion on what does
// not begin with [Prefix], nor on a token that is to be sent to nobody
// ([authn.Withheld]). Audiences are not looked at: a token is for the cluster whose ID
// it has.
func (a *Authenticator) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	if !strings.HasPrefix(token, Prefix) {
		authn.Note(ctx, "does not begin with "+Prefix)
		return nil, false, nil
	}
	if authn.Withheld(ctx) {
		authn.Note(ctx, "not asked: the token is an authenticator's that has not accepted it")
		return nil, false, nil
	}
	u, err := a.judge(ctx, token)
	if err != nil {
		return nil, false, authn.Mine(fmt.Errorf("eks: %w", err))
	}
	return &authenticator.Response{User: u}, true, nil
}

func (a *Authenticator) judge(ctx context.Context, token string) (user.Info, error) {
	p, err := parse(token, a.maxBytes, a.hosts)
	if err != nil {
		return nil, authn.Errorf(authn.Malformed, "%w", err)
	}
	if err := p.checkTime(a.now()); err != nil {
		return nil, err
	}
	id, err := a.identity(ctx, token, p)
	if err != nil {
		return nil, err
	}
	return a.identify(ctx, id, p.date)
}

// checkTime says whether STS would take p at that time.
func (p *presigned) checkTime(now time.Time) error {
	at := p.date.Format(time.RFC3339)
	switch {
	case !now.Before(p.date.Add(Lifetime)):
		return authn.Errorf(authn.Expired, "expired %s ago (%s %s, and %s)", now.Sub(p.date.Add(Lifetime)).Round(time.Second), date, at, Lifetime)
	case p.date.Sub(now) > ahead:
		return authn.Errorf(authn.NotYetValid, "%s %s is %s ahead, more than %s", date, at, p.date.Sub(now).Round(time.Second), ahead)
	}
	return nil
}
