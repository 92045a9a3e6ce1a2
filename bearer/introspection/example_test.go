package introspection_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/bearer/introspection"
	"github.com/authnchain/authnchain/jwt"
)

// Opaque tokens of an authorization server, remembered for ten seconds.
func Example() {
	// The server's side: it asks for the client's secret.
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != "my-api" || secret != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.PostFormValue("token") == "janes-token" {
			fmt.Fprint(w, `{"active":true,"sub":"jane","aud":"my-api","token_type":"Bearer","scope":"read write","exp":4102444800}`)
			return
		}
		fmt.Fprint(w, `{"active":false}`)
	}))
	defer server.Close()

	tokens, err := introspection.New(introspection.Config{
		URL:         server.URL,
		Credentials: introspection.Basic("my-api", "s3cret"),
		Audiences:   []string{"my-api"},
		User: jwt.ClaimMappings{
			Username: jwt.Claim("sub").WithPrefix("oauth:"),
			Extra:    map[string]jwt.ClaimMapping{"example.com/scopes": jwt.Claim("scope").Words()},
		}.User,
	}, &introspection.Options{Client: server.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}
	auth := bearer.New(bearer.Cached(tokens, nil))
	for _, token := range []string{"janes-token", "another"} {
		resp, ok, err := auth.AuthenticateRequest(authntest.Bearer(authntest.Request("/"), token))
		if !ok {
			fmt.Println(authn.ReasonOf(err))
			continue
		}
		fmt.Println(resp.User.GetName(), resp.User.GetExtra()["example.com/scopes"])
	}
	// Output:
	// oauth:jane [read write]
	// UnknownToken
}

// Access tokens of Google that were issued to one client.
func ExampleGoogle() {
	google := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("access_token") == "ya29.janes" {
			fmt.Fprint(w, `{"azp":"42.apps.googleusercontent.com","aud":"42.apps.googleusercontent.com","sub":"1107","exp":"4102444800","email":"jane@example.com","email_verified":"true"}`)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_token","error_description":"Invalid Value"}`)
	}))
	defer google.Close()

	tokens, err := introspection.Google(introspection.GoogleConfig{
		ClientIDs: []string{"42.apps.googleusercontent.com"},
		User:      jwt.ClaimMappings{Username: jwt.Claim("email").WithPrefix("google:"), UID: jwt.Claim("sub")}.User,
		URL:       google.URL, // leave it empty for Google's own
	}, &introspection.Options{Client: google.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, token := range []string{"ya29.janes", "ya29.another", "opaque"} {
		resp, ok, err := tokens.AuthenticateToken(context.Background(), token)
		switch {
		case ok:
			fmt.Println(resp.User.GetName())
		case err != nil:
			fmt.Println(authn.ReasonOf(err))
		default:
			fmt.Println("not mine")
		}
	}
	// Output:
	// google:jane@example.com
	// UnknownToken
	// not mine
}
