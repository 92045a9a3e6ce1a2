package authconfig

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/apis/apiserver"

	"github.com/authnchain/authnchain/internal/follow"
	"github.com/authnchain/authnchain/jwt"
)

// state is a configuration in use. It does not change.
type state struct {
	base      uint64 // of its generations; above all those of the states before
	issuers   []*issuer
	mux       *jwt.Mux
	anonymous anonymousPolicy
	waits     []*issuer // whose keys are waited for before they are in use
}

// build makes a configuration ready for use. Issuers whose keys are where they
// were keep those that they have.
func (a *Authenticator) build(c *apiserver.AuthenticationConfiguration) (*state, error) {
	if c == nil {
		return nil, errors.New("the configuration is nil")
	}
	compiler, err := newCompiler()
	if err != nil {
		return nil, fmt.Errorf("CEL: %w", err)
	}
	c = c.DeepCopy()
	if errs := validate(c, compiler, &a.options); len(errs) > 0 {
		return nil, &InvalidError{errs}
	}
	s := &state{anonymous: newAnonymousPolicy(c.Anonymous, &a.options)}
	var errs field.ErrorList
	for n, entry := range c.JWT {
		i, err := newIssuer(entry, compiler, a)
		if err != nil {
			errs = append(errs, field.Invalid(field.NewPath("jwt").Index(n), entry.Issuer.URL, err.Error()))
			continue
		}
		s.issuers = append(s.issuers, i)
	}
	if len(errs) > 0 {
		return nil, &InvalidError{errs}
	}
	s.mux, err = newMux(s.issuers)
	return s, err
}

func newMux(issuers []*issuer) (*jwt.Mux, error) {
	auths := make([]*jwt.Authenticator, len(issuers))
	for n, i := range issuers {
		auths[n] = i.auth
	}
	return jwt.NewMux(auths...)
}

// find returns the issuer with this URL, or nil.
func (s *state) find(url string) *issuer {
	if s == nil {
		return nil
	}
	for _, i := range s.issuers {
		if i.auth.Issuer() == url {
			return i
		}
	}
	return nil
}

// cold returns the issuers whose keys are to be waited for: they are not those of
// an issuer before, nor given, nor have they been waited for long enough.
func (s *state) cold(before *state, now time.Time) []*issuer {
	var cold []*issuer
	for _, i := range s.issuers {
		if old := before.find(i.URL); i.given || old != nil && old.keySource == i.keySource && !old.given {
			continue
		}
		if i.since.IsZero() {
			i.since = now
		}
		if now.Sub(i.since) < warmUp {
			cold = append(cold, i)
		}
	}
	return cold
}

// until returns what is in use until the keys of the issuers of next that are cold
// are there: next, but for those, of which the ones from before go on as they were.
func (s *state) until(next *state, cold []*issuer) (*state, error) {
	between := &state{anonymous: next.anonymous, waits: cold}
	for _, i := range next.issuers {
		if slices.Contains(cold, i) {
			if i = s.find(i.URL); i == nil {
				continue
			}
		}
		between.issuers = append(between.issuers, i)
	}
	var err error
	between.mux, err = newMux(between.issuers)
	return between, err
}

// closeIdle lets go of connections to issuers whose keys next does not have.
func (s *state) closeIdle(next *state) {
	for _, i := range s.issuers {
		if kept := next.find(i.auth.Issuer()); (kept == nil || kept.client != i.client) && i.client != nil {
			i.client.CloseIdleConnections()
		}
	}
}

func (s *state) health(file *follow.File) error {
	var errs []error
	if file != nil {
		if err := file.HealthCheck(); err != nil {
			errs = append(errs, fmt.Errorf("authconfig: %w", err))
		}
	}
	for _, i := range s.waits {
		errs = append(errs, fmt.Errorf("authconfig: issuer %q: new, not in use before its keys are there, or cannot be had", i.URL))
	}
	return errors.Join(append(errs, s.mux.HealthCheck())...)
}

// preload fetches the keys of all that have none, at the same time.
func preload(ctx context.Context, issuers []*issuer) error {
	errs := make([]error, len(issuers))
	var wg sync.WaitGroup
	for n, i := range issuers {
		wg.Go(func() { errs[n] = i.auth.Preload(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
