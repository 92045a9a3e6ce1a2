//go:build !windows

package e2e_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	bearers "github.com/authnchain/authnchain/bearer" // the name is taken by a func for curl
	"github.com/authnchain/authnchain/bearer/introspection"
	"github.com/authnchain/authnchain/jwt"
)

const apiAudience = "https://api.example.com"

// Opaque access tokens of a real provider, asked about by clients of each kind.
func TestIntrospection(t *testing.T) {
	need(t, "openssl", "node", "npm")
	keys, jwks := newClientKeys(t)
	p := startProvider(t, "--client-keys", jwks)

	signed := func(alg string) introspection.Credentials {
		return introspection.PrivateKey("api: key", introspection.SigningKey{Signer: keys[alg], ID: alg, Algorithm: alg, Audience: p.issuer})
	}
	basic := introspection.Basic("api: basic", "a secret: with %41, / and +")
	for _, test := range []struct {
		name        string
		credentials introspection.Credentials
	}{
		{"client_secret_basic", basic},
		{"client_secret_post", introspection.Post("api: post", "another secret & more")},
		{"private_key_jwt with RS256", signed("RS256")},
		{"private_key_jwt with PS256", signed("PS256")},
		{"private_key_jwt with ES256", signed("ES256")},
		{"private_key_jwt with EdDSA", signed("EdDSA")},
	} {
		t.Run(test.name, func(t *testing.T) {
			auth := p.asking(t, test.credentials, nil)
			token := p.robotsToken(t)
			resp, ok, err := auth.AuthenticateToken(t.Context(), token)
			require.NoError(t, err, p)
			require.True(t, ok, p)
			require.Equal(t, "robot", resp.User.GetName())
			require.Equal(t, []string{"read"}, resp.User.GetGroups())
			_, known := authn.ExpiryOf(resp.User)
			require.True(t, known)
			require.NoError(t, auth.HealthCheck())

			p.revoke(t, token)
			_, ok, err = auth.AuthenticateToken(t.Context(), token)
			require.NoError(t, err, p)
			require.False(t, ok, p)
			r, err := http.NewRequest(http.MethodGet, "https://api.example.com/", nil)
			require.NoError(t, err)
			r.Header.Set("Authorization", "Bearer "+token)
			_, _, err = bearers.New(auth).AuthenticateRequest(r)
			require.Equal(t, authn.UnknownToken, authn.ReasonOf(err))
		})
	}

	t.Run("credentials that are not good", func(t *testing.T) {
		for name, wrong := range map[string]introspection.Credentials{
			"another secret, basic": introspection.Basic("api: basic", "another secret & more"),
			"another secret, post":  introspection.Post("api: post", "a secret: with %41, / and +"),
			"another key":           introspection.PrivateKey("api: key", introspection.SigningKey{Signer: newECKey(t), ID: "ES256", Audience: p.issuer}),
			"another audience":      introspection.PrivateKey("api: key", introspection.SigningKey{Signer: keys["ES256"], ID: "ES256", Audience: "https://other.example.com"}),
			"nobody":                introspection.Basic("api: nobody", "a secret"),
		} {
			auth := p.asking(t, wrong, nil)
			_, ok, err := auth.AuthenticateToken(t.Context(), p.robotsToken(t))
			require.False(t, ok, name)
			require.Equal(t, authn.Unavailable, authn.ReasonOf(err), name)
			require.ErrorContains(t, auth.HealthCheck(), "status 401: the server does not take the credentials of who asks", name)
		}
	})

	t.Run("tokens of people", func(t *testing.T) {
		got := p.tokens(t, "kubernetes", "jane")
		auth := p.asking(t, basic, nil)
		_, ok, err := auth.AuthenticateToken(t.Context(), got.AccessToken)
		require.False(t, ok)
		require.Equal(t, authn.WrongAudience, authn.ReasonOf(err), "it is for the provider's own pages")

		auth = p.asking(t, basic, func(c *introspection.Config) {
			c.AudienceOptional, c.User = true, jwt.ClaimMappings{Username: jwt.Claim("sub")}.User
		})
		resp, ok, err := auth.AuthenticateToken(t.Context(), got.AccessToken)
		require.NoError(t, err, p)
		require.True(t, ok, p)
		require.Equal(t, "jane", resp.User.GetName())

		refresh := p.tokens(t, "phone", "jane", "offline_access").RefreshToken
		require.NotEmpty(t, refresh, p)
		_, ok, err = auth.AuthenticateToken(t.Context(), refresh) // which is active too
		require.False(t, ok, p)
		require.Equal(t, authn.RuleFailed, authn.ReasonOf(err), err)
		require.ErrorContains(t, err, "may be one for refreshing")

		_, ok, err = auth.AuthenticateToken(t.Context(), got.IDToken) // which is not sent
		require.NoError(t, err, p)
		require.False(t, ok)
	})
}

