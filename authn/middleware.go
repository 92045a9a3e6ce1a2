package authn

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/clip"
)

// Middleware puts an authenticator in front of a handler. It must not be changed
// once it is in use.
type Middleware struct {
	// Authenticator says who sent a request. It is required.
	Authenticator authenticator.Request

	// Audiences, if not empty, lists the audiences that a credential must be
	// good for at least one of. A credential that knows no audiences, such as a
	// client certificate or, as in kube-apiserver, a JWT, which its own authenticator
	// has checked the "aud" of, is good for all. Nil means no limit but that of a
	// Middleware around this one.
	Audiences authenticator.Audiences

	// CredentialHeaders are the headers that the handler must not see besides
	// Authorization, Proxy-Authorization, DPoP, X-Remote-User, X-Remote-Uid,
	// X-Remote-Group, X-Remote-Extra-* and the bearer token among the protocols
	// of Sec-WebSocket-Protocol: those that authenticators of your own look at. A
	// name that ends with "-" stands for all that begin so. Case does not matter,
	// nor which of "-", "_" and "." a name has. Nil means no others.
	CredentialHeaders []string

	// Realm names what is protected in the challenge of a 401 (RFC 9110, section
	// 11.5). Empty means "api".
	Realm string

	// ResourceMetadata is the URL of the protected resource's metadata, which
	// the challenge then tells (RFC 9728, section 5.1). Empty means none.
	ResourceMetadata string

	// Unauthorized answers a request that nobody is authenticated for. The error
	// is for the operator and not for the client; the request is as it came, for
	// [Explain]. Nil means [Middleware.Refuse]; [PlainUnauthorized] answers as
	// kube-apiserver does.
	Unauthorized func(http.ResponseWriter, *http.Request, error)

	// Observe is told of every decision, before the request is answered. It must
	// be safe for concurrent use. Nil means that nobody watches, and that the
	// stack of an authenticator that panicked ([PanicError]) is lost.
	Observe func(context.Context, Outcome)
}

// Outcome is what a [Middleware] decided on one request.
type Outcome struct {
	Verdict  Verdict       // [VerdictAccepted], [VerdictRefused] or [VerdictUnavailable], or [VerdictNotMine] for a request without a credential
	Reason   Reason        // why it was not accepted; empty if it was
	User     user.Info     // who it is; nil if not accepted
	Err      error         // nil if accepted
	Duration time.Duration // how long it took

	Method     string // of the request
	Path       string // of the request, decoded and without the query
	RemoteAddr string // of the connection, as [http.Request] has it
}

// Wrap returns a handler that passes the requests it has authenticated on to
// next, and answers the others itself. It panics if the Middleware has no
// Authenticator or next is nil: a server must not start so.
//
// A trailer of a request is not looked at, so next must not take one for an
// identity. "OPTIONS *" is answered by net/http before any handler, unless the
// server's DisableGeneralOptionsHandler is set.
func (m Middleware) Wrap(next http.Handler) http.Handler {
	m.mustBeComplete()
	if next == nil {
		panic("authn: Middleware.Wrap: the handler to wrap is nil")
	}
	refuse := m.Unauthorized
	if refuse == nil {
		refuse = m.Refuse
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authenticated, outcome := m.decide(r)
		if outcome.Err != nil {
			refuse(w, r, outcome.Err)
			return
		}
		if IsAnonymous(outcome.User) {
			closeHTTP2(w, r)
		}
		next.ServeHTTP(w, authenticated)
	})
}

// Authenticate returns a copy of r that has the user in its context, where
// [UserFrom] finds it, and no credential or identity headers. Of WebSocket
// subprotocols, those that carry a bearer token are gone and the others stay, in
// their order; a server that takes the connection chooses among these. The user
// is a member of system:authenticated unless it is anonymous. r is not changed,
// but for what an authenticator of another kind does to it; the copy has a header
// of its own if r carries a credential, and shares r's otherwise.
//
// Errors carry a [Reason]; [ErrNoCredential] is the one for a request that no
// authenticator had an opinion on. A panic of an authenticator is an error that
// wraps a [*PanicError]. Authenticate panics if the Middleware has no
// Authenticator.
func (m Middleware) Authenticate(r *http.Request) (*http.Request, error) {
	m.mustBeComplete()
	authenticated, outcome := m.decide(r)
	return authenticated, outcome.Err
}

func (m Middleware) mustBeComplete() {
	if m.Authenticator == nil {
		panic("authn: Middleware.Authenticator: required, and nil would mean to let everybody in")
	}
}

// decide authenticates r and tells whoever watches.
func (m Middleware) decide(r *http.Request) (*http.Request, Outcome) {
	link := linkFrom(r.Context())
	if link == nil && m.Observe == nil {
		authenticated, u, err := m.authenticate(r)
		return authenticated, Outcome{User: u, Err: err} // nobody looks at the rest
	}
	start := time.Now()
	authenticated, u, err := m.authenticate(r)
	o := Outcome{User: u, Err: err, Reason: ReasonOf(err), Duration: time.Since(start)}
	o.Method, o.Path, o.RemoteAddr = r.Method, r.URL.Path, r.RemoteAddr
	o.Verdict = verdictOf(err == nil, o.Reason)
	if o.Reason == NoCredential {
		o.Verdict = VerdictNotMine
	}
	if link != nil {
		link.decided(o)
	}
	if m.Observe != nil {
		m.Observe(r.Context(), o)
	}
	return authenticated, o
}

func (m Middleware) authenticate(r *http.Request) (_ *http.Request, u user.Info, err error) {
	defer func() {
		if v := recover(); v == http.ErrAbortHandler {
			panic(v) // net/http's way to end a connection
		} else if v != nil {
			u, err = nil, &Error{Reason: Panicked, Err: &PanicError{v, debug.Stack()}}
		}
	}()
	ctx := r.Context()
	if len(m.Audiences) > 0 {
		ctx = authenticator.WithAudiences(ctx, m.Audiences)
	}
	decided := &userContext{Context: ctx, link: linkFrom(ctx)} // nobody is in it yet
	r = r.WithContext(decided)
	copied := hasCredential(r.Header, m.CredentialHeaders)
	if copied {
		r.Header = copyHeader(r.Header)
	}
	resp, ok, err := AskRequest(m.Authenticator, r)
	switch {
	case err != nil:
		return nil, nil, err
	case !ok:
		return nil, nil, ErrNoCredential
	case !m.wanted(resp.Audiences):
		return nil, nil, Errorf(WrongAudience, "authn: the credential of user %s is for audiences %s, not for any of %q",
			clip.Quote(resp.User.GetName()), clip.Text(fmt.Sprintf("%q", resp.Audiences)), m.Audiences)
	}
	if !copied && hasCredential(r.Header, m.CredentialHeaders) { // one that an authenticator has put there
		r.Header, copied = copyHeader(r.Header), true
	}
	if copied {
		removeCredentials(r.Header, m.CredentialHeaders)
	}
	known := authenticated(resp.User)
	decided.user.Store(known)
	return r, known, nil
}

func (m Middleware) wanted(got authenticator.Audiences) bool {
	return len(m.Audiences) == 0 || len(got) == 0 || len(m.Audiences.Intersect(got)) > 0
}

// PanicError is a panic of an authenticator. Its text leaves out values that
// might hold a credential.
type PanicError struct {
	Value any `json:"-"`
	Stack []byte
}

func (e *PanicError) Error() string {
	if err, ok := e.Value.(runtime.Error); ok {
		return "authn: an authenticator panicked: " + err.Error()
	}
	return fmt.Sprintf("authn: an authenticator panicked with a %T", e.Value)
}
