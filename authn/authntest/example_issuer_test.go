package authntest_test

import (
	"fmt"

	"github.com/authnchain/authnchain/authn/authntest"
)

// An issuer whose keys change while nobody looks, and then is down.
func ExampleIssuer() {
	t := &program{}
	defer t.end()

	issuer := authntest.NewIssuer(t)
	fmt.Println(issuer.KeyID("ES256"))
	issuer.Rotate()   // the old keys are published still
	issuer.Withdraw() // now they are not
	fmt.Println(issuer.KeyID("ES256"))

	res, err := issuer.Client().Get(issuer.URL() + "/keys")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	fmt.Println(res.StatusCode, issuer.KeyFetches())

	issuer.Stop()
	_, err = issuer.Client().Get(issuer.URL() + "/keys")
	fmt.Println(err != nil)
	// Output:
	// p256-1
	// p256-2
	// 200 1
	// true
}
