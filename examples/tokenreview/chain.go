package main

import (
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/union"
)

// settings are the flags.
type settings struct {
	listen           string
	tokenFile        string
	issuer, audience string
	apiAudiences     authenticator.Audiences
}

func parseFlags(args []string, stderr io.Writer) (*settings, error) {
	s := &settings{}
	f := flag.NewFlagSet("tokenreview", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.listen, "listen", "127.0.0.1:0", "`address` to serve on; port 0 takes a free one")
	f.StringVar(&s.tokenFile, "token-file", "", "`file` of static tokens: token,user,uid,\"group1,group2\" in each line")
	f.StringVar(&s.issuer, "issuer", "", "`URL` of an OpenID Connect issuer, whose claim \"sub\" is the user")
	f.StringVar(&s.audience, "audience", "", "`audience` that the issuer's tokens must be for")
	// What kubeadm gives the API server as its --service-account-issuer, and so as its audience.
	api := f.String("api-audiences", "https://kubernetes.default.svc.cluster.local", "`list` of kube-apiserver's --api-audiences, by commas, that the tokens are good for")
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, err
	case err != nil:
		return nil, errUsage
	}
	s.apiAudiences = strings.Split(*api, ",")
	switch {
	case f.NArg() > 0:
		return nil, fmt.Errorf("%q: there are no arguments, only flags", f.Arg(0))
	case (s.issuer == "") != (s.audience == ""):
		return nil, errors.New("-issuer, -audience: one needs the other")
	}
	return s, nil
}

// chain returns the authenticators of the flags, or one that knows a new token.
func (s *settings) chain(stderr io.Writer) (authenticator.Token, error) {
	var chain []authenticator.Token
	if s.tokenFile != "" {
		static, err := bearer.LoadTokens(s.tokenFile)
		if err != nil {
			return nil, err
		}
		chain = append(chain, static)
	}
	if s.issuer != "" {
		people, err := jwt.New(jwt.Config{
			Issuer: s.issuer, Audiences: []string{s.audience},
			User: jwt.ClaimMappings{Username: jwt.Claim("sub").WithPrefix("oidc:")}.User,
		}, nil)
		if err != nil {
			return nil, err
		}
		chain = append(chain, people)
	}
	if chain == nil {
		token := rand.Text()
		fmt.Fprintf(stderr, "no -token-file and no -issuer: the one token is %s, jane's\n", token)
		static, err := bearer.NewTokens(map[string]user.Info{token: &user.DefaultInfo{Name: "jane", Groups: []string{"engineering"}}})
		if err != nil {
			return nil, err
		}
		chain = append(chain, static)
	}
	return union.Tokens(chain...), nil
}
