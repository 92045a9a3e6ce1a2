package authconfig

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/apis/apiserver"

	"github.com/authnchain/authnchain/internal/follow"
	"github.com/authnchain/authnchain/jwt"
)

// state is a configuration in use. It does not change.
type state struct {
	config    *apiserver.AuthenticationConfiguration
	issuers   []*issuer
	mux       *jwt.Mux
	anonymous anonymousPolicy
}

// build makes a configuration ready for use. Issuers whose keys are where they
// were keep those that they have.
func (a *Authenticator) build(c *apiserver.AuthenticationConfiguration) (*state, error) {
	compiler, err := newCompiler()
	if err != nil {
		return nil, fmt.Errorf("CEL: %w", err)
	}
	c = c.DeepCopy()
	if errs := validate(c, compiler, &a.options); len(errs) > 0 {
		return nil, &InvalidError{errs}
	}
	s := &state{config: c, anonymous: newAnonymousPolicy(c.Anonymous, &a.options)}
	before := a.current.Load()
	var errs field.ErrorList
	for n, entry := range c.JWT {
		i, err := newIssuer(entry, compiler, a, s, before)
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

// cold returns the issuers whose keys are not those of an issuer before.
func (s *state) cold(before *state) []*issuer {
	var cold []*issuer
	for _, i := range s.issuers {
		if old := before.find(i.auth.Issuer()); old == nil || old.keySource != i.keySource {
			cold = append(cold, i)
		}
	}
	return cold
}

// without returns s less the issuers that are not in next.
func (s *state) without(next *state) *state {
	less := &state{config: s.config, anonymous: next.anonymous}
	for _, i := range s.issuers {
		if next.find(i.auth.Issuer()) != nil {
			less.issuers = append(less.issuers, i)
		}
	}
	mux, err := newMux(less.issuers)
	if err != nil {
		return s // which cannot be: they had a mux before
	}
	less.mux = mux
	return less
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
