package authn

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"reflect"
	"strings"
	"sync"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/internal/clip"
)

// A Verdict is what a link of a chain said of a credential.
type Verdict string

const (
	VerdictAccepted    Verdict = "accepted"
	VerdictRefused     Verdict = "refused"
	VerdictNotMine     Verdict = "not mine"
	VerdictUnavailable Verdict = "unavailable"
	VerdictNotTried    Verdict = "not tried"
)

// A Link is what one authenticator said of one request.
type Link struct {
	Name    string        `json:"name"`             // what the authenticator calls itself; empty for the request as a whole
	Verdict Verdict       `json:"verdict"`          // empty while it has not answered
	Reason  Reason        `json:"reason,omitempty"` // of a verdict refused or unavailable; of the whole also NoCredential
	Detail  string        `json:"detail,omitempty"` // for the operator: the error's text, or why it was not mine
	User    string        `json:"user,omitempty"`   // of a verdict accepted
	Took    time.Duration `json:"took"`             // in nanoseconds
	Links   []Link        `json:"links,omitempty"`  // what it asked in turn
}

// A Trace records what each link of a chain said of one request; it grows with
// every further one. [WithTrace] makes one, the zero Trace is empty. It is safe
// for concurrent use.
type Trace struct {
	mu      sync.Mutex // guards all links below root
	root    *link
	explain bool // it is of Explain
}

// WithTrace returns a context under which chains record into the trace: give it
// to a request ([http.Request.WithContext]) before a [Middleware] or an
// authenticator sees it.
func WithTrace(ctx context.Context) (context.Context, *Trace) {
	t := &Trace{}
	t.root = &link{trace: t, start: time.Now()}
	return t.root.context(ctx), t
}

// TraceFrom returns the trace of [WithTrace] that records in ctx, and whether
// there is one.
func TraceFrom(ctx context.Context) (*Trace, bool) {
	if l := linkFrom(ctx); l != nil {
		return l.trace, true
	}
	return nil, false
}

// Explain asks auth about r and returns what every link said, as a [Middleware]
// without Audiences would have it. r must be as it came from the client: behind a
// Middleware it has no credential any more. It is not changed, and what it carries is
// not used up. What a cache has refused is asked for anew, so do not explain every
// request of a flood.
func Explain(auth authenticator.Request, r *http.Request) *Trace {
	ctx, t := WithTrace(r.Context())
	t.explain = true
	_, _ = Middleware{Authenticator: auth}.Authenticate(r.Clone(ctx)) // the trace has it all
	return t
}

// Explaining reports whether ctx is that of [Explain]. Then who remembers refusals
// asks anew, and who takes something once only looks.
func Explaining(ctx context.Context) bool {
	l := linkFrom(ctx)
	return l != nil && l.trace.explain
}

// Result returns a copy of what has been recorded: a Link without a name, for
// the request as a whole, that holds the others.
func (t *Trace) Result() Link {
	if t.root == nil {
		return Link{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.root.snapshot()
}

// Note tells the operator something that an answer cannot carry, such as why a
// request is not mine. It does nothing if ctx has no trace, so authenticators
// may call it always; text must not hold a credential.
func Note(ctx context.Context, text string) {
	l := linkFrom(ctx)
	if l == nil {
		return
	}
	l.trace.mu.Lock()
	defer l.trace.mu.Unlock()
	if l.Verdict == "" {
		l.Detail = clip.Line(text)
	}
}

// Skip records, for chains, that auth was not asked, and why.
func Skip(ctx context.Context, auth any, why string) {
	if l := begin(ctx, auth); l != nil {
		l.trace.mu.Lock()
		defer l.trace.mu.Unlock()
		l.Verdict, l.Detail = VerdictNotTried, clip.Line(why)
	}
}

// Traced reports whether ctx has a trace, for what is only worth doing then.
func Traced(ctx context.Context) bool { return linkFrom(ctx) != nil }

// link is a Link that is being recorded.
type link struct {
	Link
	trace *Trace
	start time.Time
	links []*link
}

type linkKey struct{}

func (l *link) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, linkKey{}, l)
}

func linkFrom(ctx context.Context) *link {
	l, _ := ctx.Value(linkKey{}).(*link)
	return l
}

// begin returns a new link for auth below the one in ctx. It returns nil if
// there is none or if auth is a [Chain].
func begin(ctx context.Context, auth any) *link {
	parent := linkFrom(ctx)
	if parent == nil {
		return nil
	}
	if _, ok := auth.(Chain); ok {
		return nil
	}
	l := &link{Link: Link{Name: nameOf(auth)}, trace: parent.trace, start: time.Now()}
	l.trace.mu.Lock()
	defer l.trace.mu.Unlock()
	parent.links = append(parent.links, l)
	return l
}

// end records the answer. What is noted later comes too late.
func (l *link) end(resp *authenticator.Response, ok bool, err error) {
	l.trace.mu.Lock()
	defer l.trace.mu.Unlock()
	l.Took = time.Since(l.start)
	l.Reason = ReasonOf(err)
	l.Verdict = verdictOf(ok, l.Reason)
	switch {
	case err != nil:
		l.Detail = clip.Line(strings.TrimPrefix(err.Error(), l.Name+": "))
	case ok:
		l.User = resp.User.GetName()
	}
}

// decided records the decision on the request as a whole.
func (l *link) decided(o Outcome) {
	l.trace.mu.Lock()
	defer l.trace.mu.Unlock()
	l.Verdict, l.Reason, l.Took = o.Verdict, o.Reason, o.Duration
	if o.Err != nil {
		l.Detail = clip.Line(o.Err.Error())
	} else {
		l.User = o.User.GetName()
	}
}

// panicked ends a link that has not ended. It is deferred.
func (l *link) panicked() {
	l.trace.mu.Lock()
	defer l.trace.mu.Unlock()
	if l.Verdict == "" {
		l.Took, l.Verdict, l.Reason, l.Detail = time.Since(l.start), VerdictRefused, Panicked, "panicked"
	}
}

func verdictOf(ok bool, reason Reason) Verdict {
	switch {
	case reason == Unavailable:
		return VerdictUnavailable
	case reason != "":
		return VerdictRefused
	case ok:
		return VerdictAccepted
	default:
		return VerdictNotMine
	}
}

func (l *link) snapshot() Link {
	s := l.Link
	for _, child := range l.links {
		s.Links = append(s.Links, child.snapshot())
	}
	return s
}

// nameOf returns what an authenticator calls itself, if it is a [fmt.Stringer],
// or the name of its type, of which "pkg.Authenticator" is just "pkg".
func nameOf(auth any) string {
	switch a := auth.(type) {
	case fmt.Stringer:
		return a.String()
	case authenticator.RequestFunc, authenticator.TokenFunc:
		return "func"
	}
	t := reflect.TypeOf(auth)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.PkgPath() == "" {
		return t.Kind().String() // a type without a name
	}
	name := path.Base(t.PkgPath())
	if strings.EqualFold(t.Name(), "Authenticator") {
		return name
	}
	return name + "." + t.Name()
}
