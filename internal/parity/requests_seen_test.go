package parity

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"k8s.io/apiserver/pkg/authentication/user"
)

// authnUser is short for the interface of users.
type authnUser = user.Info

// seen is what came of a request.
type seen struct {
	code       int
	user       user.Info   // that the handler saw, if it was called
	header     http.Header // likewise
	connection string      // of the answer
	body       string      // after its type
	challenge  bool        // there is a WWW-Authenticate
	retry      bool        // there is a Retry-After
	err        error       // of ours
}

type seenKey struct{}

// seenIn finds where to note what is seen of the request of a context.
func seenIn(ctx context.Context) *seen { return ctx.Value(seenKey{}).(*seen) }

// sight is the handler behind a chain.
func sight(userFrom func(context.Context) (user.Info, bool)) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := seenIn(r.Context())
		s.user, _ = userFrom(r.Context())
		s.header = r.Header.Clone()
	})
}

// exchange is a request and what both chains make of it.
type exchange struct {
	test           string // that makes it; empty: TestRequests
	index          int
	chains         *chains
	certificate    *certificate
	certs          []*x509.Certificate // that were sent
	target         string
	header         http.Header
	proto          int // the major version of HTTP
	upstream, ours seen
	expected       seen // of ours, by upstream and the deviations
	explained      []string
}

// send sends the request to a chain. The header is its own.
func (x *exchange) send(to http.Handler) seen {
	r := httptest.NewRequest(http.MethodGet, x.target, nil)
	r.ProtoMajor = x.proto
	r.Header = x.header.Clone()
	r.TLS = &tls.ConnectionState{PeerCertificates: slices.Clone(x.certs)}
	s := &seen{}
	w := httptest.NewRecorder()
	to.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), seenKey{}, s)))
	s.code, s.connection, s.body = w.Code, w.Header().Get("Connection"), w.Header().Get("Content-Type")+"\n"+w.Body.String()
	s.challenge, s.retry = w.Header().Get("WWW-Authenticate") != "", w.Header().Get("Retry-After") != ""
	return *s
}

// same compares what a handler or a client could see. The body is only compared
// where the client asks for JSON: upstream has another idea of what others want.
func (x *exchange) same(a, b seen) bool {
	if a.code != b.code || a.connection != b.connection || a.challenge != b.challenge || a.retry != b.retry || (a.user == nil) != (b.user == nil) {
		return false
	}
	if a.user == nil {
		json := a.code == http.StatusUnauthorized && strings.Contains(x.header.Get("Accept"), "application/json")
		return !json || a.body == b.body
	}
	return answer{class: accepted, user: a.user}.same(answer{class: accepted, user: b.user}) && maps.EqualFunc(a.header, b.header, slices.Equal)
}

// String is all that it takes to see a difference again.
func (x *exchange) String() string {
	s := x.chains.setting
	text := fmt.Sprintf("go test -run %s -seed %d -only %d\nanonymous %s, audiences %q, plain %v\nHTTP/%d, GET %s\ncertificate %s (%d sent)\n",
		cmp.Or(x.test, "TestRequests"), *seed, x.index, s.anonymous, s.audiences, s.plain, x.proto, x.target, x.certificate, len(x.certs))
	for _, name := range slices.Sorted(maps.Keys(x.header)) {
		for _, value := range x.header[name] {
			text += fmt.Sprintf("%s: %.400q\n", name, value)
		}
	}
	return text + fmt.Sprintf("upstream %s\nexpected %s\nours     %s\n", x.upstream, x.expected, x.ours)
}

func (s seen) String() string {
	text := fmt.Sprint(s.code)
	if s.user != nil {
		text += " " + answer{class: accepted, user: s.user}.String() + fmt.Sprintf(", headers %.200q", slices.Sorted(maps.Keys(s.header)))
	}
	if s.connection != "" {
		text += ", connection " + s.connection
	}
	if s.err != nil {
		text += fmt.Sprintf(" (%.300v)", s.err)
	}
	if s.user == nil {
		text += fmt.Sprintf(" %q", s.body)
	}
	return text
}
