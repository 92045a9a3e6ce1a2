package webhook

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/confirm"
)

// Judge decides on a token, of which nil or no audiences mean that it is not limited to
// any, and tells Observe. It is what [Reviewer.ServeHTTP] answers by.
func (rv Reviewer) Judge(ctx context.Context, token string, audiences []string) Review {
	start := time.Now()
	judging, end := apart(ctx)
	defer end()
	judging, trace := authn.WithTrace(judging)
	if len(audiences) == 0 {
		audiences = rv.Audiences
	}
	resp, err := rv.judge(judging, token, audiences)

	review := Review{Verdict: authn.VerdictNotMine, Audiences: audiences, Err: err, Reason: authn.ReasonOf(err)}
	switch {
	case review.Reason == authn.Unavailable:
		review.Verdict = authn.VerdictUnavailable
	case err != nil:
		review.Verdict = authn.VerdictRefused
	case resp != nil:
		review.Verdict, review.User, review.Audiences = authn.VerdictAccepted, resp.User, resp.Audiences
	}
	review.Duration = time.Since(start)
	review.Trace = review.trace(trace)
	if rv.Observe != nil {
		rv.Observe(ctx, review)
	}
	return review
}

// trace returns the link that stands for all that was recorded.
func (r *Review) trace(t *authn.Trace) authn.Link {
	l := authn.Link{Verdict: r.Verdict, Reason: r.Reason, Took: r.Duration, Links: t.Result().Links}
	if r.Err != nil {
		l.Detail = clip.Line(r.Err.Error())
	}
	if r.User != nil {
		l.User = r.User.GetName()
	}
	return l
}

// apart returns a context that ends with ctx, and has nothing else of it: what the
// request for a review is limited to, and who may send it, says nothing of the token.
func apart(ctx context.Context) (context.Context, context.CancelFunc) {
	own, cancel := context.WithCancel(context.Background())
	if deadline, ok := ctx.Deadline(); ok {
		cancel() // it has nothing to end
		own, cancel = context.WithDeadline(context.Background(), deadline)
	}
	stop := context.AfterFunc(ctx, cancel)
	return own, func() {
		stop()
		cancel()
	}
}

// judge returns the user and the audiences to answer with, or nil if nobody knows the
// token.
func (rv Reviewer) judge(ctx context.Context, token string, asked authenticator.Audiences) (resp *authenticator.Response, err error) {
	defer func() {
		if v := recover(); v == http.ErrAbortHandler {
			panic(v) // net/http's way to end a connection
		} else if v != nil {
			resp, err = nil, &authn.Error{Reason: authn.Panicked, Err: &authn.PanicError{Value: v, Stack: debug.Stack()}}
		}
	}()
	if rv.Token == nil {
		return nil, authn.Errorf(authn.Unavailable, "webhook: Reviewer.Token: required")
	}
	if err := rv.checkToken(token); err != nil {
		return nil, err
	}
	if len(asked) > 0 {
		ctx = authenticator.WithAudiences(ctx, slices.Clone(asked))
	}
	ctx, promise := confirm.New(ctx) // lest a bound token is merely unavailable
	got, ok, err := authn.AskToken(ctx, rv.Token, token)
	if err != nil || !ok {
		return nil, err
	}
	if confirm.Of(got.User) != nil || promise.Lost(got.User) {
		return nil, authn.Errorf(authn.BadProof, "webhook: the token is bound to its sender, whom a review does not tell")
	}
	if err := checkUser(got.User); err != nil {
		return nil, authn.Errorf(authn.InvalidUser, "webhook: %w", err)
	}
	audiences, err := rv.proven(got.Audiences, asked)
	if err != nil {
		return nil, err
	}
	return &authenticator.Response{User: got.User, Audiences: audiences}, nil
}

// checkToken holds tokens to what package bearer takes.
func (rv Reviewer) checkToken(token string) error {
	longest := orDefault(rv.MaxToken, 16<<10)
	switch i := strings.IndexFunc(token, func(r rune) bool { return r < '!' || r > '~' }); {
	case token == "":
		return authn.Errorf(authn.Malformed, "webhook: the token is empty")
	case len(token) > longest:
		return authn.Errorf(authn.Malformed, "webhook: a token of %d bytes, more than %d", len(token), longest)
	case i >= 0:
		return authn.Errorf(authn.Malformed, "webhook: byte %d of the token is a blank, a control character or not ASCII", i)
	}
	return nil
}

// proven returns the audiences among those asked for, if any were, that an accepted
// token is known to be good for.
func (rv Reviewer) proven(got, asked authenticator.Audiences) (authenticator.Audiences, error) {
	if len(got) == 0 {
		got = rv.Audiences
	}
	if len(asked) == 0 {
		return got, nil
	}
	common := asked.Intersect(got)
	switch {
	case len(got) == 0:
		return nil, authn.Errorf(authn.WrongAudience, "webhook: the token is accepted without audiences, and Reviewer.Audiences says none: it is not known to be for any of %s", clip.Some(asked))
	case len(common) == 0:
		return nil, authn.Errorf(authn.WrongAudience, "webhook: the token is for %s, not for any of %s", clip.Some(got), clip.Some(asked))
	}
	return common, nil
}

// checkUser says why a user is none that an answer can name. Its name has been checked.
func checkUser(u user.Info) error {
	if authn.IsAnonymous(u) {
		return errors.New("the token was accepted as nobody in particular")
	}
	texts := append([]string{u.GetUID()}, u.GetGroups()...)
	for key, values := range u.GetExtra() {
		texts = append(append(texts, key), values...)
	}
	if slices.ContainsFunc(texts, func(s string) bool { return !utf8.ValidString(s) }) {
		return errors.New("the user's uid, groups or extra attributes are not UTF-8, which JSON cannot carry")
	}
	return nil
}
