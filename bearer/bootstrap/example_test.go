package bootstrap_test

import (
	"context"
	"fmt"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/bearer/bootstrap"
)

// one has the Secret of a token.
type one struct{}

func (one) Secret(_ context.Context, name string) (*bootstrap.Secret, error) {
	if name != "bootstrap-token-07401b" {
		return nil, bootstrap.ErrNotFound
	}
	return &bootstrap.Secret{Type: bootstrap.Type, Data: map[string][]byte{
		"token-id":                       []byte("07401b"),
		"token-secret":                   []byte("f395accd246ae52d"),
		"expiration":                     []byte("2026-11-23T12:00:00Z"),
		"usage-bootstrap-authentication": []byte("true"),
	}}, nil
}

// A token is good until its end, and then a trace tells why it is not any more.
func ExampleNew() {
	for _, now := range []time.Time{time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC), time.Date(2026, 11, 23, 12, 3, 0, 0, time.UTC)} {
		auth := bearer.New(bootstrap.New(one{}, &bootstrap.Options{Now: func() time.Time { return now }}))
		r := authntest.Request("/")
		r.Header.Set("Authorization", "Bearer 07401b.f395accd246ae52d")
		if resp, ok, _ := auth.AuthenticateRequest(r); ok {
			fmt.Println(resp.User.GetName(), resp.User.GetGroups())
			continue
		}
		link := authn.Explain(auth, r).Result().Links[0].Links[0]
		fmt.Println(link.Name, link.Verdict, link.Detail)
	}
	// Output:
	// system:bootstrap:07401b [system:bootstrappers]
	// bootstrap not mine Secret bootstrap-token-07401b: expired 3m0s ago (expiration 2026-11-23T12:00:00Z)
}
