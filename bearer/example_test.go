package bearer_test

import (
	"fmt"
	"strings"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
)

// The tokens of a file as kube-apiserver's --token-auth-file has it.
func ExampleNew() {
	tokens, err := bearer.ParseTokens(strings.NewReader(`s3cret,ann,7,"ops,dev"`))
	if err != nil {
		panic(err)
	}
	auth := bearer.New(tokens)

	for _, value := range []string{"Bearer s3cret", "Bearer guess", "Bearer s3cret b", "Basic YTpi"} {
		r := authntest.Request("/")
		r.Header.Set("Authorization", value)
		resp, ok, err := auth.AuthenticateRequest(r)
		switch {
		case ok:
			fmt.Println(resp.User.GetName(), resp.User.GetUID(), resp.User.GetGroups())
		case err != nil:
			fmt.Println("refused:", authn.ReasonOf(err))
		default:
			fmt.Println("not mine")
		}
	}
	// Output:
	// ann 7 [ops dev]
	// refused: UnknownToken
	// refused: Malformed
	// not mine
}
