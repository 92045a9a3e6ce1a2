package jose_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/jose"
)

// forgery returns a signature that verifies under a key of low order for one message
// in as many as its order, though nobody has signed: R is a point of low order too,
// and S is zero.
func forgery(r byte) []byte { return append([]byte{r}, make([]byte, 63)...) }

// Keys of low order are refused, wherever they come from: crypto/ed25519 takes them.
func TestLowOrder(t *testing.T) {
	y8 := []byte{ // a point of order 8
		0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
	}
	negated := make([]byte, 32) // p - y8, of order 8 too
	borrow := 0
	for i, b := range append([]byte{0xed}, append(slices.Repeat([]byte{0xff}, 30), 0x7f)...) {
		d := int(b) - int(y8[i]) - borrow
		borrow = 0
		if d < 0 {
			d, borrow = d+256, 1
		}
		negated[i] = byte(d)
	}
	ones := append(slices.Repeat([]byte{0xff}, 31), 0x7f)
	last := func(first byte) []byte { return append([]byte{first}, ones[1:]...) }
	for i, y := range [][]byte{forgery(1)[:32], make([]byte, 32), y8, negated, last(0xec), last(0xed), last(0xee)} {
		for _, sign := range []byte{0, 0x80} {
			key := ed25519.PublicKey(slices.Clone(y))
			key[31] |= sign
			t.Run(fmt.Sprintf("%d %x", i, sign), func(t *testing.T) {
				require.EqualError(t, jose.CheckKey(key), "an Ed25519 key of low order, which verifies what nobody has signed")
				require.False(t, jose.Key{Public: key}.Fits("EdDSA"))
				var jwk gojose.JSONWebKey
				require.Error(t, jwk.UnmarshalJSON([]byte(`{"kty":"OKP","crv":"Ed25519","x":"`+base64.RawURLEncoding.EncodeToString(key)+`"}`)), "go-jose's own list")
			})
		}
	}
	one := ed25519.PublicKey(forgery(1)[:32])
	require.True(t, ed25519.Verify(one, []byte("anything"), forgery(1)), "the reason for all this")
}
