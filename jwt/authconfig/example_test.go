package authconfig_test

import (
	"context"
	"fmt"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// fixtures is the authntest.T of a program that is no test.
type fixtures struct{ cleanups []func() }

func (*fixtures) Helper()                           {}
func (*fixtures) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (f *fixtures) Cleanup(end func())              { f.cleanups = append(f.cleanups, end) }
func (f *fixtures) end() {
	for _, end := range f.cleanups {
		end()
	}
}

// A configuration as kube-apiserver has it, and the user that it makes of a token.
func ExampleParse() {
	f := &fixtures{}
	defer f.end()
	issuer := authntest.NewIssuer(f) // in real life: your provider

	tokens, err := authconfig.Parse(fmt.Appendf(nil, `
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: %s
    audiences: [my-api]
    certificateAuthority: %q
  claimMappings:
    username: {expression: "'oidc:' + claims.sub"}
    groups: {claim: groups, prefix: "oidc:"}
  userValidationRules:
  - expression: "!user.username.endsWith(':root')"
    message: nobody is root
`, issuer.URL(), issuer.CAPEM()), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, sub := range []string{"jane", "root"} {
		token := issuer.Token(map[string]any{"sub": sub, "aud": "my-api", "groups": []string{"engineering"}})
		if resp, ok, _ := tokens.AuthenticateToken(context.Background(), token); ok {
			fmt.Println(resp.User.GetName(), resp.User.GetGroups())
		}
		for _, step := range tokens.DryRun(context.Background(), token).Steps {
			if step.Err != nil {
				fmt.Println(step.Path, step.Err)
			}
		}
	}
	// Output:
	// oidc:jane [oidc:engineering]
	// userValidationRules[0] nobody is root ("!user.username.endsWith(':root')" is false)
}

// All that is wrong with a configuration is told at once.
func ExampleInvalidError() {
	_, err := authconfig.Parse([]byte(`
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer: {url: "http://login.example.com", audiences: [my-api]}
  claimMappings: {username: {claim: sub}}
`), nil)
	fmt.Println(err)
	// Output:
	// authconfig: jwt[0].issuer.url: Invalid value: "http://login.example.com": URL scheme must be https; jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing
}

// The flags from before there were files.
func ExampleFlags() {
	c, algorithms, err := authconfig.Flags{
		IssuerURL:   "https://login.example.com",
		ClientID:    "my-api",
		GroupsClaim: "groups",
	}.Configuration()
	if err != nil {
		fmt.Println(err)
		return
	}
	tokens, err := authconfig.New(c, &authconfig.Options{Algorithms: algorithms})
	fmt.Println(tokens.Issuers(), *c.JWT[0].ClaimMappings.Username.Prefix, err)
	// Output:
	// [https://login.example.com] https://login.example.com# <nil>
}
