package jwt_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

// program is the authntest.T of a program that is no test.
type program struct{ cleanups []func() }

func (*program) Helper()                           {}
func (*program) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (p *program) Cleanup(f func())                { p.cleanups = append(p.cleanups, f) }
func (p *program) end() {
	for _, f := range p.cleanups {
		f()
	}
}

// The usual mapping: a name and groups with a prefix, so that nobody can take
// them for those of another issuer.
func ExampleNew() {
	p := &program{}
	defer p.end()
	issuer := authntest.NewIssuer(p) // in real life: your provider

	auth, err := jwt.New(jwt.Config{
		Issuer:    issuer.URL(),
		Audiences: []string{"kubernetes"},
		User: jwt.ClaimMappings{
			Username: jwt.Claim("sub").WithPrefix("oidc:"),
			Groups:   jwt.Claim("groups").WithPrefix("oidc:"),
		}.User,
	}, &jwt.Options{Client: issuer.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}

	token := issuer.Token(map[string]any{"sub": "jane", "aud": "kubernetes", "groups": []string{"engineering"}})
	resp, ok, err := auth.AuthenticateToken(context.Background(), token)
	fmt.Println(resp.User.GetName(), resp.User.GetGroups(), ok, err)

	old := issuer.Token(map[string]any{"sub": "jane", "aud": "kubernetes", "exp": time.Now().Add(-time.Hour).Unix()})
	_, ok, err = auth.AuthenticateToken(context.Background(), old)
	fmt.Println(ok, authn.ReasonOf(err))
	// Output:
	// oidc:jane [oidc:engineering] true <nil>
	// false Expired
}

// A user func of one's own sees the verified claims.
func ExampleConfig_user() {
	p := &program{}
	defer p.end()
	issuer := authntest.NewIssuer(p)

	auth, err := jwt.New(jwt.Config{
		Issuer:    issuer.URL(),
		Audiences: []string{"kubernetes"},
		User: func(_ context.Context, claims jwt.Claims) (user.Info, error) {
			email, err := claims.String("email")
			if err != nil {
				return nil, err
			}
			name, domain, _ := strings.Cut(email, "@")
			if domain != "example.com" {
				return nil, authn.Errorf(authn.RuleFailed, "%q is not ours", domain)
			}
			return &user.DefaultInfo{Name: name}, nil
		},
	}, &jwt.Options{Client: issuer.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}

	for _, email := range []string{"jane@example.com", "jane@example.org"} {
		token := issuer.Token(map[string]any{"email": email, "aud": "kubernetes"})
		resp, ok, err := auth.AuthenticateToken(context.Background(), token)
		if ok {
			fmt.Println(resp.User.GetName())
		} else {
			fmt.Println(authn.ReasonOf(err))
		}
	}
	// Output:
	// jane
	// RuleFailed
}

// Two issuers, told apart by what their tokens say, and by their keys.
func ExampleMux() {
	p := &program{}
	defer p.end()
	staff, guests := authntest.NewIssuer(p), authntest.NewIssuer(p)

	authenticator := func(issuer *authntest.Issuer, prefix string) *jwt.Authenticator {
		auth, err := jwt.New(jwt.Config{
			Issuer:    issuer.URL(),
			Audiences: []string{"kubernetes"},
			User:      jwt.ClaimMappings{Username: jwt.Claim("sub").WithPrefix(prefix)}.User,
		}, &jwt.Options{Client: issuer.Client()})
		if err != nil {
			panic(err)
		}
		return auth
	}
	mux, err := jwt.NewMux(authenticator(staff, "staff:"), authenticator(guests, "guest:"))
	if err != nil {
		fmt.Println(err)
		return
	}

	claims := map[string]any{"sub": "jane", "aud": "kubernetes"}
	for _, token := range []string{staff.Token(claims), guests.Token(claims), "not a JWT"} {
		resp, ok, err := mux.AuthenticateToken(context.Background(), token)
		if ok {
			fmt.Println(resp.User.GetName())
		} else {
			fmt.Println(ok, err)
		}
	}
	// Output:
	// staff:jane
	// guest:jane
	// false <nil>
}

// An issuer without discovery, such as a build system that signs tokens for its
// jobs: where its key set is, is all that there is to know.
func ExampleConfig_keysURL() {
	p := &program{}
	defer p.end()
	issuer := authntest.NewIssuer(p)

	auth, err := jwt.New(jwt.Config{
		Issuer:    "builds", // what its tokens say; it need not be a URL
		KeysURL:   issuer.URL() + "/keys",
		Audiences: []string{"registry"},
		User:      jwt.ClaimMappings{Username: jwt.Claim("sub").WithPrefix("build:")}.User,
	}, &jwt.Options{Client: issuer.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}

	token := issuer.Token(map[string]any{"iss": "builds", "sub": "42", "aud": "registry"})
	resp, ok, err := auth.AuthenticateToken(context.Background(), token)
	fmt.Println(resp.User.GetName(), ok, err)
	fmt.Println(issuer.Discoveries(), "documents asked for")
	// Output:
	// build:42 true <nil>
	// 0 documents asked for
}

// The keys of an issuer that publishes none, in a file that somebody else keeps up to
// date. What is wrong with the file shows in the health check.
func ExampleFile() {
	p := &program{}
	defer p.end()
	issuer := authntest.NewIssuer(p)
	dir, err := os.MkdirTemp("", "keys")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "keys.json") // or PEM
	if err := os.WriteFile(path, issuer.KeySet(), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	keys, err := jwt.File(path, &jwt.FileOptions{
		OnReload: func(err error) { fmt.Println("read anew:", err) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	auth, err := jwt.New(jwt.Config{
		Issuer:    "kubernetes/serviceaccount",
		Audiences: []string{"api"},
		User:      jwt.ClaimMappings{Username: jwt.Claim("sub")}.User,
	}, &jwt.Options{Keys: keys})
	if err != nil {
		fmt.Println(err)
		return
	}

	token := issuer.Token(map[string]any{"iss": "kubernetes/serviceaccount", "sub": "system:serviceaccount:default:jane", "aud": "api"})
	resp, ok, err := auth.AuthenticateToken(context.Background(), token)
	fmt.Println(resp.User.GetName(), ok, err)
	fmt.Println(auth.HealthCheck())
	// Output:
	// system:serviceaccount:default:jane true <nil>
	// <nil>
}
