package parity

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// mutation makes a token odd.
type mutation struct {
	name string
	do   func(*rand.Rand, *draft)
}

var mutations = []mutation{
	{"exp", func(r *rand.Rand, d *draft) { d.claims.set("exp", instant(r, d.now)) }},
	{"exp is no number", func(r *rand.Rand, d *draft) { d.claims.set("exp", noInstant(r, d.now)) }},
	{"no exp", func(_ *rand.Rand, d *draft) { d.claims.remove("exp") }},
	{"nbf", func(r *rand.Rand, d *draft) { d.claims.set("nbf", instant(r, d.now)) }},
	{"nbf is no number", func(r *rand.Rand, d *draft) { d.claims.set("nbf", noInstant(r, d.now)) }},
	{"iat", func(r *rand.Rand, d *draft) { d.claims.set("iat", instant(r, d.now)) }},
	{"iat is no number", func(r *rand.Rand, d *draft) { d.claims.set("iat", noInstant(r, d.now)) }},
	{"no iat", func(_ *rand.Rand, d *draft) { d.claims.remove("iat") }},
	{"aud", func(r *rand.Rand, d *draft) { d.claims.set("aud", oddAudience(r, d.audience)) }},
	{"no aud", func(_ *rand.Rand, d *draft) { d.claims.remove("aud") }},
	{"iss", func(r *rand.Rand, d *draft) { d.claims.set("iss", oddIssuer(r, issuerURLs[d.issuer])) }},
	{"no iss", func(_ *rand.Rand, d *draft) { d.claims.remove("iss") }},
	{"jti", func(r *rand.Rand, d *draft) {
		d.claims.set("jti", pick(r, []string{`""`, `null`, `7`, `["a"]`, `{}`, `"\u0000"`, `"a b"`, encode(strings.Repeat("j", 300))}))
	}},
	{"email_verified", func(r *rand.Rand, d *draft) {
		d.claims.set("email_verified", pick(r, []string{`true`, `false`, `"true"`, `"false"`, `null`, `1`, `[true]`, `{}`}))
	}},
	{"no email_verified", func(_ *rand.Rand, d *draft) { d.claims.remove("email_verified") }},
	{"any claim", setAny}, {"any claim", setAny}, {"any claim", setAny}, {"any claim", setAny}, {"any claim", setAny},
	{"mapped claim", setMapped}, {"mapped claim", setMapped}, {"mapped claim", setMapped},
	{"groups", func(r *rand.Rand, d *draft) { d.claims.set(pick(r, []string{"groups", "roles"}), anyValue(r)) }},
	{"no such claim", func(r *rand.Rand, d *draft) { d.claims.remove(pick(r, d.claims).name) }},
	{"no such claim", func(r *rand.Rand, d *draft) { d.claims.remove(pick(r, profile).name) }},
	{"many groups", func(r *rand.Rand, d *draft) {
		d.claims.set("groups", "["+strings.Repeat(`"g\u0061",`, 50+r.IntN(300))+`"last"]`)
	}},
	{"duplicate", func(r *rand.Rand, d *draft) { m := pick(r, d.claims); d.claims.add(m.name, m.value) }},
	{"another of the same name", func(r *rand.Rand, d *draft) { d.claims.add(pick(r, d.claims).name, anyValue(r)) }},
	{"another iss", func(r *rand.Rand, d *draft) { d.claims.add("iss", encode(pick(r, issuerURLs))) }},
	{"duplicate inside", func(_ *rand.Rand, d *draft) { d.claims.set("org", `{"name":"A","name":"B"}`) }},
	{"other case", otherCase}, {"other case", otherCase},
	{"another in other case", anotherCase}, {"another in other case", anotherCase},
	{"standard claim of another type", func(r *rand.Rand, d *draft) { d.claims.set(pick(r, []string{"sub", "nonce", "at_hash"}), anyValue(r)) }},
	{"distributed", distributed}, {"distributed", distributed},
	{"payload", func(r *rand.Rand, d *draft) { d.editPayload = oddPayload(r) }}, {"payload", func(r *rand.Rand, d *draft) { d.editPayload = oddPayload(r) }},
	{"wrong key", wrongKey}, {"wrong key", wrongKey},
	{"another algorithm", otherAlgorithm}, {"another algorithm", otherAlgorithm}, {"another algorithm", otherAlgorithm},
	{"kid", func(r *rand.Rand, d *draft) {
		d.header.set("kid", pick(r, []string{`""`, `"nobody's"`, `"RSA"`, `"rsa"`, `"p256"`, `"twin"`, `null`, `7`, `["rsa"]`, `"rsa\u0000"`, encode(strings.Repeat("k", 400))}))
	}},
	{"no kid", func(_ *rand.Rand, d *draft) { d.header.remove("kid") }},
	{"header", oddHeader}, {"header", oddHeader}, {"header", oddHeader},
	{"typ", func(r *rand.Rand, d *draft) {
		d.header.set("typ", pick(r, []string{`"jwt"`, `"JWT"`, `"application/jwt"`, `"at+jwt"`, `"JOSE"`, `"logout+jwt"`, `"application/secevent+JWT"`, `"dpop+jwt"`, `""`, `null`, `1`, `["JWT"]`}))
	}},
	{"parts", func(r *rand.Rand, d *draft) { d.editToken = oddParts(r) }}, {"parts", func(r *rand.Rand, d *draft) { d.editToken = oddParts(r) }},
	{"long token", func(_ *rand.Rand, d *draft) { d.claims.add("pad", encode(strings.Repeat("p", 13<<10))) }},
	{"nearly a long token", func(_ *rand.Rand, d *draft) { d.claims.add("pad", encode(strings.Repeat("p", 9<<10))) }},
}

