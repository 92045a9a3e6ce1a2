package authn

import (
	"context"
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
// request that it is of has been authenticated. It saves a copy of the request. The
// link of the trace around it is at hand, since every authenticator asks for it.
type userContext struct {
	context.Context
	link *link // nil: there is no trace
	user atomic.Pointer[readOnly]
}

func (c *userContext) Value(key any) any {
	switch key.(type) {
	case userKey:
		if u := c.user.Load(); u != nil {
			return u
		}
	case linkKey:
		return c.link
	}
	return c.Context.Value(key)
}

// UserFrom returns the user that a [Middleware] or [WithUser] put in ctx, and
// whether there is one.
func UserFrom(ctx context.Context) (user.Info, bool) {
	u, ok := ctx.Value(userKey{}).(user.Info)
	return u, ok
}
