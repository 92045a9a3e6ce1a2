package serviceaccount_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

// collect returns a callback that keeps what it is told.
func collect[T any](into *[]T) func(context.Context, T) {
	return func(_ context.Context, told T) { *into = append(*into, told) }
}

// explain has a token explained.
func explain(auth authenticator.Token, token string) *authn.Trace {
	return authn.Explain(bearer.New(auth), authntest.Bearer(authntest.Request("/"), token))
}

// Behind a cache, a token that is gone is noticed when the answer has ended, a key that
// is gone at once, and a stale token is told of once in that time.
func TestCached(t *testing.T) {
	issuer, k, now := newIssuer(t), newKubernetes(), noon
	var told []serviceaccount.StaleToken
	keys := &keySet{keys: keysOf(issuer)}
	auth := newAuth(t, keys, k, func(_ *serviceaccount.Config, o *serviceaccount.Options) { o.Stale = collect(&told) })
	cached := bearer.Cached(auth, &bearer.CacheOptions{Now: func() time.Time { return now }})
	token := issuer.Sign("ES256", bound(object{"warnafter": noon.Unix() - 1}), nil)
	for range 3 {
		require.Equal(t, web(nil), ask(t, cached, token))
	}
	require.Len(t, told, 1)
	require.Len(t, k.asked, 1)

	delete(k.objects, "ServiceAccount default/web")
	require.Equal(t, web(nil), ask(t, cached, token))
	now = noon.Add(11 * time.Second)
	require.Equal(t, revoked("ServiceAccount default/web: not found"), ask(t, cached, token))
	k.objects["ServiceAccount default/web"] = serviceaccount.Object{UID: "account-uid"}
	now = noon.Add(22 * time.Second)
	require.Equal(t, web(nil), ask(t, cached, token))

	keys.keys, keys.generation = nil, 1
	require.Equal(t, refused(authn.UnknownKey, `no key "`+issuer.KeyID("ES256")+`" for ES256 among the issuer's`), ask(t, cached, token))
}

// Under other audiences a cache has another answer.
func TestCachedAudiences(t *testing.T) {
	issuer := newIssuer(t)
	cached := bearer.Cached(newAuth(t, keysOf(issuer), newKubernetes()), nil)
	token := issuer.Sign("ES256", with(bound(nil), object{"aud": []string{api, "vault"}}), nil)
	require.Equal(t, web(nil), ask(t, cached, token))
	ctx := authenticator.WithAudiences(context.Background(), authenticator.Audiences{"vault"})
	vault := web(nil)
	vault.audiences = authenticator.Audiences{"vault"}
	require.Equal(t, vault, askUnder(t, ctx, cached, token))
	require.Equal(t, web(nil), ask(t, cached, token))
}