// instant is a time as a number of seconds. None is so near to a limit that the
// second in which it is looked at would matter.
func instant(r *rand.Rand, now time.Time) string {
	offset := pick(r, []int64{-86400, -3600, -120, -65, -55, -30, -5, 5, 30, 55, 65, 120, 3600, 86400, 10 * 365 * 86400})
	at := now.Unix() + offset
	return pick(r, []string{fmt.Sprint(at), fmt.Sprint(at), fmt.Sprint(at), fmt.Sprintf("%d.5", at), fmt.Sprintf("%d.0", at), fmt.Sprintf("%.9e", float64(at))})
}

func noInstant(r *rand.Rand, now time.Time) string {
	at := fmt.Sprint(now.Add(pick(r, []time.Duration{time.Hour, -time.Hour})).Unix())
	return pick(r, []string{
		`"` + at + `"`, `"` + at + `"`, `"` + at + `.5"`, `""`, `"soon"`, `"1e300"`, `null`, `null`, `null`, `true`, `[` + at + `]`, `{}`, `0`, `-0`, `-1`, `-1.5`, `0.5`, `1e300`, `-1e300`, `1e400`, `1e18`, `1e19`,
		`9223372036854775807`, `-9223372036854775808`, `9223372036854775808`, `9223372036792640000`, `4611686018427387904`, `253402300800`,
	})
}

func oddAudience(r *rand.Rand, audience string) string {
	a := encode(audience)
	return pick(r, []string{
		a, `"other"`, `""`, `null`, `7`, `true`, `{}`, `[]`, `[null]`, `[""]`, `[` + a + `,null]`, `[null,` + a + `]`, `[` + a + `,7]`, `[[` + a + `]]`, `[` + a + `,` + a + `]`, `{"aud":` + a + `}`,
		encode(strings.ToUpper(audience)), encode(" " + audience), encode(audience + "/"), encode(audience + ",other"), `["a","b","c","d",` + a + `]`, `["other"]`,
	})
}

func oddIssuer(r *rand.Rand, url string) string {
	return pick(r, []string{
		encode("https://nobody.example.com"), encode(pick(r, issuerURLs)), encode(pick(r, issuerURLs)), encode(url + "/"), encode(strings.TrimSuffix(url, "/")), encode(strings.ToUpper(url)), encode(url + " "), encode(url + "\x00"),
		encode(google), encode("http://" + google), `""`, `null`, `7`, `[` + encode(url) + `]`, `{}`, strings.ReplaceAll(encode(url), "/", `\/`), strings.ReplaceAll(encode(url), "e", `\u0065`),
	})
}

// anyValue is JSON of any kind, most of it valid.
func anyValue(r *rand.Rand) string {
	return pick(r, []string{
		`null`, `""`, `"x"`, `" "`, `0`, `-1`, `1`, `2.5`, `-0.0`, `1e3`, `1e300`, `1e400`, `9007199254740993`, `true`, `false`, `[]`, `{}`, `"true"`, `"3"`, `[""]`, `["a"]`, `["a","b"]`, `["a",null]`, `[null]`, `["a",1]`, `[1,2]`, `[["a"]]`,
		`[{}]`, `[[]]`, `{"a":null}`, `{"a":{"b":[null,{"c":1}]}}`, `{"":""}`, `{"a.b":"c","x__y":"z"}`, `"system:masters"`, `["system:masters"]`, `"ünïcödé 安 😀"`, `"\ud83d\ude00"`, `"\ud83d"`, `["\ude00"]`, `{"\ud800":1}`, "\"\xff\xfe\"", "[\"a\xc3\"]",
		`"\u0000"`, `"a\u0000b"`, `"a\nb"`, `"\u007f"`, `"\u0085"`, `"\u202e"`, `"\ufeff"`, `"\ufffd"`, `"\/\b\f\n\r\t\"\\"`, `"a__dot__b"`, `"a,b"`, ` "x" `, `[ "a" , "b" ]`, `{"a":1,"a":2}`, `{"a":1,"A":2}`, `[{"b":1,"b":1}]`,
		encode(strings.Repeat("long ", 400)), strings.Repeat("[", 40) + strings.Repeat("]", 40), strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat(`{"a":`, 80) + `1` + strings.Repeat("}", 80),
	})
}

