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
