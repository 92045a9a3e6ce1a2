package jwt_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

const nobodys = ", not for any of [\"kubernetes\"]"

func wrongAudience(text string) answer { return answer{reason: authn.WrongAudience, text: text} }
func claimMissing(text string) answer  { return answer{reason: authn.ClaimMissing, text: text} }
func expired(text string) answer       { return answer{reason: authn.Expired, text: text} }
func notYet(text string) answer        { return answer{reason: authn.NotYetValid, text: text} }

// Noon is 1767268800.
const (
	iss  = `"iss":"` + login + `"`
	sub  = `"sub":"jane"`
	aud  = `"aud":"kubernetes"`
	exp  = `"exp":1767272400`
	full = iss + "," + sub + "," + aud + "," + exp
)

func TestPayload(t *testing.T) {
	issuer := newIssuer(t)
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	auth := newStatic(t, keysOf(issuer), func(_ *jwt.Config, o *jwt.Options) { o.MaxBytes = 1 << 20 })
	tests := []struct {
		name, payload string
		want          answer
	}{
		{"as it should be", `{` + full + `}`, isUser("jane")},
		{"blanks", " {\r\n\t" + full + "}\n", isUser("jane")},
		{"escapes", `{"\u0069ss":"https:\/\/login.example.com","s\u0075b":"j\u0061ne",` + aud + `,` + exp + `}`, isUser("jane")},
		{"ISS", `{"ISS":"` + login + `",` + sub + `,` + aud + `,` + exp + `}`, answer{reason: notMine, text: `issued by ""`}},
		{"iſs", `{"iſs":"` + login + `",` + sub + `,` + aud + `,` + exp + `}`, answer{reason: notMine, text: `issued by ""`}},
		{"AUD", `{` + iss + `,` + sub + `,"AUD":"kubernetes",` + exp + `}`, wrongAudience(`claim "aud": missing`)},
		{"EXP", `{` + iss + `,` + sub + `,` + aud + `,"EXP":1767272400}`, claimMissing(`claim "exp": missing`)},
		{"SUB", `{` + iss + `,"SUB":"jane",` + aud + `,` + exp + `}`, claimMissing(`username: claim "sub": missing`)},
		{"iss in both cases", `{"ISS":"https://evil.example.com",` + full + `}`, isUser("jane")},
		{"aud in both cases", `{` + full + `,"AUD":"another","Aud":"another"}`, isUser("jane")},
		{"exp in both cases", `{"EXP":1,` + full + `,"Exp":1}`, isUser("jane")},
		{"sub in both cases", `{` + full + `,"SUB":"admin","ſub":"admin"}`, isUser("jane")},
		{"iss twice", `{` + full + `,` + iss + `}`, malformed(`payload: offset 89: duplicate member "iss"`)},
		{"another iss after it", `{` + full + `,"iss":"https://evil.example.com"}`, malformed(`payload: offset 89: duplicate member "iss"`)},
		{"another iss before it", `{"iss":"https://evil.example.com",` + full + `}`, answer{reason: notMine, text: `issued by "https://evil.example.com"`}},
		{"sub twice", `{` + full + `,"sub":"admin"}`, malformed(`payload: offset 89: duplicate member "sub"`)},
		{"sub twice, by an escape", `{` + full + `,"\u0073ub":"admin"}`, malformed(`payload: offset 94: duplicate member "sub"`)},
		{"sub twice, both by escapes", `{` + iss + `,"su\u0062":"a","\u0073ub":"b",` + aud + `,` + exp + `}`, malformed(`payload: offset 60: duplicate member "sub"`)},
		{"aud twice", `{` + full + `,"aud":"another"}`, malformed(`payload: offset 89: duplicate member "aud"`)},
		{"exp twice", `{` + full + `,"exp":9999999999}`, malformed(`payload: offset 89: duplicate member "exp"`)},
		{"twice, of no interest", `{` + full + `,"x":1,"x":2}`, malformed(`payload: offset 93: duplicate member "x"`)},
		{"twice, deep down", `{` + full + `,"x":[{"y":{"z":1,"z":1}}]}`, malformed(`payload: offset 104: duplicate member "z"`)},
		{"lone high surrogate", `{` + full + `,"x":"\ud800"}`, malformed("payload: offset 95: a lone surrogate in a string")},
		{"lone low surrogate", `{` + full + `,"x":"\udc00"}`, malformed("payload: offset 95: a lone surrogate in a string")},
		{"surrogates the wrong way round", `{` + full + `,"x":"\udc00\ud800"}`, malformed("payload: offset 101: a lone surrogate in a string")},
		{"a lone surrogate in a name", `{` + full + `,"\ud83d":1}`, malformed("payload: offset 91: a lone surrogate in a string")},
		{"a pair of surrogates", `{"sub":"\ud83d\ude00",` + iss + `,` + aud + `,` + exp + `}`, isUser("😀")},
		{"not UTF-8", `{` + full + `,"x":"` + "\xff" + `"}`, malformed("payload: offset 89: not valid UTF-8")},
		{"an overlong NUL", `{` + full + `,"x":"` + "\xc0\x80" + `"}`, malformed("payload: offset 89: not valid UTF-8")},
		{"a surrogate in UTF-8", `{` + full + `,"x":"` + "\xed\xa0\x80" + `"}`, malformed("payload: offset 89: not valid UTF-8")},
		{"cut in UTF-8", `{` + full + `,"x":"` + "\xe2\x82" + `"}`, malformed("payload: offset 89: not valid UTF-8")},
		{"a control character", `{` + full + `,"x":"` + "\n" + `"}`, malformed("payload: offset 89: a control character in a string")},
		{"63 levels below the first", `{` + full + `,"x":` + deep(63) + `}`, isUser("jane")},
		{"64 levels below the first", `{` + full + `,"x":` + deep(64) + `}`, malformed("payload: offset 152: more than 64 levels deep")},
		{"10,000 levels", `{` + full + `,"x":` + deep(10_000) + `}`, malformed("payload: offset 152: more than 64 levels deep")},
		{"a list of 100,000", `{` + full + `,"x":[` + strings.Repeat("0,", 99_999) + `0]}`, isUser("jane")},
		{"10,000 members", `{` + full + many(10_000) + `}`, isUser("jane")},
		{"a long string", `{` + full + `,"x":"` + strings.Repeat("x", 100_000) + `"}`, isUser("jane")},
		{"more after it", `{` + full + `}{}`, malformed("payload: offset 84: more after the object")},
		{"NUL after it", `{` + full + `}` + "\x00", malformed("payload: offset 84: more after the object")},
		{"a comma too many", `{` + full + `,}`, malformed("payload: offset 84: not valid JSON")},
		{"cut", `{` + full, malformed("payload: offset 83: the text ends too early")},
		{"a comment", `{` + full + `,/*x*/"x":1}`, malformed("payload: offset 84: not valid JSON")},
		{"a bad number", `{` + full + `,"x":01}`, malformed("payload: offset 89: not valid JSON")},
		{"NaN", `{` + full + `,"x":NaN}`, malformed("payload: offset 88: not valid JSON")},
		{"single quotes", `{'iss':'` + login + `'}`, foreign("payload: offset 1: not valid JSON")},
		{"a list", `[{` + full + `}]`, foreign("payload: not a JSON object")},
		{"null", `null`, foreign("payload: not a JSON object")},
		{"a number", `1`, foreign("payload: not a JSON object")},
		{"byte order mark", "\ufeff{" + full + "}", foreign("payload: not a JSON object")},
		{"empty object", `{}`, answer{reason: notMine, text: `issued by ""`}},
		{"iss a list", `{"iss":["` + login + `"],` + sub + `,` + aud + `,` + exp + `}`, answer{reason: notMine, text: `issued by ""`}},
		{"iss null", `{"iss":null,` + sub + `,` + aud + `,` + exp + `}`, answer{reason: notMine, text: `issued by ""`}},
		{"iss with a slash", `{"iss":"` + login + `/",` + sub + `,` + aud + `,` + exp + `}`, answer{reason: notMine, text: `issued by "https://login.example.com/"`}},
		{"iss in upper case", `{"iss":"HTTPS://login.example.com",` + sub + `,` + aud + `,` + exp + `}`, answer{reason: notMine, text: `issued by "HTTPS://login.example.com"`}},
		{"iss with a blank", `{"iss":"` + login + ` ",` + sub + `,` + aud + `,` + exp + `}`, answer{reason: notMine, text: `issued by "https://login.example.com "`}},
		{"iss with NUL", `{"iss":"` + login + `\u0000",` + sub + `,` + aud + `,` + exp + `}`, answer{reason: notMine, text: `issued by "https://login.example.com\x00"`}},
		{"iss without its scheme", `{"iss":"login.example.com",` + sub + `,` + aud + `,` + exp + `}`, answer{reason: notMine, text: `issued by "login.example.com"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, ask(t, auth, issuer.SignRaw("ES256", []byte(`{"alg":"ES256"}`), []byte(tt.payload))))
		})
	}
}

// many returns the JSON of n more members.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":0`, i)
	}
	return b.String()
}

func TestAudience(t *testing.T) {
	issuer := newIssuer(t)
	run(t, newStatic(t, keysOf(issuer)), []row{
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
	})
	two := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) { c.Audiences = []string{"one", "two"} })
	require.Equal(t, isUser("jane"), ask(t, two, issuer.Token(good(object{"aud": []string{"zero", "two"}}))))
	require.Equal(t, wrongAudience(`the token is for "kubernetes", not for any of ["one" "two"]`), ask(t, two, issuer.Token(good(nil))))
}

