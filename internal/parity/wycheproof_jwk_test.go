package parity

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	roca       = "an RSA key of a library whose keys can be factored (CVE-2017-15361)"
	tooShort   = "an RSA key of 1024 bits, not 2048 to 8192"
	es224      = `"alg" "ES224": does not fit the type of the key`
	exponent   = "an RSA exponent that is even, below 3 or above 2^31-1"
	offCurve   = "go-jose/go-jose: invalid EC key, X/Y are not on declared curve"
	otherCurve = "go-jose/go-jose: invalid EC public key, wrong length for x"
)

// TestWycheproofJWK has what package jose says of all vectors of
// json_web_key_test.json, and those that go-jose accepts nevertheless. Each comes out
// as it says, but for four that are valid with a shared secret.
func TestWycheproofJWK(t *testing.T) {
	groups := groupsOf[jsonGroup](t, "json_web_key_test.json", 26)
	ours, joseAccepts := outcomesOf(t, groups)
	require.Equal(t, outcomes{
		"":             {5},
		sharedSecret:   {1, 2, 3, 4, 10, 11, 12, 13, 14, 15, 16, 17, 18, 25, 26},
		notSig:         {6, 21},
		roca:           {7},
		tooShort:       {8},
		exponent:       {9},
		es521:          {19},
		es224:          {20},
		offCurve:       {22},
		otherCurve:     {23},
		`"n": missing`: {24},
	}, ours)
	require.Equal(t, outcomes{
		sharedSecret: {1, 2, 4, 13, 14, 15, 25, 26}, // 1 and 4 are sets that mix keys or say a kid twice, 25 and 26 of encryption
		notSig:       {6, 21},
		roca:         {7},
		tooShort:     {8},
		es521:        {19},
		es224:        {20},
	}, joseAccepts)

	var otherwise []int
	for _, g := range groups {
		for _, v := range g.Tests {
			if v.valid() != slices.Contains(ours[""], v.ID) {
				require.Nil(t, g.Public)
				otherwise = append(otherwise, v.ID)
			}
		}
	}
	require.Equal(t, []int{2, 13, 14, 15}, otherwise)
}
