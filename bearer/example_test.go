package bearer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
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

// A browser's WebSocket has its token among the subprotocols. The handler sees
// the others, of which it chooses one.
func ExampleNewWebSocket() {
	tokens, err := bearer.ParseTokens(strings.NewReader("s3cret,ann,7"))
	if err != nil {
		panic(err)
	}
	auth := union.Requests(bearer.New(tokens), bearer.NewWebSocket(tokens))

	r := authntest.Request("/exec")
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	r.Header.Set("Sec-WebSocket-Protocol", "v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.czNjcmV0")
	r, err = authn.Middleware{Authenticator: auth}.Authenticate(r)
	if err != nil {
		panic(err)
	}
	u, _ := authn.UserFrom(r.Context())
	fmt.Println(u.GetName(), r.Header["Sec-Websocket-Protocol"])
	// Output:
	// ann [v4.channel.k8s.io]
}

// A cache in front of an authenticator that takes its time, such as a webhook.
func ExampleCached() {
	slow := authenticator.TokenFunc(func(_ context.Context, token string) (*authenticator.Response, bool, error) {
		fmt.Println("looking up", token)
		if token == "s3cret" {
			return &authenticator.Response{User: authntest.User("ann", "ops")}, true, nil
		}
		return nil, false, nil
	})
	cache := bearer.Cached(slow, &bearer.CacheOptions{TTL: time.Minute})
	auth := bearer.New(cache)

	for _, token := range []string{"s3cret", "s3cret", "guess", "guess"} {
		resp, ok, err := auth.AuthenticateRequest(authntest.Bearer(authntest.Request("/"), token))
		if ok {
			fmt.Println(resp.User.GetName(), resp.User.GetGroups())
		} else {
			fmt.Println("refused:", authn.ReasonOf(err))
		}
	}
	// Output:
	// looking up s3cret
	// ann [ops]
	// ann [ops]
	// looking up guess
	// refused: UnknownToken
	// refused: UnknownToken
}

// A file that is followed, with the digest of a token in the token's place.
func ExampleFile() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "tokens.csv")
	// printf %s s3cret | sha256sum
	line := "sha256:1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0,ann,7,\"ops,dev\"\n"
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		panic(err)
	}
	tokens, err := bearer.File(path, nil)
	if err != nil {
		panic(err)
	}
	for _, value := range []string{"Bearer s3cret", "Bearer sha256:1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0"} {
		r := authntest.Request("/")
		r.Header.Set("Authorization", value)
		resp, ok, err := bearer.New(tokens).AuthenticateRequest(r)
		if !ok {
			fmt.Println("refused:", authn.ReasonOf(err))
			continue
		}
		fmt.Println(resp.User.GetName(), resp.User.GetGroups())
	}
	// Output:
	// ann [ops dev]
	// refused: UnknownToken
}
