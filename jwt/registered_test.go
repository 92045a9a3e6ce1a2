package jwt_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

func TestAudience(t *testing.T) {
	issuer := newIssuer(t)
	run(t, newStatic(t, keysOf(issuer)), audiences(issuer))
	two := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) { c.Audiences = []string{"one", "two"} })
	require.Equal(t, isUser("jane"), ask(t, two, issuer.Token(good(object{"aud": []string{"zero", "two"}}))))
	require.Equal(t, wrongAudience(`the token is for "kubernetes", not for any of ["one" "two"]`), ask(t, two, issuer.Token(good(nil))))
}

func audiences(issuer *authntest.Issuer) []row {
	return []row{
		{"a string", issuer.Token(good(object{"aud": "kubernetes"})), isUser("jane")},
		{"a list of it", issuer.Token(good(object{"aud": []string{"kubernetes"}})), isUser("jane")},
		{"a list with it", issuer.Token(good(object{"aud": []string{"a", "kubernetes", "b"}})), isUser("jane")},
		{"missing", issuer.Token(good(object{"aud": nil})), wrongAudience(`claim "aud": missing`)},
		{"null", issuer.Token(good(object{"aud": raw("null")})), wrongAudience(`claim "aud": not a list`)},
		{"a number", issuer.Token(good(object{"aud": 1})), wrongAudience(`claim "aud": not a list`)},
		{"an object", issuer.Token(good(object{"aud": object{"kubernetes": true}})), wrongAudience(`claim "aud": not a list`)},
		{"true", issuer.Token(good(object{"aud": true})), wrongAudience(`claim "aud": not a list`)},
		{"another", issuer.Token(good(object{"aud": "another"})), wrongAudience(`the token is for "another"` + nobodys)},
		{"empty", issuer.Token(good(object{"aud": ""})), wrongAudience(`the token is for ""` + nobodys)},
		{"an empty list", issuer.Token(good(object{"aud": []string{}})), wrongAudience(`the token is for nobody` + nobodys)},
		{"a list with a number", issuer.Token(good(object{"aud": []any{"kubernetes", 1}})), wrongAudience(`claim "aud": item 1 of the list is not a string`)},
		{"a list with null", issuer.Token(good(object{"aud": []any{nil, "kubernetes"}})), wrongAudience(`claim "aud": item 0 of the list is not a string`)},
		{"a list in a list", issuer.Token(good(object{"aud": []any{[]string{"kubernetes"}}})), wrongAudience(`claim "aud": item 0 of the list is not a string`)},
		{"in upper case", issuer.Token(good(object{"aud": "KUBERNETES"})), wrongAudience(`the token is for "KUBERNETES"` + nobodys)},
		{"longer", issuer.Token(good(object{"aud": "kubernetes2"})), wrongAudience(`the token is for "kubernetes2"` + nobodys)},
		{"with NUL", issuer.Token(good(object{"aud": "kubernetes\x00"})), wrongAudience(`the token is for "kubernetes\x00"` + nobodys)},
		{"with a blank", issuer.Token(good(object{"aud": "kubernetes other"})), wrongAudience(`the token is for "kubernetes other"` + nobodys)},
		{"five others", issuer.Token(good(object{"aud": []string{"a", "b", "c", "d", "e"}})), wrongAudience(`the token is for "a", "b", "c" and 2 more` + nobodys)},
		{"azp does not matter", issuer.Token(good(object{"aud": "another", "azp": "kubernetes"})), wrongAudience(`the token is for "another"` + nobodys)},
	}
}

func TestTimes(t *testing.T) {
	issuer := newIssuer(t)
	require.EqualValues(t, 1767268800, noon.Unix())
	run(t, newStatic(t, keysOf(issuer)), times(issuer))
}

