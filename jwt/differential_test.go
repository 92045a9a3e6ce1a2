package jwt_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/jwt"
)

// Our verdict on a signature is go-jose's, for good tokens and for broken ones.
func TestDifferential(t *testing.T) {
	issuer := newIssuer(t)
	keys := keysOf(issuer)
	auth := newStatic(t, keys, func(c *jwt.Config, _ *jwt.Options) { c.Algorithms = allAlgorithms })
	rng := rand.New(rand.NewPCG(7515, 8037))
	flip := func(part string) string { // a bit of what the part stands for
		b := unb64(t, part)
		b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
		return b64(b)
	}
	accepted, refused := 0, 0
	for i := range 600 {
		alg := allAlgorithms[i%len(allAlgorithms)]
		says := alg
		if rng.IntN(8) == 0 {
			says = allAlgorithms[rng.IntN(len(allAlgorithms))]
		}
		header := object{"alg": says}
		if rng.IntN(3) == 0 {
			header["kid"] = nil
		}
		token := issuer.Sign(alg, good(object{"n": rng.Uint64(), "s": strings.Repeat("x", rng.IntN(100))}), header)
		h, p, s := parts(token)
		change := "nothing"
		switch rng.IntN(8) {
		case 0:
			change, s = "signature", flip(s)
		case 1:
			change, p = "payload", b64([]byte(strings.Replace(string(unb64(t, p)), "jane", "joan", 1)))
		case 2:
			change, h = "header", b64([]byte(strings.Replace(string(unb64(t, h)), "JWT", "jwt", 1)))
		case 3:
			change, s = "length", b64(unb64(t, s)[:rng.IntN(len(unb64(t, s)))])
		case 4:
			_, _, other := parts(issuer.Sign(alg, good(object{"n": i}), header))
			change, s = "another's signature", other
		}
		token = h + "." + p + "." + s
		t.Run(fmt.Sprintf("%d %s %s", i, alg, change), func(t *testing.T) {
			want := joseVerifies(keys, token)
			got := ask(t, auth, token)
			require.Equal(t, want, got.user != nil, "%+v", got)
			require.Equal(t, alg == says && change == "nothing", want, "the test itself")
		})
		if joseVerifies(keys, token) {
			accepted++
		} else {
			refused++
		}
	}
	require.Greater(t, accepted, 150)
	require.Greater(t, refused, 150)
}
