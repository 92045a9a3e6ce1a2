package webhook_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/webhook"
)

// Serve the tokens that this program knows to a kube-apiserver, and to nobody else: it
// shows a token of its own, or a client certificate with x509.New in place of
// bearer.New.
func ExampleHandler() {
	known, err := bearer.ParseTokens(strings.NewReader("janes-token,jane,u-1,engineering\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	askers, err := bearer.NewTokens(map[string]user.Info{"api-servers-token": authntest.User("kube-apiserver")})
	if err != nil {
		fmt.Println(err)
		return
	}
	reviews := webhook.Handler(known, "https://kubernetes.default.svc.cluster.local")
	h := authn.Middleware{Authenticator: bearer.New(askers)}.Wrap(reviews)

	ask := func(asker, token string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(
			`{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"`+token+`"}}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, authntest.Bearer(r, asker))
		if w.Code != http.StatusOK {
			fmt.Println(w.Result().Status)
			return
		}
		body, _ := io.ReadAll(w.Body)
		_, status, _ := strings.Cut(string(body), `"status":`)
		fmt.Println(strings.TrimSuffix(status, "}\n"))
	}
	ask("api-servers-token", "janes-token")
	ask("api-servers-token", "any-token")
	ask("a-strangers-token", "janes-token")
	// Output:
	// {"authenticated":true,"user":{"username":"jane","uid":"u-1","groups":["engineering"]},"audiences":["https://kubernetes.default.svc.cluster.local"]}
	// {"authenticated":false}
	// 401 Unauthorized
}