// asking returns an authenticator that asks the provider.
func (p *provider) asking(t *testing.T, credentials introspection.Credentials, edit func(*introspection.Config)) *introspection.Authenticator {
	t.Helper()
	c := introspection.Config{
		URL: p.issuer + "/token/introspection", Credentials: credentials, Issuer: p.issuer, Audiences: []string{apiAudience},
		User: jwt.ClaimMappings{Username: jwt.Claim("client_id"), Groups: jwt.Claim("scope").Words()}.User,
	}
	if edit != nil {
		edit(&c)
	}
	auth, err := introspection.New(c, &introspection.Options{Client: httpsClient(t, p.ca)})
	require.NoError(t, err)
	return auth
}

// robotsToken gets an access token by the client credentials grant (RFC 6749,
// section 4.4).
func (p *provider) robotsToken(t *testing.T) string {
	t.Helper()
	body := p.postAsRobot(t, "/token", url.Values{"grant_type": {"client_credentials"}, "resource": {apiAudience}, "scope": {"read"}})
	var got tokens
	require.NoError(t, json.Unmarshal([]byte(body), &got), p)
	require.NotContains(t, got.AccessToken, ".", "it is opaque")
	return got.AccessToken
}

// revoke takes a token back (RFC 7009).
func (p *provider) revoke(t *testing.T, token string) {
	t.Helper()
	p.postAsRobot(t, "/token/revocation", url.Values{"token": {token}})
}

func (p *provider) postAsRobot(t *testing.T, path string, form url.Values) string {
	t.Helper()
	form.Set("client_id", "robot")
	form.Set("client_secret", "robots-secret")
	resp, err := httpsClient(t, p.ca).PostForm(p.issuer+path, form)
	require.NoError(t, err, p)
	body := read(t, resp)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s\n%s", body, p)
	return body
}

// newClientKeys makes a key for each algorithm, and a file of their public halves.
func newClientKeys(t *testing.T) (keys map[string]crypto.Signer, jwks string) {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey := newECKey(t)
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)

	encode := base64.RawURLEncoding.EncodeToString
	point, err := ecKey.PublicKey.Bytes() // 4, x, y
	require.NoError(t, err)
	rsaJWK := func(alg string) map[string]string {
		return map[string]string{"kty": "RSA", "kid": alg, "alg": alg, "n": encode(rsaKey.N.Bytes()), "e": encode(big.NewInt(int64(rsaKey.E)).Bytes())}
	}
	text, err := json.Marshal(map[string]any{"keys": []map[string]string{
		rsaJWK("RS256"), rsaJWK("PS256"),
		{"kty": "EC", "kid": "ES256", "alg": "ES256", "crv": "P-256", "x": encode(point[1:33]), "y": encode(point[33:])},
		{"kty": "OKP", "kid": "EdDSA", "alg": "EdDSA", "crv": "Ed25519", "x": encode(edPublic)},
	}})
	require.NoError(t, err)
	jwks = filepath.Join(t.TempDir(), "jwks.json")
	require.NoError(t, os.WriteFile(jwks, text, 0o600))
	return map[string]crypto.Signer{"RS256": rsaKey, "PS256": rsaKey, "ES256": ecKey, "EdDSA": edKey}, jwks
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}
