package authconfig

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"

	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
)

// anonymousPolicy is who may come in without a credential.
type anonymousPolicy struct {
	allowed bool
	paths   []string // empty: all, if allowed and nothing is ignored
	ignored []string // conditions that open nothing, as warnings
	nowhere bool     // allowed, but every condition is ignored
}

func newAnonymousPolicy(c *apiserver.AnonymousAuthConfig, o *Options) anonymousPolicy {
	if c == nil {
		return anonymousPolicy{allowed: o.AnonymousByDefault}
	}
	p := anonymousPolicy{allowed: c.Enabled}
	for i, condition := range c.Conditions {
		if err := anonymous.CheckPath(condition.Path); err != nil {
			p.ignored = append(p.ignored, fmt.Sprintf("anonymous.conditions[%d] opens nothing: %v", i, err))
			continue
		}
		p.paths = append(p.paths, condition.Path)
	}
	p.nowhere = len(c.Conditions) > 0 && len(p.paths) == 0
	return p
}

func sameAnonymous(a, b *apiserver.AnonymousAuthConfig) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Enabled == b.Enabled && slices.Equal(a.Conditions, b.Conditions)
}

// wrap returns auth with whoever the policy lets in behind it.
func (p anonymousPolicy) wrap(auth authenticator.Request) authenticator.Request {
	if !p.allowed || p.nowhere {
		return auth
	}
	return anonymous.New(auth, p.paths...)
}

// Anonymous wraps a chain, as [anonymous.New] does, and lets those without a
// credential in as system:anonymous where the configuration in use says so. auth is
// the whole chain, which likely has this Authenticator in it. Anonymous panics if
// auth is nil.
//
// A condition whose path [anonymous.CheckPath] does not like opens nothing, as
// [Authenticator.Warnings] tells.
func (a *Authenticator) Anonymous(auth authenticator.Request) authenticator.Request {
	if auth == nil {
		panic("authconfig: Authenticator.Anonymous: the authenticator to wrap is nil")
	}
	return &anonymousChain{config: a, auth: auth}
}

// anonymousChain is a chain that is another when the configuration is.
type anonymousChain struct {
	config *Authenticator
	auth   authenticator.Request
	last   atomic.Pointer[wrapped]
}

type wrapped struct {
	of    *state
	chain authenticator.Request
}

func (c *anonymousChain) chain() authenticator.Request {
	s := c.config.state()
	if w := c.last.Load(); w != nil && w.of == s {
		return w.chain
	}
	w := &wrapped{s, s.anonymous.wrap(c.auth)}
	c.last.Store(w)
	return w.chain
}

// AuthenticateRequest implements [authenticator.Request].
func (c *anonymousChain) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	return authn.AskRequest(c.chain(), r)
}

// Links implements [authn.Chain].
func (c *anonymousChain) Links() []any { return []any{c.chain()} }

// Warnings returns what the configuration in use says without effect, such as paths
// of anonymous.conditions that open nothing; nil if there is nothing.
func (a *Authenticator) Warnings() []string { return slices.Clone(a.state().anonymous.ignored) }
