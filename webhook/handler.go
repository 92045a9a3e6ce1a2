package webhook

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
)

// Reviewer is the other side of an [Authenticator]: it serves what any authenticator
// of tokens knows as a TokenReview API, on every path, for kube-apiserver's
// --authentication-token-webhook-config-file and whoever else asks such APIs. It must
// not be changed once it is in use.
//
// # Who may ask
//
// Whoever may ask can try tokens, and learns whose they are. So a Reviewer belongs
// behind a [authn.Middleware] that lets in those who are to ask and nobody else, by a
// client certificate or a token of their own, and behind TLS.
//
// # Audiences
//
// kube-apiserver takes an answer that names no audiences for one that is good for its
// own. So a review that is limited to audiences is answered "authenticated" only if the
// answer can name at least one of them, for which the token is good by what Token says
// or, where that says nothing of audiences, by what Audiences says. Of a review that is
// not limited the same holds for Audiences, if there are any.
//
// # What is answered
//
// A POST of one TokenReview of authentication.k8s.io/v1 or v1beta1 in JSON, with its
// members named to the letter and no member twice, is answered in its version:
//
//   - accepted: the user and the audiences;
//   - refused: not authenticated, and the [authn.Reason] as the error, no more. Observe
//     is told the rest;
//   - not known: not authenticated;
//   - [authn.Unavailable]: 503 with Retry-After, since whoever asks may remember that a
//     token is not authenticated;
//   - a panic of Token: 500.
//
// What asks for anything else is 400, 405, 413 or 415; that goes for protobuf too, which
// client-go's typed clients send unless their ContentType says JSON. Members that are
// not known are not looked at, as in kube-apiserver. No answer has the token in it.
//
// Tokens that are bound to their senders (RFC 7800) are refused: whoever asks could not
// tell who sent them. So are users that JSON cannot carry as they are, and anonymous
// ones. When a token ends is more than a TokenReview can say: whoever remembers the
// answer may take the token for as long after that.
//
// A review lasts no longer than its request. How long a client may take to send it is
// for the server's ReadTimeout.
type Reviewer struct {
	// Token judges the tokens. It is required. It is told of whoever asks neither the
	// user nor anything else in the request's context, only when that ends.
	Token authenticator.Token

	// Audiences are those that every token is good for which Token accepts without
	// naming audiences: each one of them, so an authenticator of JWTs that takes several
	// values of "aud" must have one Reviewer, or one
	// [authenticator.WrapAudienceAgnosticToken], for each that somebody else is behind.
	// They are also what a review is about that asks about none. Nil means that tokens
	// without audiences are good for no review that is limited to any.
	Audiences authenticator.Audiences

	// MaxBytes is the length of the longest review that is read. Zero means 64 KiB.
	MaxBytes int

	// MaxToken is the length of the longest token that Token is asked about; longer ones
	// are refused, like those that [bearer] would. Zero means 16 KiB.
	//
	// [bearer]: https://pkg.go.dev/github.com/authnchain/authnchain/bearer
	MaxToken int

	// Observe is told of every decision, before the review is answered. The context is
	// that of the request, in which [authn.UserFrom] finds who asks. It must be safe for
	// concurrent use. Nil means that nobody watches.
	Observe func(context.Context, Review)
}

// Review is what a [Reviewer] decided on one token.
type Review struct {
	Verdict   authn.Verdict           // [authn.VerdictAccepted], [authn.VerdictRefused], [authn.VerdictUnavailable] or [authn.VerdictNotMine]
	Reason    authn.Reason            // why it was refused or unavailable; else empty
	User      user.Info               // whose token it is; nil if not accepted
	Audiences authenticator.Audiences // that were asked for, or that the answer names if accepted
	Err       error                   // nil unless refused or unavailable
	Duration  time.Duration           // how long it took
	Trace     authn.Link              // what each authenticator of the chain said, as [authn.Explain] shows it
}

// Handler returns a [Reviewer] of token, with these Audiences. It panics if token is
// nil.
func Handler(token authenticator.Token, audiences ...string) http.Handler {
	if token == nil {
		panic("webhook.Handler: the authenticator of tokens is nil")
	}
	return Reviewer{Token: token, Audiences: audiences}
}

// ServeHTTP answers a review.
func (rv Reviewer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, wrong := readQuestion(w, r, orDefault(rv.MaxBytes, 64<<10))
	if wrong != nil {
		wrong.write(w)
		return
	}
	switch review := rv.Judge(r.Context(), q.token, q.audiences); review.Reason {
	case authn.Unavailable:
		w.Header().Set("Retry-After", wholeSeconds(authn.RetryAfterOf(review.Err)))
		(&refusal{http.StatusServiceUnavailable, "the token cannot be judged now"}).write(w)
	case authn.Panicked:
		(&refusal{http.StatusInternalServerError, "the token could not be judged"}).write(w)
	default:
		writeJSON(w, http.StatusOK, review.answer(q.version))
	}
}

func orDefault(n, usual int) int {
	if n > 0 {
		return n
	}
	return usual
}

// wholeSeconds returns d as Retry-After has it (RFC 9110, section 10.2.3), and one
// second if d is not known.
func wholeSeconds(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}