func setAny(r *rand.Rand, d *draft) {
	name := pick(r, d.claims).name
	for name == "iss" || name == "exp" || name == "aud" || name == "nbf" || name == "iat" {
		name = pick(r, d.claims).name
	}
	d.claims.set(name, anyValue(r))
}

// setMapped changes a claim that the configuration names.
func setMapped(r *rand.Rand, d *draft) {
	m := d.entry.ClaimMappings
	names := []string{m.Username.Claim, m.Username.Claim, m.Groups.Claim, m.UID.Claim}
	for _, rule := range d.entry.ClaimValidationRules {
		names = append(names, rule.Claim)
	}
	d.claims.set(pick(r, names), pick(r, []string{`""`, `null`, anyValue(r), anyValue(r)}))
}

func distributed(r *rand.Rand, d *draft) {
	d.claims.remove(pick(r, []string{"groups", "roles", "missing"}))
	d.claims.set("_claim_names", pick(r, []string{`{"groups":"s"}`, `{"groups":"s"}`, `{"roles":"s"}`, `{"groups":""}`, `{"groups":"elsewhere"}`, `{"other":"s"}`, `{"groups":7}`, `{}`, `null`, `[]`, `"s"`, `{"groups":null}`, `{"groups":"s","x":"s"}`, `{"x":"t"}`, `{"Groups":"s"}`}))
	if r.IntN(6) > 0 {
		d.claims.set("_claim_sources", pick(r, []string{
			`{"s":{"endpoint":"https://127.0.0.1:1/"}}`, `{"s":{"JWT":"a.b.c"}}`, `{"s":{}}`, `{"s":{"endpoint":""}}`, `{"s":null}`, `{}`, `null`, `[]`, `{"s":7}`, `{"s":{"endpoint":7}}`, `{"s":{"access_token":7}}`, `{"s":{"JWT":7}}`, `{"S":{"JWT":"x"},"s":{"JWT":"y"}}`, `{"s":{"Endpoint":7}}`, `{"s":{"ENDPOINT":"https://127.0.0.1:1/"}}`,
			`{"s":{"endpoint":null,"access_token":null,"JWT":null}}`, `{"s":{},"t":{"endpoint":""}}`, `{"s":{"jwt":7}}`, `{"s":[]}`,
		}))
	}
}

func oddParts(r *rand.Rand) func(string) string {
	part := r.IntN(3)
	change := pick(r, []func(string) string{
		func(s string) string { return s + "=" },
		func(s string) string { return s + "==" },
		func(s string) string { return s + "\n" },
		func(s string) string { return "\r\n" + s },
		func(s string) string { return s[:len(s)/2] + "\n" + s[len(s)/2:] },
		func(s string) string { return s + " " },
		func(s string) string { return s[:len(s)/2] + " " + s[len(s)/2:] },
		func(s string) string { return s[:len(s)/2] + "\u00a0" + s[len(s)/2:] },
		func(s string) string { return s + "A" },
		func(s string) string { return s + "AAAA" },
		func(s string) string { return s + "!" },
		func(s string) string { return "" },
		func(s string) string { return s[:len(s)-1] },
		func(s string) string { return strings.NewReplacer("-", "+", "_", "/").Replace(s) },
		func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		looseBits,
		looseBits,
		func(s string) string { return "{" + s },
		func(s string) string { return "." + s },
		func(s string) string { return s + "." + s },
		func(s string) string { return "\u0100" + s },
	})
	if r.IntN(6) == 0 {
		return pick(r, []func(string) string{
			func(s string) string { return s + ".AAAA" },
			func(s string) string { return s + ".AAAA.AAAA" },
			func(s string) string { return s[:strings.LastIndexByte(s, '.')] },
			func(s string) string { return s[:strings.LastIndexByte(s, '.')+1] },
			func(s string) string { return strings.ReplaceAll(s, ".", "") },
			func(s string) string { return "Bearer " + s },
			func(s string) string { return `{"payload":"` + s + `"}` },
			func(s string) string { return "\t" + s + "\n" },
			func(s string) string { return s + "\x00" },
			func(string) string { return "" },
			func(string) string { return ".." },
			func(string) string { return "0123456789abcdef" },
		})
	}
	return func(s string) string {
		parts := strings.Split(s, ".")
		parts[part] = change(parts[part])
		return strings.Join(parts, ".")
	}
}

// looseBits sets a bit of the last character that no byte has, if it has any.
func looseBits(s string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if len(s)%4 < 2 {
		return s
	}
	return s[:len(s)-1] + string(digits[strings.IndexByte(digits, s[len(s)-1])|1])
}
