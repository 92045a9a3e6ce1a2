package union_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// outsider would send tokens elsewhere.
type outsider struct{ withheld []bool }

func (o *outsider) AuthenticateToken(ctx context.Context, _ string) (*authenticator.Response, bool, error) {
	o.withheld = append(o.withheld, authn.Withheld(ctx))
	return nil, false, nil
}

func refusing(err error) authenticator.Token {
	return authenticator.TokenFunc(func(context.Context, string) (*authenticator.Response, bool, error) {
		return nil, false, err
	})
}

// Who comes after the owner of a token, however deep, learns that it is one's.
func TestWithheld(t *testing.T) {
	owner := refusing(authn.Mine(authn.Errorf(authn.Expired, "expired")))
	down := refusing(authn.Mine(authn.Errorf(authn.Unavailable, "the keys cannot be had")))
	other := refusing(errors.New("unknown here"))
	denied := &authn.MemoryRevocations{}
	require.NoError(t, denied.Add(authn.Revocation{User: "jane"}))
	revoked := authn.TokenRevocations(authenticator.TokenFunc(func(context.Context, string) (*authenticator.Response, bool, error) {
		return &authenticator.Response{User: authntest.User("jane")}, true, nil
	}), denied)
	for name, tt := range map[string]struct {
		auth func(o authenticator.Token) authenticator.Token
		want bool
	}{
		"alone":                   {func(o authenticator.Token) authenticator.Token { return union.Tokens(o) }, false},
		"after the owner":         {func(o authenticator.Token) authenticator.Token { return union.Tokens(owner, o) }, true},
		"the owner is down":       {func(o authenticator.Token) authenticator.Token { return union.Tokens(down, o) }, true},
		"before the owner":        {func(o authenticator.Token) authenticator.Token { return union.Tokens(o, owner) }, false},
		"somebody in between":     {func(o authenticator.Token) authenticator.Token { return union.Tokens(owner, other, o) }, true},
		"another has refused":     {func(o authenticator.Token) authenticator.Token { return union.Tokens(other, o) }, false},
		"the owner in a union":    {func(o authenticator.Token) authenticator.Token { return union.Tokens(union.Tokens(other, owner), o) }, true},
		"in a union":              {func(o authenticator.Token) authenticator.Token { return union.Tokens(owner, union.Tokens(other, o)) }, true},
		"behind a cache":          {func(o authenticator.Token) authenticator.Token { return union.Tokens(owner, bearer.Cached(o, nil)) }, true},
		"the owner behind one":    {func(o authenticator.Token) authenticator.Token { return union.Tokens(bearer.Cached(owner, nil), o) }, true},
		"all behind one":          {func(o authenticator.Token) authenticator.Token { return bearer.Cached(union.Tokens(owner, o), nil) }, true},
		"taken back by a list":    {func(o authenticator.Token) authenticator.Token { return union.Tokens(revoked, o) }, true},
		"of another union before": {func(o authenticator.Token) authenticator.Token { return union.Tokens(union.Tokens(other), o) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := &outsider{}
			_, ok, _ := tt.auth(o).AuthenticateToken(t.Context(), "token")
			require.False(t, ok)
			require.Equal(t, []bool{tt.want}, o.withheld)
		})
	}
}

// It is no other if each authenticator takes it from the request by itself.
func TestWithheldFromOtherRequestAuthenticators(t *testing.T) {
	owner := bearer.New(refusing(authn.Mine(authn.Errorf(authn.Expired, "expired"))))
	other := bearer.New(refusing(errors.New("unknown here")))
	nobody := authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) { return nil, false, nil })
	denied := &authn.MemoryRevocations{}
	require.NoError(t, denied.Add(authn.Revocation{User: "jane"}))
	badCertificate := authn.Revocations(authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) {
		return &authenticator.Response{User: authntest.User("jane")}, true, nil
	}), denied)
	for name, tt := range map[string]struct {
		auth func(o authenticator.Request) authenticator.Request
		want bool
	}{
		"after the owner":     {func(o authenticator.Request) authenticator.Request { return union.Requests(owner, o) }, true},
		"somebody in between": {func(o authenticator.Request) authenticator.Request { return union.Requests(owner, nobody, other, o) }, true},
		"before the owner":    {func(o authenticator.Request) authenticator.Request { return union.Requests(o, owner) }, false},
		"another has refused": {func(o authenticator.Request) authenticator.Request { return union.Requests(other, o) }, false},
		"the owner in a union": {func(o authenticator.Request) authenticator.Request {
			return union.Requests(union.Requests(nobody, owner), o)
		}, true},
		"in a union": {func(o authenticator.Request) authenticator.Request {
			return union.Requests(owner, union.Requests(other, o))
		}, true},
		"the owner behind a list": {func(o authenticator.Request) authenticator.Request {
			return union.Requests(authn.Revocations(owner, denied), o)
		}, true},
		"revoked, but no token": {func(o authenticator.Request) authenticator.Request { return union.Requests(badCertificate, o) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := &outsider{}
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
			r.Header.Set("Authorization", "Bearer abc-123")
			_, ok, _ := tt.auth(bearer.New(o)).AuthenticateRequest(r)
			require.False(t, ok)
			require.Equal(t, []bool{tt.want}, o.withheld)
			require.False(t, authn.Withheld(r.Context()))
		})
	}
}

// The next token is asked about anew.
func TestWithheldEndsWithTheToken(t *testing.T) {
	o := &outsider{}
	auth := union.Tokens(authenticator.TokenFunc(func(_ context.Context, token string) (*authenticator.Response, bool, error) {
		if token == "mine" {
			return nil, false, authn.Mine(authn.Errorf(authn.Expired, "expired"))
		}
		return nil, false, nil
	}), o)
	for _, token := range []string{"mine", "yours", "mine"} {
		_, _, _ = auth.AuthenticateToken(t.Context(), token)
	}
	require.Equal(t, []bool{true, false, true}, o.withheld)
}
