package union_test

import (
	"errors"
	"fmt"
	"net/http"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/union"
)

// A refusal does not stop the others. If nobody accepts, the error holds all
// refusals.
func ExampleRequests() {
	stale := authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) {
		return nil, false, authn.Errorf(authn.Expired, "token: expired an hour ago")
	})
	certificate := authntest.As(authntest.User("ann"))
	r := authntest.Request("/")

	resp, ok, err := union.Requests(stale, certificate).AuthenticateRequest(r)
	fmt.Println(resp.User.GetName(), ok, err)

	_, ok, err = union.Requests(stale).AuthenticateRequest(r)
	fmt.Println(ok, err)
	if refused, is := errors.AsType[*union.Error](err); is {
		fmt.Println(len(refused.Errors), authn.ReasonOf(err))
	}
	// Output:
	// ann true <nil>
	// false token: expired an hour ago
	// 1 Expired
}
