package serviceaccount_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

func TestNew(t *testing.T) {
	for _, row := range []struct {
		name string
		edit edit
		want string
	}{
		{"no issuers", func(c *serviceaccount.Config, _ *serviceaccount.Options) { c.Issuers = nil }, "issuers: at least one is required"},
		{"an empty issuer", func(c *serviceaccount.Config, _ *serviceaccount.Options) { c.Issuers = []string{cluster, ""} }, "jwt: verifier: issuers: one is empty"},
		{"an issuer twice", func(c *serviceaccount.Config, _ *serviceaccount.Options) { c.Issuers = []string{cluster, cluster} }, `jwt: verifier: issuers: "` + cluster + `" is there twice`},
		{"an empty audience", func(c *serviceaccount.Config, _ *serviceaccount.Options) { c.Audiences = authenticator.Audiences{""} }, "audiences: one is empty"},
		{"audiences, but none", func(c *serviceaccount.Config, _ *serviceaccount.Options) { c.Audiences = authenticator.Audiences{} }, "audiences: at least one is required, or nil for the issuers"},
		{"only legacy tokens, for nobody", func(c *serviceaccount.Config, _ *serviceaccount.Options) {
			c.Issuers, c.Audiences, c.Legacy = nil, nil, true
		}, "audiences: required without issuers"},
		{"no keys", func(c *serviceaccount.Config, _ *serviceaccount.Options) { c.Keys = nil }, "keys: required"},
		{"no objects", func(c *serviceaccount.Config, _ *serviceaccount.Options) { c.Objects = nil }, "objects: required, or SkipLookup"},
		{"objects that nobody looks at", func(c *serviceaccount.Config, _ *serviceaccount.Options) { c.SkipLookup = true }, "objects: not together with SkipLookup"},
		{"legacy tokens without look-ups", func(c *serviceaccount.Config, _ *serviceaccount.Options) {
			c.Objects, c.SkipLookup, c.Legacy = nil, true, true
		}, "legacy: tokens that never expire must be looked up; Options.SkipLegacyLookup accepts them all the same"},
		{"SkipLegacyLookup of nothing", func(_ *serviceaccount.Config, o *serviceaccount.Options) { o.SkipLegacyLookup = true }, "options: SkipLegacyLookup: not without Legacy"},
		{"an algorithm that there is not", func(_ *serviceaccount.Config, o *serviceaccount.Options) { o.Algorithms = []string{"HS256"} }, `jwt: verifier: algorithms: "HS256": not one of ["RS256" "RS384" "RS512" "PS256" "PS384" "PS512" "ES256" "ES384" "ES512"] and EdDSA`},
		{"a negative length", func(_ *serviceaccount.Config, o *serviceaccount.Options) { o.MaxBytes = -1 }, "jwt: verifier: options: MaxBytes: must not be negative"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := serviceaccount.Config{Issuers: []string{cluster}, Audiences: authenticator.Audiences{api}, Keys: jwt.StaticKeys{}, Objects: newKubernetes()}
			o := serviceaccount.Options{}
			row.edit(&c, &o)
			_, err := serviceaccount.New(c, &o)
			require.EqualError(t, err, "serviceaccount: "+row.want)
		})
	}
	auth, err := serviceaccount.New(serviceaccount.Config{Audiences: authenticator.Audiences{api}, Keys: jwt.StaticKeys{}, Objects: newKubernetes(), Legacy: true}, nil)
	require.NoError(t, err)
	require.Equal(t, "serviceaccount", auth.String())
	require.EqualError(t, auth.Preload(t.Context()), "serviceaccount: keys: there is none that is of use")
}

// What the caller does with a Config later changes nothing.
func TestConfigIsCopied(t *testing.T) {
	issuer, issuers, audiences := newIssuer(t), []string{cluster}, authenticator.Audiences{api}
	auth := newAuth(t, keysOf(issuer), newKubernetes(), func(c *serviceaccount.Config, _ *serviceaccount.Options) {
		c.Issuers, c.Audiences = issuers, audiences
	})
	issuers[0], audiences[0] = "x", "x"
	require.Equal(t, web(nil), ask(t, auth, issuer.Sign("ES256", bound(nil), nil)))
}
