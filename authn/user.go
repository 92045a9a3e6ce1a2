package authn

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"

	"k8s.io/apiserver/pkg/authentication/user"
)

type userKey struct{}

// WithUser returns a context that carries u. Tests of handlers need it; handlers
// behind a [Middleware] find the user there already.
func WithUser(ctx context.Context, u user.Info) context.Context {
	return context.WithValue(ctx, userKey{}, u)
}

// userContext is a context of [WithUser] that gets its user later, once the
// request that it is of has been authenticated. It saves a copy of the request.
type userContext struct {
	context.Context
	user atomic.Pointer[readOnly]
}

func (c *userContext) Value(key any) any {
	if _, ok := key.(userKey); ok {
		if u := c.user.Load(); u != nil {
			return u
		}
	}
	return c.Context.Value(key)
}

// UserFrom returns the user that a [Middleware] or [WithUser] put in ctx, and
// whether there is one.
func UserFrom(ctx context.Context) (user.Info, bool) {
	u, ok := ctx.Value(userKey{}).(user.Info)
	return u, ok
}

// ReadOnly returns a user like u whose groups and extra attributes nobody can
// change: the getters return copies. Authenticators that give the same user to
// several requests should give this.
func ReadOnly(u user.Info) user.Info { return readOnlyOf(u) }

func readOnlyOf(u user.Info) *readOnly {
	if r, ok := u.(*readOnly); ok {
		return r
	}
	return &readOnly{u.GetName(), u.GetUID(), slices.Clone(u.GetGroups()), cloneExtra(u.GetExtra()), false}
}

type readOnly struct {
	name, uid string
	groups    []string
	extra     map[string][]string
	member    bool // of system:authenticated, which then is not in groups
}

func (u *readOnly) GetName() string { return u.name }
func (u *readOnly) GetUID() string  { return u.uid }

func (u *readOnly) GetGroups() []string {
	if u.member {
		return append(slices.Clip(u.groups), user.AllAuthenticated) // always a copy
	}
	return slices.Clone(u.groups)
}

func (u *readOnly) GetExtra() map[string][]string { return cloneExtra(u.extra) }

func cloneExtra(extra map[string][]string) map[string][]string {
	clone := maps.Clone(extra)
	for key, values := range clone {
		clone[key] = slices.Clone(values)
	}
	return clone
}

// authenticated makes u a member of system:authenticated, as kube-apiserver does
// with every user that is not anonymous and not in one of the two groups yet.
// The result shares nothing with u that a handler could change.
func authenticated(u user.Info) *readOnly {
	shared := readOnlyOf(u)
	if IsAnonymous(shared) || shared.member || slices.Contains(shared.groups, user.AllAuthenticated) {
		return shared
	}
	own := *shared
	own.member = true
	return &own
}

// IsAnonymous reports whether nobody has been authenticated as u: it is
// system:anonymous, or in the group system:unauthenticated.
func IsAnonymous(u user.Info) bool {
	var groups []string
	if shared, ok := u.(*readOnly); ok {
		groups = shared.groups // only read, so not copied
	} else {
		groups = u.GetGroups()
	}
	return u.GetName() == user.Anonymous || slices.Contains(groups, user.AllUnauthenticated)
}
