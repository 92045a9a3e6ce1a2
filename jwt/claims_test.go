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

type payloadRow struct {
	name, payload string
	want          answer
}

func TestPayload(t *testing.T) {
	issuer := newIssuer(t)
	auth := newStatic(t, keysOf(issuer), func(_ *jwt.Config, o *jwt.Options) { o.MaxBytes = 1 << 20 })
	for _, tt := range payloads() {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, ask(t, auth, issuer.SignRaw("ES256", []byte(`{"alg":"ES256"}`), []byte(tt.payload))))
		})
	}
}

func payloads() []payloadRow {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	return []payloadRow{
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
		{"iss twice, by an escape", `{"i\u0073s":"https://evil.example.com",` + full + `}`, answer{reason: notMine, text: `issued by "https://evil.example.com"`}},
		{"aud twice, by an escape", `{` + full + `,"a\u0075d":"another"}`, malformed(`payload: offset 94: duplicate member "aud"`)},
		{"exp twice, by an escape", `{` + full + `,"\u0065xp":1}`, malformed(`payload: offset 94: duplicate member "exp"`)},
		{"nbf twice, the same", `{` + full + `,"nbf":1,"nbf":1}`, malformed(`payload: offset 97: duplicate member "nbf"`)},
		{"empty names twice", `{` + full + `,"":1,"":2}`, malformed(`payload: offset 91: duplicate member ""`)},
		{"ſub alone", `{` + iss + `,"ſub":"jane",` + aud + `,` + exp + `}`, claimMissing(`username: claim "sub": missing`)},
		{"isſ", `{"isſ":"` + login + `",` + sub + `,` + aud + `,` + exp + `}`, answer{reason: notMine, text: `issued by ""`}},
		{"ıss", `{"ıss":"` + login + `",` + sub + `,` + aud + `,` + exp + `}`, answer{reason: notMine, text: `issued by ""`}},
		{"ＡＵＤ", `{` + iss + `,` + sub + `,"ａｕｄ":"kubernetes",` + exp + `}`, wrongAudience(`claim "aud": missing`)},
		{"exp with a blank in its name", `{` + iss + `,` + sub + `,` + aud + `,"exp ":1767272400}`, claimMissing(`claim "exp": missing`)},
		{"NUL after a name", `{"sub\u0000":"admin","exp\u0000":1,` + full + `}`, isUser("jane")},
		{"exp NUL alone", `{` + iss + `,` + sub + `,` + aud + `,"exp\u0000":1767272400}`, claimMissing(`claim "exp": missing`)},
		{"__proto__", `{"__proto__":{"sub":"admin"},` + full + `}`, isUser("jane")},
		{"UTF-16, little end first", wide(`{`+full+`}`, "", "\x00"), foreign("payload: offset 1: not valid JSON")},
		{"UTF-16, big end first", wide(`{`+full+`}`, "\x00", ""), foreign("payload: not a JSON object")},
		{"UTF-16 with its mark", "\xff\xfe" + wide(`{`+full+`}`, "", "\x00"), foreign("payload: not a JSON object")},
		{"UTF-32", wide(`{`+full+`}`, "\x00\x00\x00", ""), foreign("payload: not a JSON object")},
		{"UTF-7", "+AHs-" + full + "+AH0-", foreign("payload: not a JSON object")},
		{"a no-break space in front", "\u00a0{" + full + "}", foreign("payload: not a JSON object")},
		{"a form feed in front", "\f{" + full + "}", foreign("payload: not a JSON object")},
		{"a record separator in front", "\x1e{" + full + "}\n", foreign("payload: not a JSON object")},
		{"a form feed within", `{` + full + `,` + "\f" + `"x":1}`, malformed("payload: offset 84: not valid JSON")},
		{"NUL within", `{` + full + `,` + "\x00" + `"x":1}`, malformed("payload: offset 84: not valid JSON")},
		{"NUL in a string", `{` + full + `,"x":"` + "\x00" + `"}`, malformed("payload: offset 89: a control character in a string")},
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
		{"a comma in front", `{,` + full + `}`, foreign("payload: offset 1: not valid JSON")},
		{"a comma too many in a list", `{` + full + `,"x":[1,]}`, malformed("payload: offset 91: not valid JSON")},
		{"no comma", `{` + full + ` "x":1}`, malformed("payload: offset 84: not valid JSON")},
		{"a name without quotes", `{` + full + `,x:1}`, malformed("payload: offset 84: not valid JSON")},
		{"no colon", `{` + full + `,"x" 1}`, malformed("payload: offset 88: not valid JSON")},
		{"the wrong bracket", `{` + full + `,"x":[1}}`, malformed("payload: offset 90: not valid JSON")},
		{"cut in a string", `{` + full + `,"x":"a`, malformed("payload: offset 90: the text ends too early")},
		{"cut in an escape", `{` + full + `,"x":"\u00`, malformed("payload: offset 91: an invalid escape in a string")},
		{"an escape of C", `{` + full + `,"x":"\x41"}`, malformed("payload: offset 89: an invalid escape in a string")},
		{"an escape with braces", `{` + full + `,"x":"\u{41}"}`, malformed("payload: offset 91: an invalid escape in a string")},
		{"a line that goes on", `{` + full + `,"x":"a\` + "\n" + `"}`, malformed("payload: offset 90: an invalid escape in a string")},
		{"64 objects", `{` + full + `,"x":` + strings.Repeat(`{"":`, 64) + `0` + strings.Repeat("}", 65), malformed("payload: offset 341: more than 64 levels deep")},
		{"cut, 10,000 levels", `{"x":` + strings.Repeat(`[`, 10_000), foreign("payload: offset 69: more than 64 levels deep")},
		{"cut", `{` + full, malformed("payload: offset 83: the text ends too early")},
		{"a comment", `{` + full + `,/*x*/"x":1}`, malformed("payload: offset 84: not valid JSON")},
		{"a bad number", `{` + full + `,"x":01}`, malformed("payload: offset 89: not valid JSON")},
		{"a comment to the end of a line", `{` + full + `,//x` + "\n" + `"x":1}`, malformed("payload: offset 84: not valid JSON")},
		{"a comment of shells", `#` + "\n" + `{` + full + `}`, foreign("payload: not a JSON object")},
		{"exp with a plus", `{` + iss + `,` + sub + `,` + aud + `,"exp":+1767272400}`, malformed("payload: offset 73: not valid JSON")},
		{"exp with a zero in front", `{` + iss + `,` + sub + `,` + aud + `,"exp":01767272400}`, malformed("payload: offset 74: not valid JSON")},
		{"exp in hexadecimal", `{` + iss + `,` + sub + `,` + aud + `,"exp":0x6956F690}`, malformed("payload: offset 74: not valid JSON")},
		{"exp with underscores", `{` + iss + `,` + sub + `,` + aud + `,"exp":1_767_272_400}`, malformed("payload: offset 74: not valid JSON")},
		{"exp NaN", `{` + iss + `,` + sub + `,` + aud + `,"exp":NaN}`, malformed("payload: offset 73: not valid JSON")},
		{"exp Infinity", `{` + iss + `,` + sub + `,` + aud + `,"exp":Infinity}`, malformed("payload: offset 73: not valid JSON")},
		{"exp -Infinity", `{` + iss + `,` + sub + `,` + aud + `,"exp":-Infinity}`, malformed("payload: offset 74: not valid JSON")},
		{"exp without digits after its point", `{` + iss + `,` + sub + `,` + aud + `,"exp":1767272400.}`, malformed("payload: offset 84: not valid JSON")},
		{"exp without digits in its exponent", `{` + iss + `,` + sub + `,` + aud + `,"exp":1767272400e}`, malformed("payload: offset 84: not valid JSON")},
		{"true in upper case", `{` + full + `,"x":True}`, malformed("payload: offset 88: not valid JSON")},
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
}

// wide returns text with bytes before and after each of its own.
func wide(text, before, after string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteString(before + text[i:i+1] + after)
	}
	return b.String()
}

// many returns the JSON of n more members.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":0`, i)
	}
	return b.String()
}

// Claims that somebody logs tell nothing.
func TestClaimsInLogs(t *testing.T) {
	c, err := jwt.ParseClaims(`{"sub":"jane","ssn":"078-05-1120"}`)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		require.Equal(t, "2 claims", fmt.Sprintf(verb, c), verb)
	}
}
