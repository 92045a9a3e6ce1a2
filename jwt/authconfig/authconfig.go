package authconfig

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/internal/follow"
)

// Authenticator authenticates the tokens of the issuers of a configuration.
type Authenticator struct {
	options Options
	file    *follow.File // nil: the configuration does not change
	current atomic.Pointer[state]

	mu      sync.Mutex // held while a configuration is put to use; guards all below
	changes int        // how many have been
	pending *state     // that waits for keys; nil if none does
	first   *apiserver.AnonymousAuthConfig
}

// New returns the authenticator of a configuration. If fields of it are not valid
// the error wraps an [*InvalidError] with all of them; what only this library asks
// for is told once kube-apiserver's own checks pass. c and o are copied; o may be
// nil. Nothing is fetched until a token needs it, or by [Authenticator.Preload].
func New(c *apiserver.AuthenticationConfiguration, o *Options) (*Authenticator, error) {
	a, err := newAuthenticator(o)
	if err != nil {
		return nil, err
	}
	s, err := a.build(c)
	if err != nil {
		return nil, fmt.Errorf("authconfig: %w", err)
	}
	a.current.Store(s)
	return a, nil
}

// Parse is [New] of what [Decode] reads.
func Parse(data []byte, o *Options) (*Authenticator, error) {
	c, err := Decode(data)
	if err != nil {
		return nil, err
	}
	return New(c, o)
}

func newAuthenticator(o *Options) (*Authenticator, error) {
	a := &Authenticator{}
	if o != nil {
		a.options = *o
		a.options.DisallowedIssuers = slices.Clone(o.DisallowedIssuers)
		a.options.Algorithms = slices.Clone(o.Algorithms)
		a.options.Types = slices.Clone(o.Types)
		a.options.DistributedClaims.Hosts = slices.Clone(o.DistributedClaims.Hosts)
	}
	if err := a.options.check(); err != nil {
		return nil, fmt.Errorf("authconfig: %w", err)
	}
	return a, nil
}

// String returns "jwt", its name in traces.
func (a *Authenticator) String() string { return "jwt" }

// AuthenticateToken implements [authenticator.Token]. It has no opinion on what is
// not a JWT of one of the issuers.
func (a *Authenticator) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	return a.state().mux.AuthenticateToken(ctx, token)
}

// state returns the configuration in use, which is that of the file if it is good.
func (a *Authenticator) state() *state {
	if a.file != nil {
		a.file.Check()
	}
	return a.current.Load()
}

// Preload fetches the keys of all issuers that have none yet, all at the same time,
// for a server that would rather not start, or not be ready, without them.
func (a *Authenticator) Preload(ctx context.Context) error {
	return preload(ctx, a.state().issuers)
}

// HealthCheck returns nil as long as the file, if there is one, is in use as it is
// and all issuers have keys that could be fetched anew when it was time; else all
// that is wrong. It fetches nothing: until a token or [Authenticator.Preload] has
// asked for the keys, it says that there are none.
func (a *Authenticator) HealthCheck() error {
	return a.state().health(a.file)
}

// Issuers returns the URLs of the issuers that are in use, in the order of the
// configuration; nil if there are none.
func (a *Authenticator) Issuers() []string {
	var urls []string
	for _, i := range a.state().issuers {
		urls = append(urls, i.URL)
	}
	return urls
}

// warmUp is how long a changed configuration waits for the keys of new issuers.
const warmUp = 2 * time.Second

// load puts a changed file to use.
func (a *Authenticator) load(data []byte) error {
	c, err := decode(data)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s, err := a.build(c)
	if err != nil {
		return err
	}
	before := a.current.Load()
	if before == nil {
		a.first = c.Anonymous
	} else if a.options.KeepAnonymous && !sameAnonymous(a.first, c.Anonymous) {
		return errors.New("anonymous: must stay what it was at first (Options.KeepAnonymous)")
	}
	a.changes++
	cold := s.cold(before, a.options.now())
	if before == nil || len(cold) == 0 {
		a.use(s)
		return nil
	}
	between, err := before.until(s, cold)
	if err != nil {
		return err
	}
	a.swap(between)
	a.pending = s
	go a.warm(s, cold, a.changes)
	return nil
}

// warm puts a configuration to use once the keys of its new issuers are there, or
// could have been.
func (a *Authenticator) warm(s *state, cold []*issuer, change int) {
	var longest time.Duration
	for _, i := range cold {
		longest = max(longest, warmUp-a.options.now().Sub(i.since))
	}
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	_ = preload(ctx, cold) // who has none yet will say so in its health check
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.changes == change {
		a.use(s)
		return
	}
	s.closeIdle(a.current.Load()) // a later one is, or will be, in use
}

// use makes s the configuration in use. a.mu is held.
func (a *Authenticator) use(s *state) {
	a.pending = nil
	if before := a.swap(s); before != nil {
		before.closeIdle(s)
	}
}

// swap makes s the state in use and returns the one before. a.mu is held.
func (a *Authenticator) swap(s *state) *state {
	if before := a.current.Load(); before != nil {
		s.base = before.base + generations
	}
	return a.current.Swap(s)
}
