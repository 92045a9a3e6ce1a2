package authntest_test

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
)

func TestDiscovery(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	res, body := get(t, issuer.Client(), issuer.URL()+"/.well-known/openid-configuration")

	require.Equal(t, "application/json", res.Header.Get("Content-Type"))
	var doc map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &doc))
	require.Equal(t, issuer.URL(), doc["issuer"])
	require.Equal(t, issuer.URL()+"/keys", doc["jwks_uri"])
	require.Len(t, doc["id_token_signing_alg_values_supported"], len(algorithms))
}

func TestRotateAndWithdraw(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	ids := func() []string { return slices.Sorted(maps.Keys(published(t, issuer.KeySet()))) }
	first := ids()
	require.Equal(t, []string{"ed25519-1", "p256-1", "p384-1", "p521-1", "rsa-1"}, first)
	before, public := issuer.Token(nil), issuer.PublicKey("RS256")

	issuer.Rotate()
	second := []string{"ed25519-2", "p256-2", "p384-2", "p521-2", "rsa-2"}
	require.ElementsMatch(t, append(first, second...), ids())
	require.Equal(t, "rsa-2", issuer.KeyID("PS512"))
	require.Equal(t, public, published(t, issuer.KeySet())["rsa-1"])
	require.True(t, verified(t, "RS256", public, before))
	for _, alg := range algorithms {
		require.True(t, verified(t, alg, published(t, issuer.KeySet())[issuer.KeyID(alg)], issuer.Sign(alg, nil, nil)), alg)
	}

	issuer.Withdraw()
	require.Equal(t, second, ids())
}

func TestPublish(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	own := issuer.KeySet()
	require.True(t, json.Valid(own))

	issuer.Publish(map[string]any{"kty": "oct"}, json.RawMessage(`{"kty":"<", "kty":2}`))
	issuer.Publish(json.RawMessage(`no JSON`))
	_, body := get(t, issuer.Client(), issuer.URL()+"/keys")
	require.Equal(t, string(own[:len(own)-2])+`,{"kty":"oct"},{"kty":"<", "kty":2},no JSON]}`, body)

	issuer.Withdraw()
	require.Equal(t, own, issuer.KeySet())
}

func TestCacheControl(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	for _, value := range []string{"", "max-age=60", ""} {
		issuer.CacheControl(value)
		res, _ := get(t, issuer.Client(), issuer.URL()+"/keys")
		require.Equal(t, value, res.Header.Get("Cache-Control"))
		require.Equal(t, "application/jwk-set+json", res.Header.Get("Content-Type"))
	}
}

func TestIssuerCounts(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	keys, discovery := issuer.URL()+"/keys", issuer.URL()+"/.well-known/openid-configuration"
	get(t, issuer.Client(), keys)
	get(t, issuer.Client(), discovery)
	get(t, issuer.Client(), issuer.URL()+"/elsewhere")
	issuer.Serve(authntest.Status(503))
	get(t, issuer.Client(), keys)

	require.Equal(t, 2, issuer.KeyFetches())
	require.Equal(t, 1, issuer.Discoveries())
}

func TestIssuerAtOnce(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	var wg sync.WaitGroup
	each := []func(){
		issuer.Rotate,
		issuer.Withdraw,
		func() { issuer.Publish(map[string]any{"kty": "oct"}) },
		func() { issuer.SetNow(time.Now) },
		func() { issuer.Delay(0) },
		func() { issuer.Serve(nil) },
		func() { issuer.CacheControl("no-store") },
		func() { issuer.Token(nil) },
		func() { issuer.Stop(); issuer.Start() },
		func() { issuer.KeyFetches() },
		func() {
			if res, err := issuer.Client().Get(issuer.URL() + "/keys"); err == nil { // it may be down
				res.Body.Close()
			}
		},
	}
	for _, f := range each {
		for range 3 {
			wg.Go(f)
		}
	}
	wg.Wait()
}