func times(issuer *authntest.Issuer) []row {
	at := func(name, value string) string { return issuer.Token(good(object{name: raw(value)})) }
	return []row{
		{"exp missing", issuer.Token(good(object{"exp": nil})), claimMissing(`claim "exp": missing`)},
		{"exp null", at("exp", "null"), claimMissing(`claim "exp": not a number`)},
		{"exp true", at("exp", "true"), claimMissing(`claim "exp": not a number`)},
		{"exp a string", at("exp", `"1767272400"`), claimMissing(`claim "exp": not a number`)},
		{"exp a date", at("exp", `"2026-01-01T13:00:00Z"`), claimMissing(`claim "exp": not a number`)},
		{"exp a list", at("exp", "[1767272400]"), claimMissing(`claim "exp": not a number`)},
		{"exp an object", at("exp", "{}"), claimMissing(`claim "exp": not a number`)},
		{"exp with a fraction", at("exp", "1767272400.5"), isUser("jane")},
		{"exp with an exponent", at("exp", "1.7672724e9"), isUser("jane")},
		{"exp with a negative exponent", at("exp", "17672724000e-1"), isUser("jane")},
		{"exp with zeros behind its point", at("exp", "1767272400."+strings.Repeat("0", 1000)), isUser("jane")},
		{"exp of 1,000 digits", at("exp", strings.Repeat("9", 1000)), claimMissing(`claim "exp": out of range`)},
		{"exp of many zeros and an exponent", at("exp", "0."+strings.Repeat("0", 1000)+"1e1010"), expired("expired 8880d ago (exp 2001-09-09T01:46:40Z)")},
		{"exp 1e18", at("exp", "1e18"), isUser("jane")},
		{"exp 1e999999999999", at("exp", "1e999999999999"), claimMissing(`claim "exp": out of range`)},
		{"exp 0e999999999999", at("exp", "0e999999999999"), expired("expired 20454d ago (exp 1970-01-01T00:00:00Z)")},
		{"exp NaN as a string", at("exp", `"NaN"`), claimMissing(`claim "exp": not a number`)},
		{"exp empty", at("exp", `""`), claimMissing(`claim "exp": not a number`)},
		{"exp false", at("exp", "false"), claimMissing(`claim "exp": not a number`)},
		{"exp within this second", at("exp", "1767268800.9"), expired("expired 0s ago (exp 2026-01-01T12:00:00Z)")},
		{"exp now", at("exp", "1767268800"), expired("expired 0s ago (exp 2026-01-01T12:00:00Z)")},
		{"exp in a second", at("exp", "1767268801"), isUser("jane")},
		{"exp an hour ago", at("exp", "1767265200"), expired("expired 1h0m0s ago (exp 2026-01-01T11:00:00Z)")},
		{"exp 0", at("exp", "0"), expired("expired 20454d ago (exp 1970-01-01T00:00:00Z)")},
		{"exp -0", at("exp", "-0"), expired("expired 20454d ago (exp 1970-01-01T00:00:00Z)")},
		{"exp -0.0", at("exp", "-0.0"), expired("expired 20454d ago (exp 1970-01-01T00:00:00Z)")},
		{"exp -1", at("exp", "-1"), expired("expired 20454d ago (exp -1)")},
		{"exp tiny", at("exp", "1e-400"), expired("expired 20454d ago (exp 1970-01-01T00:00:00Z)")},
		{"exp the least int64", at("exp", "-9223372036854775808"), expired("expired ages ago (exp -4611686018427387904)")},
		{"exp below int64", at("exp", "-9223372036854775809"), expired("expired ages ago (exp -4611686018427387904)")},
		{"exp far below int64", at("exp", "-1e19"), claimMissing(`claim "exp": out of range`)},
		{"exp the last instant", at("exp", "9223371974719179007"), isUser("jane")},
		{"exp the second after it", at("exp", "9223371974719179008"), claimMissing(`claim "exp": out of range`)},
		{"exp the greatest int64", at("exp", "9223372036854775807"), claimMissing(`claim "exp": out of range`)},
		{"exp above int64", at("exp", "9223372036854775808"), claimMissing(`claim "exp": out of range`)},
		{"exp above uint64", at("exp", "18446744073709551617"), claimMissing(`claim "exp": out of range`)},
		{"exp 1e300", at("exp", "1e300"), claimMissing(`claim "exp": out of range`)},
		{"exp 1e400", at("exp", "1e400"), claimMissing(`claim "exp": out of range`)},
		{"exp -1e400", at("exp", "-1e400"), claimMissing(`claim "exp": out of range`)},
		{"nbf missing", issuer.Token(good(nil)), isUser("jane")},
		{"nbf past", at("nbf", "1767268740"), isUser("jane")},
		{"nbf in a minute", at("nbf", "1767268860"), isUser("jane")},
		{"nbf in a minute and a second", at("nbf", "1767268861"), notYet("valid in 1m1s (nbf 2026-01-01T12:01:01Z)")},
		{"nbf a string", at("nbf", `"0"`), claimMissing(`claim "nbf": not a number`)},
		{"nbf null", at("nbf", "null"), claimMissing(`claim "nbf": not a number`)},
		{"nbf true", at("nbf", "true"), claimMissing(`claim "nbf": not a number`)},
		{"nbf with a fraction", at("nbf", "1767268860.9"), isUser("jane")},
		{"nbf -1e300", at("nbf", "-1e300"), claimMissing(`claim "nbf": out of range`)},
		{"iat null", at("iat", "null"), claimMissing(`claim "iat": not a number`)},
		{"iat 1e300", at("iat", "1e300"), claimMissing(`claim "iat": out of range`)},
		{"iat -0", at("iat", "-0"), isUser("jane")},
		{"nbf 1e300", at("nbf", "1e300"), claimMissing(`claim "nbf": out of range`)},
		{"nbf the greatest int64", at("nbf", "9223372036854775807"), claimMissing(`claim "nbf": out of range`)},
		{"nbf the least int64", at("nbf", "-9223372036854775808"), isUser("jane")},
		{"iat missing", issuer.Token(good(object{"iat": nil})), isUser("jane")},
		{"iat in a minute", at("iat", "1767268860"), isUser("jane")},
		{"iat in a minute and a second", at("iat", "1767268861"), notYet("valid in 1m1s (iat 2026-01-01T12:01:01Z)")},
		{"iat a string", at("iat", `"1"`), claimMissing(`claim "iat": not a number`)},
		{"iat false", at("iat", "false"), claimMissing(`claim "iat": not a number`)},
		{"iat in three days", at("iat", "1767528000"), notYet("valid in 3d (iat 2026-01-04T12:00:00Z)")},
	}
}
