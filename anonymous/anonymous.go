// Package anonymous lets requests without a credential in as system:anonymous.
//
// It wraps the whole chain, so that a bad credential can never become anonymous:
// only a request on which the chain has no opinion can.
package anonymous

import (
	"fmt"
	"net/http"
	"path"
	"slices"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
)

// New asks auth and accepts what auth has no opinion on as the user
// system:anonymous of the group system:unauthenticated, on the given paths or,
// if there are none, on every path. The response has the audiences that the
// request is limited to.
//
// A request's path must equal one of paths to the letter: "/healthz" opens
// neither "/healthz/" nor "//healthz", nor a path that only means the same once
// it is cleaned or %-decoded. New panics if a path does not begin with "/" or is
// not clean itself ([path.Clean], a slash at the end aside), or if auth is nil.
func New(auth authenticator.Request, paths ...string) authenticator.Request {
	if auth == nil {
		panic("anonymous.New: the authenticator to wrap is nil")
	}
	for _, p := range paths {
		if err := CheckPath(p); err != nil {
			panic("anonymous.New: " + err.Error())
		}
	}
	return &chain{auth, &anyone{slices.Clone(paths), nobody()}}
}

// CheckPath says why a path is none that [New] takes.
func CheckPath(p string) error {
	cleaned := path.Clean(p)
	if path.IsAbs(p) && (p == cleaned || p == cleaned+"/" && p != "//") {
		return nil
	}
	return fmt.Errorf("path %q: must begin with / and be clean (no //, no . and no .. in it)", p)
}

type chain struct {
	auth   authenticator.Request
	anyone *anyone
}

// AuthenticateRequest implements [authenticator.Request].
func (c *chain) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	resp, ok, err := authn.AskRequest(c.auth, r)
	switch {
	case err != nil:
		why := "an authenticator refused the credential"
		if authn.ReasonOf(err) == authn.Unavailable {
			why = "the credential could not be judged"
		}
		c.skip(r, why)
		return nil, false, err
	case ok:
		c.skip(r, "accepted before it")
		return resp, true, nil
	default:
		return authn.AskRequest(c.anyone, r)
	}
}

func (c *chain) skip(r *http.Request, why string) {
	if ctx := r.Context(); authn.Traced(ctx) {
		authn.Skip(ctx, c.anyone, why)
	}
}

// Links implements [authn.Chain].
func (c *chain) Links() []any { return []any{c.auth, c.anyone} }

// anyone accepts every request on its paths.
type anyone struct {
	paths []string
	user  user.Info
}

func nobody() user.Info {
	return authn.ReadOnly(&user.DefaultInfo{Name: user.Anonymous, Groups: []string{user.AllUnauthenticated}})
}

// String is how a trace calls it.
func (*anyone) String() string { return "anonymous" }

// AuthenticateRequest implements [authenticator.Request].
func (a *anyone) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	if len(a.paths) > 0 && !a.open(r) {
		authn.Note(r.Context(), "the path is not one of those open to anonymous")
		return nil, false, nil
	}
	auds, _ := authenticator.AudiencesFrom(r.Context())
	return &authenticator.Response{Audiences: auds, User: a.user}, true, nil
}

// open reports whether r is for one of the paths, spelled in its usual way: a
// RawPath is only set for other spellings, and a handler may go by it.
func (a *anyone) open(r *http.Request) bool {
	return r.URL.RawPath == "" && slices.Contains(a.paths, r.URL.Path)
}
