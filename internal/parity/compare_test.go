package parity

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	tokenunion "k8s.io/apiserver/pkg/authentication/token/union"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/plugin/pkg/authenticator/token/oidc"

	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// The classes of answers.
const (
	accepted = "accepted"
	refused  = "refused"
	notMine  = "not mine"
	panicked = "panic"
)

type answer struct {
	class string
	user  user.Info // if accepted
	err   error     // if refused
}

func (a answer) String() string {
	switch a.class {
	case accepted:
		return fmt.Sprintf("%s: name %q, uid %q, groups %q, extra %q", a.class, a.user.GetName(), a.user.GetUID(), a.user.GetGroups(), a.user.GetExtra())
	case notMine:
		return a.class
	}
	return fmt.Sprintf("%s: %v", a.class, a.err)
}

// same compares what a user of the library could see. Nil lists are empty ones.
func (a answer) same(b answer) bool {
	if a.class != b.class || a.class != accepted {
		return a.class == b.class
	}
	return a.user.GetName() == b.user.GetName() && a.user.GetUID() == b.user.GetUID() && slices.Equal(a.user.GetGroups(), b.user.GetGroups()) &&
		maps.EqualFunc(a.user.GetExtra(), b.user.GetExtra(), slices.Equal)
}

func ask(ctx context.Context, auth authenticator.Token, token string) (a answer) {
	defer func() {
		if v := recover(); v != nil {
			a = answer{class: panicked, err: fmt.Errorf("%v", v)}
		}
	}()
	resp, ok, err := auth.AuthenticateToken(ctx, token)
	switch {
	case err != nil:
		return answer{class: refused, err: err}
	case !ok:
		return answer{class: notMine}
	}
	return answer{class: accepted, user: resp.User}
}

// askUs asks again where an expression took too long, which a busy machine makes
// happen and no expression of the generator does.
func askUs(ctx context.Context, auth authenticator.Token, token string) answer {
	for {
		a := ask(ctx, auth, token)
		if a.err == nil || !strings.Contains(a.err.Error(), "take more than") && !strings.Contains(a.err.Error(), "take too long") || ctx.Err() != nil {
			return a
		}
		time.Sleep(authconfig.MaxEvaluation)
	}
}

// sides are the two authenticators of one configuration.
type sides struct{ upstream, ours authenticator.Token }

func newSides(t *testing.T, c *configuration, ring *keyRing, compiler authenticationcel.Compiler) sides {
	t.Helper()
	file, err := upstreamConfig([]byte(c.yaml), nil)
	require.NoError(t, err, c.yaml)
	var upstream []authenticator.Token
	for i, entry := range file.JWT {
		auth, err := oidc.New(t.Context(), oidc.Options{
			JWTAuthenticator:     entry,
			KeySet:               newUpstreamKeys(ring.of(c.issuers[i])),
			Compiler:             compiler,
			SupportedSigningAlgs: oidc.AllValidSigningAlgorithms(),
		})
		require.NoError(t, err, c.yaml)
		upstream = append(upstream, auth)
	}
	ours, err := authconfig.Parse([]byte(c.yaml), &authconfig.Options{
		Keys:  func(i apiserver.Issuer) jwt.KeySet { return ourKeys(ring.of(slices.Index(issuerURLs, i.URL))) },
		Types: c.types(),
	})
	require.NoError(t, err, c.yaml)
	return sides{tokenunion.NewFailOnError(upstream...), ours}
}

func (p *pair) ask(ctx context.Context) {
	p.upstream, p.ours = ask(ctx, p.sides.upstream, p.token), askUs(ctx, p.sides.ours, p.token)
}

// types are those of tokens that ours takes.
func (c *configuration) types() []string {
	if c.anyType {
		return []string{jwt.AnyType}
	}
	return nil
}
