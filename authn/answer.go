package authn

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authnchain/authnchain/internal/authscheme"
)

// Refuse answers a request that nobody is authenticated for because of err:
//
//   - 503 Service Unavailable with Retry-After, if something that could have
//     accepted it was [Unavailable];
//   - 500 Internal Server Error, if an authenticator panicked;
//   - 401 Unauthorized in all other cases, with the challenge of RFC 6750,
//     section 3, which says error="invalid_token" if there was a bearer token, or
//     that of RFC 9449, section 7.1, if there was one of the scheme DPoP: then
//     error="invalid_dpop_proof" says that the token may be good.
//
// The body is the status's text or, for clients that accept application/json, a
// Kubernetes Status object. Over HTTP/2 the answer ends the connection, so that
// nobody without a credential can keep one busy (CVE-2023-44487).
func (m Middleware) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	code := http.StatusUnauthorized
	switch ReasonOf(err) {
	case Unavailable:
		code = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", seconds(RetryAfterOf(err)))
	case Panicked:
		code = http.StatusInternalServerError
	case BadProof:
		w.Header().Set("WWW-Authenticate", m.challenge(r, "invalid_dpop_proof"))
	default:
		w.Header().Set("WWW-Authenticate", m.Challenge(r))
	}
	answer(w, r, code)
}

// PlainUnauthorized answers every request that nobody is authenticated for as
// kube-apiserver does, but for the form of the body: 401 without a challenge, also
// where something was [Unavailable], and 500 if an authenticator panicked. It is one
// value for [Middleware.Unauthorized].
func PlainUnauthorized(w http.ResponseWriter, r *http.Request, err error) {
	code := http.StatusUnauthorized
	if ReasonOf(err) == Panicked {
		code = http.StatusInternalServerError
	}
	answer(w, r, code)
}

// Challenge returns the value of WWW-Authenticate for a 401 that answers r, for
// those who write an Unauthorized of their own. A request without a bearer token
// is told no error (RFC 6750, section 3.1); one with the scheme DPoP is answered in
// that scheme.
func (m Middleware) Challenge(r *http.Request) string { return m.challenge(r, errToken) }

const errToken = "invalid_token"

// challenge is Challenge where badProof is the error of those who come with the
// scheme DPoP.
func (m Middleware) challenge(r *http.Request, badProof string) string {
	realm := m.Realm
	if realm == "" {
		realm = "api"
	}
	bearer := has(r, authscheme.Bearer) || slices.ContainsFunc(r.Header["Sec-Websocket-Protocol"], authscheme.HasProtocol)
	scheme, code, dpop := "Bearer", errToken, has(r, authscheme.DPoP)
	if dpop && !bearer {
		scheme, code = "DPoP", badProof // RFC 9449, section 7.1
	}
	c := scheme + " realm=" + quotedString(realm)
	if bearer || dpop {
		c += `, error="` + code + `"`
	}
	if m.ResourceMetadata != "" {
		c += ", resource_metadata=" + quotedString(m.ResourceMetadata)
	}
	return c
}

// has reports whether r has an Authorization of a scheme.
func has(r *http.Request, scheme func(string) (string, bool)) bool {
	return slices.ContainsFunc(r.Header["Authorization"], func(v string) bool {
		_, ok := scheme(v)
		return ok
	})
}

// quotedString returns s as RFC 9110, section 5.6.4, quotes it. What cannot be
// in a header is left out.
func quotedString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c >= ' ' && c != 0x7f:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// seconds returns d as Retry-After has it (RFC 9110, section 10.2.3), and one
// second if d is not known.
func seconds(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}

// closeHTTP2 ends an HTTP/2 connection after this answer.
func closeHTTP2(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 2 {
		w.Header().Set("Connection", "close") // net/http makes it a GOAWAY
	}
}

// status is Kubernetes' metav1.Status, as far as a refusal has one: the message,
// the reason and the code are to be filled in.
const status = `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"reason":%q,"code":%d}` + "\n"

// statusReasons are metav1's names for the codes.
var statusReasons = map[int]string{
	http.StatusUnauthorized:        "Unauthorized",
	http.StatusServiceUnavailable:  "ServiceUnavailable",
	http.StatusInternalServerError: "InternalError",
}

func answer(w http.ResponseWriter, r *http.Request, code int) {
	closeHTTP2(w, r)
	text := http.StatusText(code)
	h := w.Header()
	for _, name := range [...]string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified"} {
		h.Del(name) // of the answer that somebody else meant to give
	}
	h.Set("Cache-Control", "no-store") // an answer to one caller is nobody else's
	h.Set("X-Content-Type-Options", "nosniff")
	if !acceptsJSON(r) {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(code)
		fmt.Fprintln(w, text)
		return
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, status, text, statusReasons[code], code) // all plain ASCII, which JSON quotes as Go does
}

// acceptsJSON reports whether the client names application/json among what it
// accepts (RFC 9110, section 12.5.1), with a weight that is not zero.
func acceptsJSON(r *http.Request) bool {
	for _, accept := range r.Header["Accept"] {
		for mediaRange := range strings.SplitSeq(accept, ",") {
			name, params, _ := strings.Cut(mediaRange, ";")
			if strings.EqualFold(strings.TrimSpace(name), "application/json") && !weightless(params) {
				return true
			}
		}
	}
	return false
}

func weightless(params string) bool {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(value, 64)
			return err != nil || !(q > 0 && q <= 1) // not NaN either
		}
	}
	return false
}
