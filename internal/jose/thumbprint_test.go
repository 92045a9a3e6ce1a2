package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"math/big"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/jose"
)

// rfc7638N is the modulus of RFC 7638, section 3.1.
const rfc7638N = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

func TestThumbprint(t *testing.T) {
	tests := []struct{ name, jwk, want string }{
		{"RFC 7638, section 3.1", `{"kty":"RSA","n":"` + rfc7638N + `","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{"RFC 8037, appendix A.3", `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
		{"a zero before the modulus", `{"kty":"RSA","n":"ANL8e2oKHmxnEErrj4iyV2abTfZ53a0Jm1xKbNmogBW1oTO_C4VseHG23wALVU_Os8LtUSu2jxRcboQ0dS-rUqHPwSRAj3m1ikV4wWQohVeJ96JJ44TLLZ-uLWf9lvuSbBmOB3OZ_cgVwK8Jfd5are_0TecOgn9IeEMkOb_uuWBo0EdPxQ1tkL86mN-vEEDInALWkqs7PCiWYJ2G_XO3dM4HQGR87uqjEL0S-YWo659Z_dQmzqWyEg9PKjS8q3ZLfmxU1oQCOLzEBYelnmbtHzOJRXdjXEcK91z5LCDR2kPhv8QZ4iKm8NC7NYxeOPnLBQrq_pBIFPGsGqScyp6gyoM","e":"AQAB"}`, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := jose.Thumbprint(keyOf(t, tt.jwk).Public)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

// go-jose's are the same, above all for coordinates that begin with zeros.
func TestThumbprintIsGoJoses(t *testing.T) {
	keys := []crypto.PublicKey{keyOf(t, a2.jwk).Public, keyOf(t, a3.jwk).Public, keyOf(t, a4.jwk).Public, keyOf(t, ed.jwk).Public}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		keys = append(keys, shortPoint(t, curve))
	}
	for _, key := range keys {
		want, err := (&gojose.JSONWebKey{Key: key}).Thumbprint(crypto.SHA256)
		require.NoError(t, err)
		got, err := jose.Thumbprint(key)
		require.NoError(t, err)
		require.Equal(t, b64(want), got, "%T", key)
	}
}

// shortPoint returns a key on a curve whose x takes a byte less than it has room for.
func shortPoint(t *testing.T, curve elliptic.Curve) *ecdsa.PublicKey {
	t.Helper()
	size := (curve.Params().BitSize + 7) / 8
	for d := int64(1); d < 10_000; d++ {
		key, err := ecdsa.ParseRawPrivateKey(curve, big.NewInt(d).FillBytes(make([]byte, size)))
		require.NoError(t, err)
		if point, err := key.PublicKey.Bytes(); err == nil && point[1] == 0 && (size < 66 || point[2] == 0) {
			return &key.PublicKey
		}
	}
	t.Fatal("none")
	return nil
}

func TestNoThumbprint(t *testing.T) {
	for _, tt := range badKeys {
		_, err := jose.Thumbprint(tt.key)
		require.EqualError(t, err, tt.want, tt.name)
	}
	off := &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)} //lint:ignore SA1019 a point that is not on it
	_, err := jose.Thumbprint(off)
	require.ErrorContains(t, err, "not on curve")
}
