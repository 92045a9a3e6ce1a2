package authn

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/clip"
)

// RevocationList knows which credentials were taken back. [RevocationFile] and
// [MemoryRevocations] are lists; others may be kept elsewhere.
type RevocationList interface {
	// Revoked says why the credential that u was accepted for is not good any more: an
	// error with the reason [Revoked] that names the entry and holds no token. Any other
	// error says that the list cannot tell now. Nil means that u is not on the list.
	//
	// It is given u as the authenticator made it, of which it must change nothing. What
	// the credential is called is in u's extra attribute [user.CredentialIDKey],
	// [IssuedOf] and [CertificateOf] tell more. It is asked on every request, so it had
	// better remember; it must be safe for concurrent use.
	Revoked(ctx context.Context, u user.Info) error
}

// Revocations refuses requests that auth accepts for a credential on one of the lists,
// with the reason [Revoked], on the next request after the list has changed. Put it
// around the whole chain, so that nothing goes past it and no cache remembers for
// longer:
//
//	auth = authn.Revocations(auth, denied)
//
// If no list has the credential but one cannot tell, the request is [Unavailable] and
// never accepted. A request with a credential that was taken back and a good one is
// refused if auth accepts the former first; for the other to be asked, have each of a
// union's members in Revocations of its own. An authenticator in between that gives
// another user must hand on its extra attribute, Issued and Certificate.
//
// In a trace the links of auth are followed by "revocations". Revocations panics if
// auth or a list is nil, or there is no list.
func Revocations(auth authenticator.Request, lists ...RevocationList) authenticator.Request {
	if auth == nil {
		panic("authn.Revocations: the authenticator to wrap is nil")
	}
	return &revokedRequests{auth, revocationCheckOf("authn.Revocations", auth, lists)}
}

// TokenRevocations is [Revocations] around an authenticator of tokens, for those who
// have no requests, or want the tokens of one issuer checked. It goes around a cache; a
// cache around it forgets what it has remembered when auth or one of the lists that are
// [Generational] changes, and learns of other lists when that has ended.
func TokenRevocations(auth authenticator.Token, lists ...RevocationList) authenticator.Token {
	if auth == nil {
		panic("authn.TokenRevocations: the authenticator to wrap is nil")
	}
	return &revokedTokens{auth, revocationCheckOf("authn.TokenRevocations", auth, lists)}
}

type revokedRequests struct {
	auth authenticator.Request
	*revocationCheck
}

// AuthenticateRequest implements [authenticator.Request].
func (c *revokedRequests) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	resp, ok, err := AskRequest(c.auth, r)
	return c.answer(r.Context(), resp, ok, err)
}

type revokedTokens struct {
	auth authenticator.Token
	*revocationCheck
}

// AuthenticateToken implements [authenticator.Token].
func (c *revokedTokens) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	resp, known, err := AskToken(ctx, c.auth, token)
	resp, ok, err := c.answer(ctx, resp, known, err)
	if known {
		err = Mine(err)
	}
	return resp, ok, err
}

// revocationCheck is what the decorators of requests and of tokens have in common.
type revocationCheck struct {
	around any
	lists  revocationLists
}

func revocationCheckOf(who string, around any, lists []RevocationList) *revocationCheck {
	if len(lists) == 0 {
		panic(who + ": no list, so nobody would be refused")
	}
	if slices.Contains(lists, nil) {
		panic(who + ": a list is nil")
	}
	return &revocationCheck{around, slices.Clone(lists)}
}

// Links implements [Chain].
func (c *revocationCheck) Links() []any { return []any{c.around} }

// HealthCheck is for [HealthOf].
func (c *revocationCheck) HealthCheck() error {
	errs := []error{HealthOf(c.around)}
	for _, list := range c.lists {
		errs = append(errs, HealthOf(list))
	}
	return errors.Join(errs...)
}

// Generation implements [Generational].
func (c *revocationCheck) Generation() uint64 {
	sum := GenerationOf(c.around)
	for _, list := range c.lists {
		sum += GenerationOf(list)
	}
	return sum
}

// answer is what becomes of the answer of the authenticator.
func (c *revocationCheck) answer(ctx context.Context, resp *authenticator.Response, ok bool, err error) (*authenticator.Response, bool, error) {
	link := linkFrom(ctx)
	switch {
	case !ok && link == nil:
		return nil, false, err
	case !ok:
		Skip(ctx, c.lists, "nobody was accepted")
		return nil, false, err
	case link == nil:
		err = c.lists.check(ctx, resp.User)
	default:
		err = c.lists.recorded(ctx, resp.User)
	}
	if err != nil {
		return nil, false, err
	}
	return resp, true, nil
}

// revocationLists are a link of a trace.
type revocationLists []RevocationList

// String is how a trace calls them.
func (revocationLists) String() string { return "revocations" }

// recorded is check with a line in the trace.
func (l revocationLists) recorded(ctx context.Context, u user.Info) error {
	link := begin(ctx, l)
	defer link.panicked()
	ctx = link.context(ctx)
	Note(ctx, "on no list")
	err := l.check(ctx, u)
	link.end(nil, false, err)
	return err
}

// check asks all lists until one has u: that it was taken back is certain, whatever
// others do not know.
func (l revocationLists) check(ctx context.Context, u user.Info) error {
	var unknown error
	for _, list := range l {
		switch err := list.Revoked(ctx, u); {
		case err == nil:
		case ReasonOf(err) == Revoked:
			return fmt.Errorf("authn: user %s: %w", clip.Quote(u.GetName()), err)
		case unknown == nil:
			unknown = err
		}
	}
	if unknown == nil {
		return nil
	}
	return &Error{
		Reason:     Unavailable,
		Err:        fmt.Errorf("authn: user %s: whether it was revoked is not known: %w", clip.Quote(u.GetName()), unknown),
		RetryAfter: RetryAfterOf(unknown),
	}
}
