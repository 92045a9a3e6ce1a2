package introspection_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/bearer/introspection"
	"github.com/authnchain/authnchain/jwt"
)

func TestNew(t *testing.T) {
	type config = introspection.Config
	type options = introspection.Options
	small, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	good, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	key := func(edit func(*introspection.SigningKey)) introspection.Credentials {
		k := introspection.SigningKey{Signer: good, Audience: "https://login.example.com"}
		edit(&k)
		return introspection.PrivateKey("my-api", k)
	}
	const at = `introspection: "https://login.example.com/introspect": `
	tests := []struct {
		name string
		edit func(*config, *options)
		err  string
	}{
		{"good", func(*config, *options) {}, ""},
		{"loopback", func(c *config, o *options) { c.URL, o.Client = "http://127.0.0.1:8080/introspect", &http.Client{} }, ""},
		{"the client authenticates", func(c *config, o *options) {
			c.Credentials, o.Client, o.ClientAuthenticates = nil, &http.Client{}, true
		}, ""},
		{"a certificate", func(c *config, _ *options) { c.Credentials = introspection.Certificate("my-api") }, ""},
		{"a key", func(c *config, _ *options) { c.Credentials = key(func(*introspection.SigningKey) {}) }, ""},

		{"nothing", func(c *config, _ *options) { *c = config{} }, `introspection: "": credentials: required, such as Basic(…)`},
		{"no URL", func(c *config, _ *options) { c.URL = "" }, `introspection: "": URL: required`},
		{"http", func(c *config, o *options) {
			c.URL, o.Client = "http://login.example.com/introspect", &http.Client{}
		}, `introspection: "http://login.example.com/introspect": URL: must be https`},
		{"loopback without a client", func(c *config, _ *options) { c.URL = "http://127.0.0.1:8080" }, `introspection: "http://127.0.0.1:8080": URL: must be https`},
		{"a secret in the URL", func(c *config, _ *options) { c.URL = "https://my-api:s3cret@login.example.com/?key=s3cret" }, `introspection: "…@login.example.com/?…": URL: must not have a user or a password`},
		{"no credentials", func(c *config, _ *options) { c.Credentials = nil }, at + "credentials: required, such as Basic(…)"},
		{"no credentials, with a client", func(c *config, o *options) { c.Credentials, o.Client = nil, &http.Client{} }, at + "credentials: required, such as Basic(…)"},
		{"credentials twice", func(_ *config, o *options) { o.Client, o.ClientAuthenticates = &http.Client{}, true }, at + "credentials: not together with Options.ClientAuthenticates"},
		{"no client that authenticates", func(c *config, o *options) { c.Credentials, o.ClientAuthenticates = nil, true }, at + "options: ClientAuthenticates: needs a Client"},
		{"basic without an id", func(c *config, _ *options) { c.Credentials = introspection.Basic("", "s3cret") }, at + "credentials: the client's id is empty"},
		{"basic without a secret", func(c *config, _ *options) { c.Credentials = introspection.Basic("my-api", "") }, at + "credentials: the secret is empty"},
		{"post without an id", func(c *config, _ *options) { c.Credentials = introspection.Post("", "s3cret") }, at + "credentials: the client's id is empty"},
		{"post without a secret", func(c *config, _ *options) { c.Credentials = introspection.Post("my-api", "") }, at + "credentials: the secret is empty"},
		{"certificate without an id", func(c *config, _ *options) { c.Credentials = introspection.Certificate("") }, at + "credentials: the client's id is empty"},
		{"key without an id", func(c *config, _ *options) {
			c.Credentials = introspection.PrivateKey("", introspection.SigningKey{Signer: good, Audience: "a"})
		}, at + "credentials: the client's id is empty"},
		{"no signer", func(c *config, _ *options) {
			c.Credentials = key(func(k *introspection.SigningKey) { k.Signer = nil })
		}, at + "credentials: the key's Signer is nil"},
		{"no audience of the key", func(c *config, _ *options) {
			c.Credentials = key(func(k *introspection.SigningKey) { k.Audience = "" })
		}, at + "credentials: the key's Audience is empty"},
		{"another curve", func(c *config, _ *options) {
			c.Credentials = key(func(k *introspection.SigningKey) { k.Signer = small })
		}, at + "credentials: the key is none for RS256, PS256, ES256 or EdDSA"},
		{"another algorithm", func(c *config, _ *options) {
			c.Credentials = key(func(k *introspection.SigningKey) { k.Algorithm = "RS256" })
		}, at + `credentials: the key is not for the algorithm "RS256"`},
		{"none", func(c *config, _ *options) {
			c.Credentials = key(func(k *introspection.SigningKey) { k.Algorithm = "none" })
		}, at + `credentials: the key is not for the algorithm "none"`},
		{"no audiences", func(c *config, _ *options) { c.Audiences = nil }, at + "audiences: at least one is required"},
		{"no audiences, and optional", func(c *config, _ *options) { c.Audiences, c.AudienceOptional = nil, true }, at + "audiences: at least one is required"},
		{"an empty audience", func(c *config, _ *options) { c.Audiences = []string{"my-api", ""} }, at + "audiences: one is empty"},
		{"no user", func(c *config, _ *options) { c.User = nil }, at + "user: required, such as ClaimMappings{…}.User"},
		{"negative", func(_ *config, o *options) { o.MaxInFlight = -1 }, at + "options: MaxBytes, Timeout and MaxInFlight: must not be negative"},
		{"negative timeout", func(_ *config, o *options) { o.Timeout = -1 }, at + "options: MaxBytes, Timeout and MaxInFlight: must not be negative"},
		{"negative length", func(_ *config, o *options) { o.MaxBytes = -1 }, at + "options: MaxBytes, Timeout and MaxInFlight: must not be negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := config{URL: endpoint, Credentials: introspection.Basic("my-api", "s3cret"), Audiences: []string{"my-api"}, User: bySub.User}
			var o options
			tt.edit(&c, &o)
			a, err := introspection.New(c, &o)
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
				require.Nil(t, a)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "introspection", a.String())
			require.NoError(t, a.HealthCheck())
		})
	}
}

// A key that nobody should trust is not taken.
func TestWeakKey(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	_, err = introspection.New(introspection.Config{
		URL: endpoint, Audiences: []string{"my-api"}, User: bySub.User,
		Credentials: introspection.PrivateKey("my-api", introspection.SigningKey{Signer: weak, Audience: "a"}),
	}, nil)
	require.ErrorContains(t, err, `credentials: `)
}

func TestNewGoogle(t *testing.T) {
	type config = introspection.GoogleConfig
	tests := []struct {
		name string
		c    config
		err  string
	}{
		{"good", config{ClientIDs: []string{"42"}, User: bySub.User}, ""},
		{"no clients", config{User: bySub.User}, "introspection: Google: clientIDs: at least one is required"},
		{"an empty client", config{ClientIDs: []string{""}, User: bySub.User}, "introspection: Google: clientIDs: one is empty"},
		{"no user", config{ClientIDs: []string{"42"}}, "introspection: Google: user: required, such as ClaimMappings{…}.User"},
		{"http", config{ClientIDs: []string{"42"}, User: jwt.ClaimMappings{}.User, URL: "http://127.0.0.1"}, "introspection: Google: URL: must be https"},
	}
	for _, tt := range tests {
		_, err := introspection.Google(tt.c, nil)
		if tt.err != "" {
			require.EqualError(t, err, tt.err, tt.name)
			continue
		}
		require.NoError(t, err, tt.name)
	}
}
