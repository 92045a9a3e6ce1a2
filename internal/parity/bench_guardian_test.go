package parity

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"github.com/shaj13/go-guardian/v2/auth"
	"github.com/shaj13/go-guardian/v2/auth/strategies/token"
	guardianunion "github.com/shaj13/go-guardian/v2/auth/strategies/union"
	guardianx509 "github.com/shaj13/go-guardian/v2/auth/strategies/x509"
	"github.com/shaj13/libcache"
	_ "github.com/shaj13/libcache/lru" // registers itself
	"k8s.io/apiserver/pkg/authentication/authenticator"
)

// guardianCache is go-guardian's strategy for bearer tokens that somebody else
// verifies. It keeps the tokens themselves.
func guardianCache(tokens authenticator.Token) auth.Strategy {
	return token.New(func(ctx context.Context, _ *http.Request, text string) (auth.Info, time.Time, error) {
		resp, ok, err := tokens.AuthenticateToken(ctx, text)
		if err != nil || !ok {
			return nil, time.Time{}, errors.Join(errors.New("refused"), err)
		}
		return guardianUser(resp.User.GetName()), time.Now().Add(time.Hour), nil
	}, libcache.LRU.New(0))
}

func guardianUser(name string) auth.Info { return auth.NewUserInfo(name, "", nil, nil) }

// guardianStatic has the one token of a user.
func guardianStatic(text, name string) auth.Strategy {
	return token.NewStatic(map[string]auth.Info{text: guardianUser(name)})
}

// guardianChain asks for a certificate first, as ours does.
func guardianChain(tokens auth.Strategy) auth.Strategy {
	return guardianunion.New(guardianx509.New(x509.VerifyOptions{Roots: x509.NewCertPool()}), tokens)
}

// guardianAcceptance is a request with a token. There is no middleware that could
// tell a handler who it is.
func guardianAcceptance(strategy auth.Strategy, text, name string) func() error {
	send := newSender(text)
	return func() error {
		r := send()
		info, err := strategy.Authenticate(r.Context(), r)
		if err == nil && info.GetUserName() != name {
			return errors.New("somebody else")
		}
		return err
	}
}
