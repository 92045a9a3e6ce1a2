package jwt_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

func TestParseClaims(t *testing.T) {
	claims, err := jwt.ParseClaims(` {"b":null,"a":"x","list":["x","y"],"yes":true,"at":1767268800.9,"address":{"Street":"s","street":"t"},"n":1} `)
	require.NoError(t, err)
	require.Equal(t, []string{"b", "a", "list", "yes", "at", "address", "n"}, slices.Collect(claims.Names()))
	for range claims.Names() {
		break // is heeded
	}
	require.True(t, claims.Has("b"))
	require.False(t, claims.Has("B"))

	text, err := claims.String("a")
	require.NoError(t, err)
	require.Equal(t, "x", text)
	one, err := claims.Strings("a")
	require.NoError(t, err)
	require.Equal(t, []string{"x"}, one)
	two, err := claims.Strings("list")
	require.NoError(t, err)
	require.Equal(t, []string{"x", "y"}, two)
	yes, err := claims.Bool("yes")
	require.NoError(t, err)
	require.True(t, yes)
	at, err := claims.Time("at")
	require.NoError(t, err)
	require.True(t, at.Equal(noon), at)

	var address struct {
		Street string `json:"street"`
	}
	require.NoError(t, claims.Decode("address", &address))
	require.Equal(t, "t", address.Street, "names match to the letter")
	var n int
	require.NoError(t, claims.Decode("n", &n))
	require.Equal(t, 1, n)
}

func TestClaimErrors(t *testing.T) {
	claims, err := jwt.ParseClaims(`{"n":1,"s":"x","o":{"` + strings.Repeat("x", 2000) + `":1}}`)
	require.NoError(t, err)
	var number int
	errs := map[string]error{}
	_, errs[`claim "n": not a string`] = claims.String("n")
	_, errs[`claim "S": missing`] = claims.String("S")
	_, errs[`claim "o": not a list`] = claims.Strings("o")
	_, errs[`claim "s": not true or false`] = claims.Bool("s")
	_, errs[`claim "s": not a number`] = claims.Time("s")
	_, errs[`claim "": missing`] = claims.Time("")
	_, errs[`claim "`+strings.Repeat("y", 128)+`"…: missing`] = claims.Bool(strings.Repeat("y", 1000))
	errs[`claim "x": missing`] = claims.Decode("x", &number)
	errs[`claim "s": json: cannot unmarshal string into Go value of type int`] = claims.Decode("s", &number)
	for want, err := range errs {
		require.EqualError(t, err, want)
		require.Equal(t, authn.ClaimMissing, authn.ReasonOf(err), want)
	}
}

// The zero Claims are those of a token without any.
func TestNoClaims(t *testing.T) {
	var claims jwt.Claims
	require.Empty(t, slices.Collect(claims.Names()))
	require.False(t, claims.Has("sub"))
	_, err := claims.String("sub")
	require.EqualError(t, err, `claim "sub": missing`)
}

func TestParseClaimsErrors(t *testing.T) {
	for payload, want := range map[string]string{
		"":                             "jwt: payload: not a JSON object",
		"[]":                           "jwt: payload: not a JSON object",
		`{"a":1,"a":2}`:                `jwt: payload: offset 10: duplicate member "a"`,
		`{"a":1`:                       "jwt: payload: offset 6: the text ends too early",
		`{"a":"` + "\xff" + `"}`:       "jwt: payload: offset 6: not valid UTF-8",
		`{"a":[` + deepList(64) + "]}": "jwt: payload: offset 69: more than 64 levels deep",
	} {
		_, err := jwt.ParseClaims(payload)
		require.EqualError(t, err, want)
		require.Equal(t, authn.Malformed, authn.ReasonOf(err))
	}
}

func deepList(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// Instants after the last that time.Time can hold are errors, since others would
// take them for past ones; those before the first are as good as it.
func TestFarTimes(t *testing.T) {
	claims, err := jwt.ParseClaims(`{"late":9223371974719179007,"later":9223371974719179008,"early":-9223372036854775808}`)
	require.NoError(t, err)
	late, err := claims.Time("late")
	require.NoError(t, err)
	_, err = claims.Time("later")
	require.EqualError(t, err, `claim "later": out of range`)
	early, err := claims.Time("early")
	require.NoError(t, err)
	require.True(t, late.After(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)))
	require.True(t, early.Before(time.Date(-9999, 1, 1, 0, 0, 0, 0, time.UTC)))
}
