package jwt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/internal/jose"
)

// Mux authenticates the tokens of several issuers. It reads a token once and
// asks the authenticator of its issuer alone, so that the number of issuers does
// not matter.
type Mux struct {
	auths    []*Authenticator
	byIssuer map[string]*Authenticator
	headers  *jose.Headers
	maxBytes int
}

// NewMux returns the mux of auths, of which no two may be for the same issuer
// and none nil. A mux of none has no opinion on any token.
func NewMux(auths ...*Authenticator) (*Mux, error) {
	m := &Mux{auths: slices.Clone(auths), byIssuer: make(map[string]*Authenticator, len(auths)), headers: jose.NewHeaders(), maxBytes: MaxToken}
	for i, a := range auths {
		if a == nil {
			return nil, fmt.Errorf("jwt: mux: authenticator %d of %d is nil", i+1, len(auths))
		}
		if m.byIssuer[a.issuer] != nil {
			return nil, fmt.Errorf("jwt: mux: issuer %q: more than one authenticator", a.issuer)
		}
		m.byIssuer[a.issuer] = a
		m.maxBytes = max(m.maxBytes, a.maxBytes)
	}
	return m, nil
}

// String returns "jwt", its name in traces.
func (m *Mux) String() string { return "jwt" }

// AuthenticateToken implements [authenticator.Token]. It has no opinion on what
// is not a JWT of one of its issuers.
func (m *Mux) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	t, err := parse(token, m.maxBytes, m.headers)
	a := m.byIssuer[t.issuer]
	if a == nil {
		noteForeign(ctx, t.issuer, err)
		return nil, false, nil
	}
	return a.authenticate(ctx, &t, err)
}

// Preload fetches the keys of all issuers that have none yet, all at the same time,
// for a server that would rather not start, or not be ready, without them.
func (m *Mux) Preload(ctx context.Context) error {
	errs := make([]error, len(m.auths))
	var wg sync.WaitGroup
	for i, a := range m.auths {
		wg.Go(func() { errs[i] = a.Preload(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// HealthCheck returns what the authenticators' return, together and in order.
func (m *Mux) HealthCheck() error {
	var errs []error
	for _, a := range m.auths {
		errs = append(errs, a.HealthCheck())
	}
	return errors.Join(errs...)
}
