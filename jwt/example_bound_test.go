package jwt_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt"
)

// A token that only the client with a certificate may use, whoever else has it. The
// server's tls.Config has the ClientAuth RequestClientCert.
func ExampleBinding() {
	p := &program{}
	defer p.end()
	issuer, ca := authntest.NewIssuer(p), authntest.NewCA(p)

	auth, err := jwt.New(jwt.Config{
		Issuer:    issuer.URL(),
		Audiences: []string{"kubernetes"},
		User:      jwt.ClaimMappings{Username: jwt.Claim("sub").WithPrefix("oidc:")}.User,
		Binding:   &jwt.Binding{Certificates: true},
	}, &jwt.Options{Client: issuer.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}
	requests := &bearer.Authenticator{Token: bearer.Cached(auth, nil), Bound: true}

	laptop, thief := ca.Issue("laptop", nil), ca.Issue("thief", nil)
	thumbprint := sha256.Sum256(laptop.Certificate[0])
	token := issuer.Token(map[string]any{"sub": "jane", "aud": "kubernetes", "cnf": map[string]string{
		"x5t#S256": base64.RawURLEncoding.EncodeToString(thumbprint[:]),
	}})

	resp, ok, err := requests.AuthenticateRequest(authntest.Bearer(authntest.Request("/", laptop), token))
	fmt.Println(resp.User.GetName(), ok, err)
	_, ok, err = requests.AuthenticateRequest(authntest.Bearer(authntest.Request("/", thief), token))
	fmt.Println(ok, authn.ReasonOf(err))
	fmt.Println(err)
	// Output:
	// oidc:jane true <nil>
	// false BadProof
	// bearer: the token is bound to a client certificate: it is another
}

// What a client may do is in its access token, and not in an ID token.
func ExampleConfig_accessTokens() {
	p := &program{}
	defer p.end()
	issuer := authntest.NewIssuer(p)

	auth, err := jwt.New(jwt.Config{
		Issuer:       issuer.URL(),
		Audiences:    []string{"https://api.example.com"},
		AccessTokens: true,
		User: jwt.ClaimMappings{
			Username: jwt.Claim("sub").WithPrefix("oauth:"),
			Extra: map[string]jwt.ClaimMapping{
				"example.com/client": jwt.Claim("client_id"),
				"example.com/scopes": jwt.Claim("scope").Words(),
			},
		}.User,
	}, &jwt.Options{Client: issuer.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}

	claims := map[string]any{"sub": "jane", "aud": "https://api.example.com", "client_id": "cli", "jti": "1", "scope": "pods:read pods:write"}
	token := issuer.Sign("ES256", claims, map[string]any{"typ": "at+jwt"})
	resp, _, err := auth.AuthenticateToken(context.Background(), token)
	if err != nil {
		fmt.Println(err)
		return
	}
	scopes := resp.User.GetExtra()["example.com/scopes"]
	fmt.Println(resp.User.GetName(), scopes, slices.Contains(scopes, "pods:write"))

	_, ok, err := auth.AuthenticateToken(context.Background(), issuer.Token(claims)) // an ID token's "typ"
	fmt.Println(ok, authn.ReasonOf(err))
	// Output:
	// oauth:jane [pods:read pods:write] true
	// false Malformed
}
