//go:build !windows

package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// joseHeader is the part of a token's header that tells which key signed it.
type joseHeader struct{ Alg, Kid string }

func header(t *testing.T, token string) joseHeader {
	t.Helper()
	var h joseHeader
	decode(t, token, 0, &h)
	return h
}

// requireClaims wants the token to be what the login asked for
// (OpenID Connect Core 1.0, section 3.1.3.7), with the claims that the tour maps in it.
func (p *provider) requireClaims(t *testing.T, token, audience, nonce string) {
	t.Helper()
	var claims struct {
		Iss, Aud, Nonce, Email string
		EmailVerified          bool `json:"email_verified"`
		Groups                 []string
	}
	decode(t, token, 1, &claims)
	require.Equal(t, p.issuer, claims.Iss, p)
	require.Equal(t, audience, claims.Aud, p)
	require.Equal(t, nonce, claims.Nonce, p)
	require.NotEmpty(t, claims.Email, p)
	require.True(t, claims.EmailVerified, p)
	require.NotEmpty(t, claims.Groups, p)
}

// decode reads the n-th of the three parts of a token.
func decode(t *testing.T, token string, n int, into any) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	part, err := base64.RawURLEncoding.DecodeString(parts[n])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(part, into))
}

// splice puts the payload of one token between the header and the signature of another.
func splice(token, payload string) string {
	parts := strings.Split(token, ".")
	parts[1] = strings.Split(payload, ".")[1]
	return strings.Join(parts, ".")
}
