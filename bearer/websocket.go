package bearer

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/authscheme"
)

// WebSocket asks about the bearer tokens of requests for a WebSocket. Browsers
// cannot set an Authorization header there, so kube-apiserver takes the token as
// a subprotocol beside the one that is meant:
//
//	Sec-WebSocket-Protocol: v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.dG9rZW4
//
// A WebSocket's request that has a subprotocol with
// base64url.bearer.authorization.k8s.io in it, in whatever case, is this
// authenticator's. It is refused as malformed unless all of this holds:
//
//   - The one Upgrade header is websocket, and Connection lists upgrade, in any
//     case (RFC 6455, section 4.2.1). kube-apiserver takes the first of several
//     Upgrade headers, and a Connection with "upgrade" inside another word. What
//     no reader takes for a WebSocket is not this authenticator's, as in
//     kube-apiserver. Neither looks at the method and the version of HTTP, nor
//     reads the WebSockets of HTTP/2 (RFC 8441).
//   - There is one Sec-WebSocket-Protocol header. kube-apiserver joins several
//     (RFC 6455, section 11.3.4, allows them); many servers read the first only.
//   - Each subprotocol is a token of RFC 9110, section 5.6.2, and none is empty.
//     kube-apiserver takes anything between two commas.
//   - Exactly one carries a bearer token, and there is another one, for the server
//     to choose: kube-apiserver asks for both too, but an empty one counts there.
//   - The name is spelled in lower case, with a dot and the bearer token after
//     it. Other cases are other subprotocols to kube-apiserver, and an empty
//     token none at all, so that their senders become anonymous.
//   - The token is in base64url without padding, line breaks and stray bits in
//     the last character, so that each has one spelling. kube-apiserver forgives
//     the bits.
//   - Decoded, it is of visible ASCII characters, as in an Authorization header.
//     To kube-apiserver it may be any UTF-8.
//
// It leaves the request as it is; an [authn.Middleware] keeps the token from the
// handler. Of a request that has an Authorization header as well, it says nothing
// about that: a union asks an [Authenticator] and a WebSocket in its order.
type WebSocket struct {
	// Token judges the tokens. It is required. One that is bound to its sender (RFC
	// 7800) cannot come this way.
	Token authenticator.Token

	// MaxBytes is the length of the longest token, decoded, that Token is asked
	// about; longer ones are refused unread. Zero means [MaxToken].
	MaxBytes int
}

// NewWebSocket returns a [WebSocket] of tokens up to [MaxToken] bytes. It panics
// if token is nil.
func NewWebSocket(token authenticator.Token) *WebSocket {
	if token == nil {
		panic("bearer.NewWebSocket: the authenticator of tokens is nil")
	}
	return &WebSocket{Token: token}
}

// String is how a trace calls it.
func (w *WebSocket) String() string { return "websocket" }

// HealthCheck returns what [authn.HealthOf] Token returns.
func (w *WebSocket) HealthCheck() error { return authn.HealthOf(w.Token) }

// AuthenticateRequest implements [authenticator.Request]. It has no opinion on a
// request that is for no WebSocket or has no bearer token among its subprotocols.
// A token that nobody recognizes is refused with [authn.UnknownToken], a
// malformed header with [authn.Malformed].
func (w *WebSocket) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	token, ok, err := fromWebSocket(r, limit(w.MaxBytes))
	if err != nil {
		return nil, false, err
	}
	if !ok {
		authn.Note(r.Context(), "no WebSocket with a bearer token")
		return nil, false, nil
	}
	if w.Token == nil {
		return nil, false, authn.Errorf(authn.Unavailable, "bearer: WebSocket.Token: required")
	}
	return ask(r.Context(), w.Token, token)
}

// FromWebSocket returns the bearer token among the WebSocket subprotocols of r,
// and whether there is one. One that is not of the form that [WebSocket]
// describes, or longer than [MaxToken], is an error with the reason
// [authn.Malformed].
func FromWebSocket(r *http.Request) (token string, ok bool, err error) {
	return fromWebSocket(r, MaxToken)
}

func fromWebSocket(r *http.Request, maxBytes int) (string, bool, error) {
	lists := r.Header["Sec-Websocket-Protocol"]
	if !slices.ContainsFunc(lists, authscheme.HasProtocol) {
		return "", false, nil
	}
	some, all := isWebSocket(r.Header)
	switch {
	case !some:
		return "", false, nil
	case !all:
		return "", false, malformedProtocol("want one Upgrade header, websocket, and upgrade in Connection")
	case len(lists) > 1:
		return "", false, malformedProtocol("%d headers", len(lists))
	}
	protocol, err := bearerProtocol(lists[0])
	if err != nil {
		return "", false, err
	}
	token, err := decode(protocol, maxBytes)
	return token, err == nil, err
}

// isWebSocket reports whether some reader takes h for the request of a WebSocket,
// and whether all do.
func isWebSocket(h http.Header) (some, all bool) {
	upgrade, connection := h["Upgrade"], h["Connection"]
	some = hasMember(upgrade, "websocket") && slices.ContainsFunc(connection, func(v string) bool {
		return strings.Contains(strings.ToLower(v), "upgrade")
	})
	all = some && len(upgrade) == 1 && len(strings.Trim(upgrade[0], " \t")) == len("websocket") && hasMember(connection, "upgrade")
	return some, all
}

// hasMember reports whether one of the comma-separated values is word, compared
// as Unicode has it: a long s is an s, but longer.
func hasMember(values []string, word string) bool {
	for _, value := range values {
		for member := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.Trim(member, " \t"), word) {
				return true
			}
		}
	}
	return false
}

// bearerProtocol returns the member of list that is meant to carry a token.
func bearerProtocol(list string) (string, error) {
	var bearer string
	bearers, others := 0, 0
	for protocol := range strings.SplitSeq(list, ",") {
		protocol = strings.Trim(protocol, " \t")
		switch {
		case authscheme.HasProtocol(protocol):
			bearer = protocol // its characters are decode's
			bearers++
		case !authscheme.IsToken(protocol):
			return "", malformedProtocol("subprotocol %d is empty or has characters that no name has", bearers+others+1)
		default:
			others++
		}
	}
	switch {
	case bearers > 1:
		return "", malformedProtocol("%d bearer tokens", bearers)
	case others == 0:
		return "", malformedProtocol("want another subprotocol beside the bearer token")
	}
	return bearer, nil
}

// strict refuses bits that are not of the token, but skips line breaks.
var strict = base64.RawURLEncoding.Strict()

// decode returns the token that protocol carries.
func decode(protocol string, maxBytes int) (string, error) {
	encoded, ok := strings.CutPrefix(protocol, authscheme.Protocol+".")
	switch n := strict.DecodedLen(len(encoded)); {
	case !ok || encoded == "":
		return "", malformedProtocol("want %s, a dot and a token", authscheme.Protocol)
	case n > maxBytes:
		return "", malformedProtocol("a token of %d bytes, more than %d", n, maxBytes)
	}
	decoded, err := strict.DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return "", malformedProtocol("the token is not base64url without padding")
	}
	token := string(decoded)
	if i := notVisible(token); i >= 0 {
		return "", malformedProtocol("byte %d of the decoded token is a blank, a control character or not ASCII", i)
	}
	return token, nil
}

func malformedProtocol(format string, args ...any) error {
	return authn.Errorf(authn.Malformed, "bearer: Sec-WebSocket-Protocol: "+format, args...)
}
