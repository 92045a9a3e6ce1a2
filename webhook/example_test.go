package webhook_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/webhook"
)

// program stands in for the *testing.T that examples do not have.
type program struct{ cleanups []func() }

func (*program) Helper()                           {}
func (*program) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (p *program) Cleanup(f func())                { p.cleanups = append(p.cleanups, f) }

func (p *program) end() {
	for _, f := range slices.Backward(p.cleanups) {
		f()
	}
}

// Ask a TokenReview server, here one that knows jane's token.
func ExampleNew() {
	t := &program{}
	defer t.end()
	reviewer := authntest.NewReviewer(t)
	reviewer.Accept("janes-token", authntest.User("jane", "engineering"))
	reviewer.Refuse("lost-token", "reported as lost")

	tokens, err := webhook.New(webhook.Config{URL: reviewer.URL()}, &webhook.Options{
		Client: reviewer.Client(), // trusts the reviewer's CA
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	for _, token := range []string{"janes-token", "lost-token", "any-token"} {
		resp, ok, err := tokens.AuthenticateToken(ctx, token)
		switch {
		case err != nil:
			fmt.Println(authn.ReasonOf(err), "-", err)
		case ok:
			fmt.Println(resp.User.GetName(), resp.User.GetGroups())
		default:
			fmt.Println("not mine")
		}
	}

	// For requests, take the token from the Authorization header.
	m := authn.Middleware{Authenticator: bearer.New(tokens)}
	r, err := m.Authenticate(authntest.Bearer(authntest.Request("/"), "janes-token"))
	if err != nil {
		fmt.Println(err)
		return
	}
	u, _ := authn.UserFrom(r.Context())
	fmt.Println(u.GetName(), u.GetGroups())
	// Output:
	// jane [engineering]
	// Refused - webhook: the reviewer says: "reported as lost"
	// not mine
	// jane [engineering system:authenticated]
}
