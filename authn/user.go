package authn

import (
	"context"
	"maps"
	"slices"

	"k8s.io/apiserver/pkg/authentication/user"
)

type userKey struct{}

// WithUser returns a context that carries u. Tests of handlers need it; handlers
// behind a [Middleware] find the user there already.
func WithUser(ctx context.Context, u user.Info) context.Context {
	return context.WithValue(ctx, userKey{}, u)
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
func ReadOnly(u user.Info) user.Info {
	return &readOnly{u.GetName(), u.GetUID(), slices.Clone(u.GetGroups()), cloneExtra(u.GetExtra())}
}

type readOnly struct {
	name, uid string
	groups    []string
	extra     map[string][]string
}

func (u *readOnly) GetName() string               { return u.name }
func (u *readOnly) GetUID() string                { return u.uid }
func (u *readOnly) GetGroups() []string           { return slices.Clone(u.groups) }
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
func authenticated(u user.Info) user.Info {
	shared, ok := u.(*readOnly)
	if !ok {
		shared = ReadOnly(u).(*readOnly)
	}
	if isAnonymous(shared) || slices.Contains(shared.groups, user.AllAuthenticated) {
		return shared
	}
	member := *shared
	member.groups = append(slices.Clip(shared.groups), user.AllAuthenticated)
	return &member
}

func isAnonymous(u user.Info) bool {
	groups := u.GetGroups
	if shared, ok := u.(*readOnly); ok {
		groups = func() []string { return shared.groups } // only read, so not copied
	}
	return u.GetName() == user.Anonymous || slices.Contains(groups(), user.AllUnauthenticated)
}
