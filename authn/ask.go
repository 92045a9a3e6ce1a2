package authn

import (
	"context"
	"fmt"
	"net/http"
	"unicode"
	"unicode/utf8"

	"k8s.io/apiserver/pkg/authentication/authenticator"
)

// A Chain is an authenticator that asks others and does not judge by itself,
// such as a union. It is no link of a [Trace]: the links that it asks stand in
// its place.
type Chain interface {
	// Links returns what the chain asks, in order: each one is an
	// [authenticator.Request] or an [authenticator.Token].
	Links() []any
}

// AskRequest asks auth about r, for chains. It records the answer in the trace
// of r's context, if there is one, and turns into a refusal every acceptance
// that has no user or one whose name [CheckName] does not like.
func AskRequest(auth authenticator.Request, r *http.Request) (*authenticator.Response, bool, error) {
	link := begin(r.Context(), auth)
	if link == nil {
		resp, ok, err := auth.AuthenticateRequest(r)
		return checked(auth, resp, ok, err)
	}
	defer link.panicked()
	resp, ok, err := auth.AuthenticateRequest(r.WithContext(link.context(r.Context())))
	resp, ok, err = checked(auth, resp, ok, err)
	link.end(resp, ok, err)
	return resp, ok, err
}

// AskToken is [AskRequest] for authenticators of tokens.
func AskToken(ctx context.Context, auth authenticator.Token, token string) (*authenticator.Response, bool, error) {
	link := begin(ctx, auth)
	if link == nil {
		resp, ok, err := auth.AuthenticateToken(ctx, token)
		return checked(auth, resp, ok, err)
	}
	defer link.panicked()
	resp, ok, err := auth.AuthenticateToken(link.context(ctx), token)
	resp, ok, err = checked(auth, resp, ok, err)
	link.end(resp, ok, err)
	return resp, ok, err
}

// checked makes an answer one of the three that there are.
func checked(auth any, resp *authenticator.Response, ok bool, err error) (*authenticator.Response, bool, error) {
	switch {
	case err != nil:
		return nil, false, err
	case !ok:
		return nil, false, nil
	case resp == nil || resp.User == nil:
		return nil, false, Errorf(InvalidUser, "authn: %s accepted a request without naming a user", nameOf(auth))
	}
	if err := CheckName(resp.User.GetName()); err != nil {
		return nil, false, Errorf(InvalidUser, "authn: %s accepted a request: %w", nameOf(auth), err)
	}
	return resp, true, nil
}

// CheckName says why name is no name for a user: it is empty, is not valid
// UTF-8 or has a control character (Unicode's category Cc) in it, such as NUL or
// a line feed, with which a name looks like another in logs and headers. Names
// that merely look alike are fine.
func CheckName(name string) error {
	if name == "" {
		return fmt.Errorf("the user name is empty")
	}
	for i, r := range name {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(name[i:]); size == 1 {
				return fmt.Errorf("the user name is not valid UTF-8 at byte %d", i)
			}
		}
		if unicode.IsControl(r) {
			return fmt.Errorf("the user name has the control character %U at byte %d", r, i)
		}
	}
	return nil
}
