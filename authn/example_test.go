package authn_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// A handler behind the middleware asks the context who is calling.
func ExampleMiddleware_Wrap() {
	tokens, err := bearer.NewTokens(map[string]user.Info{
		"s3cret": &user.DefaultInfo{Name: "ann", Groups: []string{"ops"}},
	})
	if err != nil {
		panic(err)
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := authn.UserFrom(r.Context())
		fmt.Fprintln(w, u.GetName(), u.GetGroups())
	})
	server := authn.Middleware{Authenticator: bearer.New(tokens)}.Wrap(hello)

	for _, token := range []string{"s3cret", "guess"} {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, authntest.Bearer(authntest.Request("/"), token))
		fmt.Print(w.Code, " ", w.Body)
		fmt.Println(w.Header()["Www-Authenticate"])
	}
	// Output:
	// 200 ann [ops system:authenticated]
	// []
	// 401 Unauthorized
	// [Bearer realm="api", error="invalid_token"]
}

// Explain tells what every authenticator of a chain says of a request.
func ExampleExplain() {
	tokens, err := bearer.NewTokens(map[string]user.Info{"s3cret": &user.DefaultInfo{Name: "ann"}})
	if err != nil {
		panic(err)
	}
	chain := anonymous.New(union.Requests(bearer.New(tokens)), "/healthz")
	r := authntest.Bearer(authntest.Request("/healthz"), "guess")

	result := authn.Explain(chain, r).Result()
	result.Took = 61 * time.Microsecond // the same in every run
	fmt.Print(result)
	// Output:
	// refused in 61µs
	//   bearer      refused    nobody recognizes the token
	//     tokens    not mine   not in the list
	//   anonymous   not tried  an authenticator refused the credential
}
