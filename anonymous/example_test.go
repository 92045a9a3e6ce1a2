package anonymous_test

import (
	"fmt"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
)

// Everybody may see /healthz, and a bad token is refused even there.
func ExampleNew() {
	tokens, err := bearer.NewTokens(map[string]user.Info{"s3cret": &user.DefaultInfo{Name: "ann"}})
	if err != nil {
		panic(err)
	}
	chain := anonymous.New(bearer.New(tokens), "/healthz")

	healthz := authntest.Request("/healthz")
	resp, ok, err := chain.AuthenticateRequest(healthz)
	fmt.Println(resp.User.GetName(), ok, err)

	_, ok, err = chain.AuthenticateRequest(authntest.Bearer(healthz, "guess"))
	fmt.Println(ok, err)

	_, ok, err = chain.AuthenticateRequest(authntest.Request("/pods"))
	fmt.Println(ok, err)
	// Output:
	// system:anonymous true <nil>
	// false bearer: nobody recognizes the token
	// false <nil>
}
