// Package bearer authenticates requests by the bearer token of RFC 6750.
//
// [New] takes the token out of the Authorization header and asks any
// [authenticator.Token] about it; [Tokens] is one that knows a fixed list.
// [NewWebSocket] takes it out of the subprotocols of a WebSocket, for browsers.
//
// # What is a bearer token here
//
// A request with the scheme "Bearer", in whatever case, has a bearer token and
// nothing else: exactly one Authorization header, one blank after the scheme,
// then only visible ASCII characters (RFC 6750, section 2.1, allows fewer; the
// others are for static tokens that kube-apiserver takes). What is malformed is
// refused: "Bearer a b", "Bearer" alone, two blanks, two headers. kube-apiserver
// reads "Bearer a b" as the token "a" and takes the others for no credential at
// all, so that their senders become anonymous.
//
// Other schemes, such as Basic, are not this package's and get no opinion. The scheme
// DPoP is, if [Authenticator].Bound is set.
package bearer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/authscheme"
	"github.com/authnchain/authnchain/internal/confirm"
)

// MaxToken is how many bytes of token [From] and [FromWebSocket] take, and how
// many an [Authenticator] or a [WebSocket] takes that does not say otherwise.
const MaxToken = 16 << 10

// Authenticator asks about the bearer tokens of requests.
type Authenticator struct {
	// Token judges the tokens. It is required.
	Token authenticator.Token

	// MaxBytes is the length of the longest token that Token is asked about;
	// longer ones are refused unread. Zero means [MaxToken].
	MaxBytes int

	// Bound takes tokens that are bound to their senders (RFC 7800) from authenticators
	// that know such, as package jwt's do with a Config.Binding: on every request it
	// checks what proves that the sender is the right one. The scheme may be DPoP then
	// (RFC 9449, section 7.1), and must be for tokens that are bound to a key. False
	// means that Token accepts no token that is bound.
	Bound bool
}

// New returns an [Authenticator] of tokens up to [MaxToken] bytes. It panics if
// token is nil.
func New(token authenticator.Token) *Authenticator {
	if token == nil {
		panic("bearer.New: the authenticator of tokens is nil")
	}
	return &Authenticator{Token: token}
}

// String is how a trace calls it.
func (a *Authenticator) String() string { return "bearer" }

// HealthCheck returns what [authn.HealthOf] Token returns.
func (a *Authenticator) HealthCheck() error { return authn.HealthOf(a.Token) }

// AuthenticateRequest implements [authenticator.Request]. It has no opinion on a
// request without a bearer token. A token that nobody recognizes is refused with
// [authn.UnknownToken], a malformed header with [authn.Malformed].
func (a *Authenticator) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	token, ok, err := from(r, limit(a.MaxBytes), a.Bound)
	if err != nil {
		return nil, false, err
	}
	if !ok {
		a.noteNone(r)
		return nil, false, nil
	}
	if a.Token == nil {
		return nil, false, authn.Errorf(authn.Unavailable, "bearer: Authenticator.Token: required")
	}
	if a.Bound {
		return askBound(r, a.Token, token)
	}
	return ask(r.Context(), a.Token, token)
}

// noteNone tells the operator what to do if it is a token of a scheme that could be
// taken.
func (a *Authenticator) noteNone(r *http.Request) {
	if _, isDPoP := authscheme.DPoP(r.Header.Get("Authorization")); isDPoP {
		authn.Note(r.Context(), "the scheme is DPoP, and Bound is not set")
		return
	}
	authn.Note(r.Context(), "no bearer token")
}

// ask asks auth about a token that a request carries.
func ask(ctx context.Context, auth authenticator.Token, token string) (*authenticator.Response, bool, error) {
	resp, ok, err := authn.AskToken(ctx, auth, token)
	if !ok && err == nil {
		return nil, false, errUnknown
	}
	return resp, ok, err
}

// askBound is ask for tokens that may be bound to their senders.
func askBound(r *http.Request, auth authenticator.Token, token string) (*authenticator.Response, bool, error) {
	ctx, promise := confirm.New(r.Context())
	resp, ok, err := ask(ctx, auth, token)
	if !ok {
		return nil, false, err
	}
	if err := promise.Keep(resp.User, r, token); err != nil {
		return nil, false, authn.Mine(unproven(err)) // somebody here has accepted the token
	}
	return resp, true, nil
}

// unproven is for an error of [confirm.Promise.Keep].
func unproven(err error) error {
	switch {
	case errors.Is(err, confirm.ErrLost):
		return authn.Errorf(authn.Unavailable, "bearer: %w", err)
	case errors.Is(err, confirm.ErrUnbound):
		return authn.Errorf(authn.BadProof, "bearer: %w", err)
	}
	return fmt.Errorf("bearer: %w", err)
}

var errUnknown = authn.Errorf(authn.UnknownToken, "bearer: nobody recognizes the token")

func limit(maxBytes int) int {
	if maxBytes > 0 {
		return maxBytes
	}
	return MaxToken
}

// From returns the bearer token of r, and whether there is one. A header that
// has the scheme Bearer but is not of the form that the package's comment
// describes, or a token longer than [MaxToken], is an error with the reason
// [authn.Malformed].
func From(r *http.Request) (token string, ok bool, err error) { return from(r, MaxToken, false) }

func from(r *http.Request, maxBytes int, dpop bool) (string, bool, error) {
	headers := r.Header["Authorization"]
	switch len(headers) {
	case 0:
		return "", false, nil
	case 1:
		return parse(headers[0], maxBytes, dpop)
	}
	for _, h := range headers {
		if _, ok, err := parse(h, maxBytes, dpop); ok || err != nil {
			return "", false, malformed("%d Authorization headers", len(headers)) // RFC 9110, section 5.3
		}
	}
	return "", false, nil
}

// parse reads the value of an Authorization header.
func parse(header string, maxBytes int, dpop bool) (string, bool, error) {
	header = strings.TrimRight(header, " \t")
	rest, ok := authscheme.Bearer(header)
	if !ok && dpop {
		rest, ok = authscheme.DPoP(header)
	}
	if !ok {
		return "", false, nil
	}
	token, ok := strings.CutPrefix(rest, " ")
	switch {
	case !ok || token == "":
		return "", false, malformed("want one blank and a token after the scheme")
	case len(token) > maxBytes:
		return "", false, malformed("a token of %d bytes, more than %d", len(token), maxBytes)
	}
	if i := notVisible(token); i >= 0 {
		return "", false, malformed("byte %d of the token is a blank, a control character or not ASCII", i)
	}
	return token, true, nil
}

func malformed(format string, args ...any) error {
	return authn.Errorf(authn.Malformed, "bearer: the Authorization header: "+format, args...)
}
