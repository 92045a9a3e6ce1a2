package jwt_test

import (
	"crypto"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

// No proof makes the check panic. One that is taken is good for go-jose too, with the
// key in its header, which is the one asked for, and says what it must.
func FuzzDPoPProof(f *testing.F) {
	const url = "https://resource.example.org/protectedresource"
	iat := int64(1562262618)
	issuer := newIssuer(f)
	keys := keysOf(issuer)
	rfcKeys := map[string]any{"RS256": rfcRSAKey(f), "PS512": rfcRSAKey(f), "ES256": rfcECKey(f), "EdDSA": rfcEdKey(f)}
	tokens := map[string]string{rfcJKT: ""}
	for _, key := range rfcKeys {
		tokens[thumbprint(f, key.(crypto.Signer).Public())] = ""
	}
	for jkt := range tokens {
		tokens[jkt] = issuer.Token(good(object{"iat": iat, "exp": iat + 1000, "cnf": object{"jkt": jkt}}))
	}
	for _, proof := range []string{rfcProof, rfcTokenless, "", "..", "e30.e30.", rfcProof + ", " + rfcProof, rfcProof[:200]} {
		f.Add(rfcJKT, proof)
	}
	claims := toJSON(f, object{"jti": "a", "htm": "GET", "htu": url + "?x#y", "iat": iat, "ath": hashOf(rfcToken), "exp": iat + 5, "nbf": iat})
	for alg, key := range rfcKeys {
		public := key.(crypto.Signer).Public()
		header := map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: public}}
		f.Add(thumbprint(f, public), sign(f, alg, key, header, claims))
		f.Add(rfcJKT, sign(f, alg, key, header, claims))
	}
	f.Fuzz(func(t *testing.T, jkt, proof string) {
		token, known := tokens[jkt]
		if !known {
			return
		}
		auth := newStatic(t, keys, requires(jwt.Binding{DPoP: &jwt.DPoP{}}), func(_ *jwt.Config, o *jwt.Options) {
			o.Now = func() time.Time { return time.Unix(iat, 0) }
		})
		r := authntest.Request(url)
		r.Header.Set("Authorization", "DPoP "+rfcToken)
		r.Header["Dpop"] = []string{proof}
		resp, ok, err := bound(opaque(rfcToken, auth, token)).AuthenticateRequest(r)
		if !ok {
			require.Nil(t, resp)
			require.Contains(t, []authn.Reason{authn.BadProof, authn.Unavailable}, authn.ReasonOf(err))
			require.LessOrEqual(t, len(err.Error()), 2048)
			return
		}
		mustBeProof(t, jkt, proof, url, iat)
	})
}

// mustBeProof judges a proof with go-jose.
func mustBeProof(t *testing.T, jkt, proof, target string, now int64) {
	t.Helper()
	var algorithms []jose.SignatureAlgorithm
	for _, alg := range allAlgorithms {
		algorithms = append(algorithms, jose.SignatureAlgorithm(alg))
	}
	signed, err := jose.ParseSignedCompact(proof, algorithms)
	require.NoError(t, err)
	protected := signed.Signatures[0].Protected
	require.True(t, protected.JSONWebKey.IsPublic())
	require.Equal(t, jkt, thumbprint(t, protected.JSONWebKey.Key))
	payload, err := signed.Verify(protected.JSONWebKey)
	require.NoError(t, err)
	var claims struct {
		JTI, HTM, HTU, ATH string
		IAT                int64
	}
	require.NoError(t, json.Unmarshal(payload, &claims))
	require.NotEmpty(t, claims.JTI)
	require.Equal(t, "GET", claims.HTM)
	require.Equal(t, hashOf(rfcToken), claims.ATH)
	require.InDelta(t, now, claims.IAT, 60)
	u, err := url.Parse(claims.HTU)
	require.NoError(t, err)
	want, err := url.Parse(target)
	require.NoError(t, err)
	require.Equal(t, want.Path, u.Path)
}