func TestTimes(t *testing.T) {
	issuer := newIssuer(t)
	at := func(name, value string) string { return issuer.Token(good(object{name: raw(value)})) }
	const now = 1767268800
	require.EqualValues(t, now, noon.Unix())
	run(t, newStatic(t, keysOf(issuer)), []row{
		{"exp missing", issuer.Token(good(object{"exp": nil})), claimMissing(`claim "exp": missing`)},
		{"exp null", at("exp", "null"), claimMissing(`claim "exp": not a number`)},
		{"exp true", at("exp", "true"), claimMissing(`claim "exp": not a number`)},
		{"exp a string", at("exp", `"1767272400"`), claimMissing(`claim "exp": not a number`)},
		{"exp a date", at("exp", `"2026-01-01T13:00:00Z"`), claimMissing(`claim "exp": not a number`)},
		{"exp a list", at("exp", "[1767272400]"), claimMissing(`claim "exp": not a number`)},
		{"exp an object", at("exp", "{}"), claimMissing(`claim "exp": not a number`)},
		{"exp with a fraction", at("exp", "1767272400.5"), isUser("jane")},
		{"exp with an exponent", at("exp", "1.7672724e9"), isUser("jane")},
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
		{"nbf 1e300", at("nbf", "1e300"), claimMissing(`claim "nbf": out of range`)},
		{"nbf the greatest int64", at("nbf", "9223372036854775807"), claimMissing(`claim "nbf": out of range`)},
		{"nbf the least int64", at("nbf", "-9223372036854775808"), isUser("jane")},
		{"iat missing", issuer.Token(good(object{"iat": nil})), isUser("jane")},
		{"iat in a minute", at("iat", "1767268860"), isUser("jane")},
		{"iat in a minute and a second", at("iat", "1767268861"), notYet("valid in 1m1s (iat 2026-01-01T12:01:01Z)")},
		{"iat a string", at("iat", `"1"`), claimMissing(`claim "iat": not a number`)},
		{"iat false", at("iat", "false"), claimMissing(`claim "iat": not a number`)},
		{"iat in three days", at("iat", "1767528000"), notYet("valid in 3d (iat 2026-01-04T12:00:00Z)")},
	})
}

// Claims that somebody logs tell nothing.
func TestClaimsInLogs(t *testing.T) {
	c, err := jwt.ParseClaims(`{"sub":"jane","ssn":"078-05-1120"}`)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		require.Equal(t, "2 claims", fmt.Sprintf(verb, c), verb)
	}
}
