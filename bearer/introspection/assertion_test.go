package introspection_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/bearer/introspection"
	"github.com/authnchain/authnchain/jwt"
)

// What a key signs is verified by go-jose and has the claims of RFC 7523, section 3.
func TestPrivateKey(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	tests := []struct {
		name      string
		signer    crypto.Signer
		kid       string
		algorithm string
		want      string
	}{
		{"RSA", rsaKey, "k-1", "", "RS256"},
		{"RS256", rsaKey, "k-1", "RS256", "RS256"},
		{"PS256", rsaKey, "k-1", "PS256", "PS256"},
		{"P-256", ecKey, "k-1", "", "ES256"},
		{"ES256", ecKey, "k-1", "ES256", "ES256"},
		{"Ed25519", edKey, "k-1", "", "EdDSA"},
		{"EdDSA", edKey, "k-1", "EdDSA", "EdDSA"},
		{"no name", ecKey, "", "", "ES256"},
		{"a name with quotes", ecKey, `"k"`, "", "ES256"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &recorder{body: active()}
			a := asking(t, s, func(c *introspection.Config, _ *introspection.Options) {
				c.Credentials = introspection.PrivateKey("my-api", introspection.SigningKey{
					Signer: tt.signer, ID: tt.kid, Algorithm: tt.algorithm, Audience: "https://login.example.com",
					Now: func() time.Time { return noon },
				})
			})
			ids := map[string]bool{}
			for i := range 20 { // an ECDSA signature has short numbers now and then
				require.Equal(t, isUser("jane"), ask(t, a, "abc"))
				form := s.forms[i]
				assertion := form.Get("client_assertion")
				form.Del("client_assertion")
				require.Equal(t, url.Values{
					"token": {"abc"}, "token_type_hint": {"access_token"},
					"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
				}, form)
				require.NotContains(t, s.requests[i].Header, "Idempotency-Key", "an assertion is good for once")

				signed, err := jose.ParseSignedCompact(assertion, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(tt.want)})
				require.NoError(t, err)
				require.Equal(t, tt.kid, signed.Signatures[0].Header.KeyID)
				payload, err := signed.Verify(tt.signer.Public())
				require.NoError(t, err)
				c, err := jwt.ParseClaims(string(payload))
				require.NoError(t, err)
				id, err := c.String("jti")
				require.NoError(t, err)
				require.Greater(t, len(id), 20)
				require.False(t, ids[id], "it is another each time")
				ids[id] = true
				require.JSONEq(t, `{"iss":"my-api","sub":"my-api","aud":"https://login.example.com","jti":"`+id+`","iat":1767268800,"exp":1767268860}`, string(payload))
			}
		})
	}
}

// strange is a Signer that signs with what it is given.
type strange struct {
	crypto.Signer
	signature []byte
	err       error
}

func (s strange) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return s.signature, s.err
}

// A signature of ECDSA has 64 bytes, however small its numbers are (RFC 7518, section
// 3.4).
func TestSmallNumbers(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	s := &recorder{body: active()}
	a := asking(t, s, func(c *introspection.Config, _ *introspection.Options) {
		c.Credentials = introspection.PrivateKey("my-api", introspection.SigningKey{Signer: strange{key, []byte{0x30, 6, 2, 1, 7, 2, 1, 9}, nil}, Audience: "a"})
	})
	require.Equal(t, isUser("jane"), ask(t, a, "abc"))
	assertion := s.forms[0].Get("client_assertion")
	signature, err := base64.RawURLEncoding.DecodeString(assertion[strings.LastIndexByte(assertion, '.')+1:])
	require.NoError(t, err)
	want := make([]byte, 64)
	want[31], want[63] = 7, 9
	require.Equal(t, want, signature)
}

func TestSignerThatFails(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tests := []struct {
		name   string
		signer strange
		err    string
	}{
		{"an error", strange{key, nil, errors.New("the module is locked")}, "credentials: signing: the module is locked"},
		{"no signature", strange{key, nil, nil}, "credentials: signing: asn1: syntax error: sequence truncated"},
		{"negative numbers", strange{key, []byte{0x30, 6, 2, 1, 0xff, 2, 1, 1}, nil}, "credentials: signing: the Signer's signature is none of P-256"},
		{"large numbers", strange{key, append([]byte{0x30, 38, 2, 33, 1}, append(make([]byte, 32), 2, 1, 1)...), nil}, "credentials: signing: the Signer's signature is none of P-256"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &recorder{body: active()}
			a := asking(t, s, func(c *introspection.Config, _ *introspection.Options) {
				c.Credentials = introspection.PrivateKey("my-api", introspection.SigningKey{Signer: tt.signer, Audience: "a"})
			})
			require.Equal(t, unavailable(tt.err), ask(t, a, token))
			require.Empty(t, s.forms)
		})
	}
}
