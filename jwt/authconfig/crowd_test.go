package authconfig_test

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/authconfig"
	"github.com/authnchain/authnchain/union"
)

// Those who wait for groups that are elsewhere do not keep out the tokens of others.
func TestResolveHangsInACrowd(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	keys := jwt.StaticKeys{{ID: issuer.KeyID("RS256"), Public: issuer.PublicKey("RS256")}}
	text := config(entry(issuer, byGroups))
	tokens, err := bearer.NewTokens(map[string]user.Info{"secret": authntest.User("ann")})
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		a := parse(t, text, &authconfig.Options{
			Keys: func(apiserver.Issuer) jwt.KeySet { return keys },
			DistributedClaims: authconfig.DistributedClaims{Resolve: func(ctx context.Context, _ jwt.Claims) ([]string, bool, error) {
				<-ctx.Done()
				return nil, false, ctx.Err()
			}},
		})
		c := bearer.Cached(union.Tokens(tokens, a), &bearer.CacheOptions{MaxInFlight: 2})
		for i := range 5 {
			token := issuer.Token(claims(object{"sub": strconv.Itoa(i)}))
			go func() { _, _, _ = c.AuthenticateToken(t.Context(), token) }()
		}
		synctest.Wait()
		start := time.Now()
		_, ok, err := c.AuthenticateToken(t.Context(), "secret")
		require.NoError(t, err)
		require.True(t, ok)
		require.Zero(t, time.Since(start))
		time.Sleep(time.Minute)
	})
}
