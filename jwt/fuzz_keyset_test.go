package jwt_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

// FuzzKeySet: no key set makes the parser panic, and what it lets through is a
// key that is fit for use.
func FuzzKeySet(f *testing.F) {
	for _, member := range []string{
		ecJWK, edJWK, rsaJWK(2048, "AQAB"), rsaJWK(1024, "AQAB"), rsaJWK(2048, "AQ"), ecJWK + `,"use":"enc"`, ecJWK + `,"alg":"ES256"`, ecJWK + `,"key_ops":["verify"]`,
		ecJWK + `,"d":"AA"`, `"kty":"oct","k":"AA"`, `"kty":"EC","crv":"P-384","x":"AA","y":"AA"`, `"kty":"OKP","crv":"X25519","x":"AA"`, `"kty":"AKP","alg":"ML-DSA-44","pub":"AA"`, `"kty":1`,
	} {
		f.Add([]byte(`{"keys":[{"kid":"a",` + member + `}]}`))
		f.Add([]byte(`{"keys":[{` + member + `},{` + edJWK + `}]}`))
	}
	for _, set := range []string{"", "{}", `{"keys":null}`, `{"keys":[]}`, `{"keys":[1,{}]}`, `{"keys":[],"keys":[]}`, "<html>"} {
		f.Add([]byte(set))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, notes, err := jwt.ParseKeySet(body)
		if err != nil {
			require.Empty(t, keys)
			require.LessOrEqual(t, len(err.Error()), 1024)
			return
		}
		require.LessOrEqual(t, len(keys)+len(notes), 256)
		for _, key := range keys {
			mustBeFit(t, key)
		}
		for _, alg := range allAlgorithms { // in use
			auth := newStatic(t, jwt.StaticKeys(keys), func(c *jwt.Config, _ *jwt.Options) { c.Algorithms = allAlgorithms })
			got := ask(t, auth, b64([]byte(`{"alg":"`+alg+`"}`))+"."+b64([]byte(`{`+full+`}`))+"."+b64(make([]byte, 64)))
			require.Contains(t, []authn.Reason{authn.UnknownKey, authn.BadSignature}, got.reason)
		}
	})
}

func mustBeFit(t *testing.T, key jwt.Key) {
	t.Helper()
	switch pub := key.Public.(type) {
	case *rsa.PublicKey:
		require.GreaterOrEqual(t, pub.N.BitLen(), 2048)
		require.LessOrEqual(t, pub.N.BitLen(), 8192)
		require.GreaterOrEqual(t, pub.E, 3)
		require.Equal(t, 1, pub.E%2)
	case *ecdsa.PublicKey:
		require.Contains(t, []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()}, pub.Curve)
		_, err := pub.Bytes() // fails off the curve
		require.NoError(t, err)
	case ed25519.PublicKey:
		require.Len(t, pub, ed25519.PublicKeySize)
	default:
		t.Fatalf("%T", pub)
	}
	require.Contains(t, append(allAlgorithms, ""), key.Algorithm)
}
