package parity

import (
	"fmt"
	"strings"
)

// strictRows are about fields that are unknown, there twice or in another case.
func strictRows() []configRow {
	good := goodURL + ", " + goodTo
	return []configRow{
		{name: "unknown field at the top", text: document("jwt: []", "oidc: {}"), want: noConfig(`strict decoding error: unknown field "oidc"`)},
		{name: "metadata", text: document("jwt: []", "metadata: {name: a}"), want: noConfig(`unknown field "metadata"`)},
		{name: "unknown field of an entry", text: withEntries(configEntry(good, goodName, "name: a")), want: noConfig(`unknown field "jwt[0].name"`)},
		{name: "unknown field of issuer", text: withIssuer(good + ", caFile: /a"), want: noConfig(`unknown field "jwt[0].issuer.caFile"`)},
		{name: "unknown field of claimMappings", text: withMappings(goodName, "email: {}"), want: noConfig(`unknown field "jwt[0].claimMappings.email"`)},
		{name: "unknown field of username", text: withMappings("username: {claim: sub, prefix: '', suffix: a}"), want: noConfig(`unknown field "jwt[0].claimMappings.username.suffix"`)},
		{name: "prefix of uid", text: withUID("claim: sub, prefix: ''"), want: noConfig(`unknown field "jwt[0].claimMappings.uid.prefix"`)},
		{name: "unknown field of extra", text: withExtra("{key: example.com/a, value: a}"), want: noConfig(`unknown field "jwt[0].claimMappings.extra[0].value"`)},
		{name: "unknown field of a claim rule", text: withRules("{claim: hd, value: a}"), want: noConfig(`unknown field "jwt[0].claimValidationRules[0].value"`)},
		{name: "claim of a user rule", text: withUserRules("{claim: hd}"), want: noConfig(`unknown field "jwt[0].userValidationRules[0].claim"`)},
		{name: "unknown field of anonymous", text: withAnonymous("{enabled: true, paths: []}"), want: noConfig(`unknown field "anonymous.paths"`)},
		{name: "unknown field of a condition", text: withAnonymous("{enabled: true, conditions: [{path: /a, method: GET}]}"), want: noConfig(`unknown field "anonymous.conditions[0].method"`)},
		{name: "unknown field of the second entry", text: withEntries(configEntries(0, 1)[0], configEntry(good, goodName, "x: 1")), want: noConfig(`unknown field "jwt[1].x"`)},
		{name: "unknown fields, three", text: document("a: 1", "b: 1", "jwt: [{c: 1}]"), want: noConfig(`unknown field "a", unknown field "b", unknown field "jwt[0].c"`)},
		{name: "unknown field that is null", text: document("jwt: []", "a: null"), want: noConfig(`unknown field "a"`)},
		{name: "unknown field, JSON", text: strings.Replace(asJSON(minimalConfig), `"url"`, `"x":{"y":[]},"url"`, 1), want: noConfig(`unknown field "jwt[0].issuer.x"`)},
		{name: "field of the empty name", text: document("jwt: []", "'': 1"), want: noConfig(`unknown field ""`)},
		{name: "JWT", text: document("JWT: []"), want: noConfig(`unknown field "JWT"`)},
		{name: "Issuer", text: withEntries("{Issuer: {" + good + "}, claimMappings: {" + goodName + "}}"), want: noConfig(`unknown field "jwt[0].Issuer"`)},
		{name: "URL", text: withIssuer("URL: https://a, " + goodTo), want: noConfig(`unknown field "jwt[0].issuer.URL"`)},
		{name: "discoveryUrl", text: withIssuer(good + ", discoveryUrl: https://b"), want: noConfig(`unknown field "jwt[0].issuer.discoveryUrl"`)},
		{name: "claimmappings", text: withEntries("{issuer: {" + good + "}, claimmappings: {" + goodName + "}}"), want: noConfig(`unknown field "jwt[0].claimmappings"`)},
		{name: "Claim", text: withMappings("username: {Claim: sub, prefix: ''}"), want: noConfig(`unknown field "jwt[0].claimMappings.username.Claim"`)},
		{name: "Anonymous", text: document("jwt: []", "Anonymous: {enabled: true}"), want: noConfig(`unknown field "Anonymous"`)},
		{name: "Enabled", text: withAnonymous("{Enabled: true}"), want: noConfig(`unknown field "anonymous.Enabled"`)},
		{name: "ApiVersion", text: strings.Replace(minimalConfig, "apiVersion", "ApiVersion", 1), want: noConfig(`unknown field "ApiVersion"`)},
		{name: "apiVersion twice", text: "apiVersion: " + configV1 + "\n" + minimalConfig, want: noConfig(`key "apiVersion" already set in map`)},
		{name: "kind twice", text: "kind: " + configKind + "\n" + minimalConfig, want: noConfig(`key "kind" already set in map`)},
		{name: "jwt twice", text: document("jwt: []", "jwt: []"), want: noConfig(`key "jwt" already set in map`)},
		{name: "url twice", text: withIssuer(good + ", url: https://b"), want: noConfig(`key "url" already set in map`)},
		{name: "claim twice", text: withMappings("username: {claim: sub, claim: name, prefix: ''}"), want: noConfig(`key "claim" already set in map`)},
		{name: "enabled twice", text: withAnonymous("{enabled: true, enabled: false}"), want: noConfig(`key "enabled" already set in map`)},
		{name: "a field twice, JSON", text: strings.Replace(asJSON(minimalConfig), `"url"`, `"url":"https://b","url"`, 1), want: noConfig(`duplicate field "jwt[0].issuer.url"`)},
		{name: "jwt twice, JSON", text: strings.Replace(asJSON(minimalConfig), `"jwt"`, `"jwt":null,"jwt"`, 1), want: noConfig(`duplicate field "jwt"`)},
		{name: "a field twice, once escaped, JSON", text: strings.Replace(asJSON(minimalConfig), `"url"`, `"\u0075rl":"https://b","url"`, 1), want: noConfig(`duplicate field "jwt[0].issuer.url"`)},
		{name: "kind twice, JSON", text: strings.Replace(asJSON(minimalConfig), `"kind"`, `"kind":"Other","kind"`, 1), want: noConfig(`duplicate field "kind"`)},
	}
}

// shapeRows are about values of another type than the field's.
func shapeRows() []configRow {
	good := goodURL + ", " + goodTo
	return []configRow{
		{name: "jwt is missing", text: document(), want: taken()},
		{name: "jwt is null", text: document("jwt: null"), want: taken()},
		{name: "jwt is an object", text: document("jwt: {}"), want: noConfig(`cannot unmarshal object into Go struct field AuthenticationConfiguration.jwt`)},
		{name: "jwt is a text", text: document("jwt: a"), want: noConfig(`cannot unmarshal string into Go struct field AuthenticationConfiguration.jwt`)},
		{name: "an entry is null", text: withEntries("null"), want: badFields("jwt[0].issuer.url", "jwt[0].issuer.audiences", "jwt[0].claimMappings.username")},
		{name: "an entry is empty", text: withEntries("{}"), want: badFields("jwt[0].issuer.url", "jwt[0].issuer.audiences", "jwt[0].claimMappings.username")},
		{name: "an entry is a text", text: withEntries("a"), want: noConfig(`cannot unmarshal string into Go struct field AuthenticationConfiguration.jwt`)},
		{name: "an entry is a list", text: withEntries("[]"), want: noConfig(`cannot unmarshal array into Go struct field AuthenticationConfiguration.jwt`)},
		{name: "issuer is null", text: withEntries("{issuer: null, claimMappings: {" + goodName + "}}"), want: badFields("jwt[0].issuer.url", "jwt[0].issuer.audiences")},
		{name: "issuer is a text", text: withEntries("{issuer: https://a}"), want: noConfig(`cannot unmarshal string into Go struct field`)},
		{name: "issuer is a list", text: withEntries("{issuer: [{" + good + "}]}"), want: noConfig(`cannot unmarshal array into Go struct field`)},
		{name: "url is a number", text: withIssuer("url: 5, " + goodTo), want: noConfig(`cannot unmarshal number into Go struct field`)},
		{name: "url is a bool", text: withIssuer("url: true, " + goodTo), want: noConfig(`cannot unmarshal bool into Go struct field`)},
		{name: "url is null", text: withIssuer("url: null, " + goodTo), want: badFields("jwt[0].issuer.url")},
		{name: "url is a list", text: withIssuer("url: [https://a], " + goodTo), want: noConfig(`cannot unmarshal array into Go struct field`)},
		{name: "audiences is a text", text: withIssuer(goodURL + ", audiences: api"), want: noConfig(`cannot unmarshal string into Go struct field`)},
		{name: "an audience is a number", text: withIssuer(goodURL + ", audiences: [1]"), want: noConfig(`cannot unmarshal number into Go struct field`)},
		{name: "an audience is null", text: withIssuer(goodURL + ", audiences: [null]"), want: badFields("jwt[0].issuer.audiences[0]")},
		{name: "audiences is null", text: withIssuer(goodURL + ", audiences: null"), want: badFields("jwt[0].issuer.audiences")},
		{name: "certificateAuthority is a list", text: withIssuer(good + ", certificateAuthority: []"), want: noConfig(`cannot unmarshal array into Go struct field`)},
		{name: "claimMappings is missing", text: withEntries("{issuer: {" + good + "}}"), want: badFields("jwt[0].claimMappings.username")},
		{name: "claimMappings is a list", text: withEntries("{claimMappings: []}"), want: noConfig(`cannot unmarshal array into Go struct field`)},
		{name: "username is a text", text: withMappings("username: sub"), want: noConfig(`cannot unmarshal string into Go struct field`)},
		{name: "prefix is a number", text: withMappings("username: {claim: sub, prefix: 1}"), want: noConfig(`cannot unmarshal number into Go struct field`)},
		{name: "an expression is a bool", text: withRules("{expression: true}"), want: noConfig(`cannot unmarshal bool into Go struct field`)},
		{name: "extra is an object", text: withMappings(goodName, "extra: {example.com/a: claims.a}"), want: noConfig(`cannot unmarshal object into Go struct field`)},
		{name: "claimValidationRules is an object", text: withEntries(configEntry(good, goodName, "claimValidationRules: {claim: a}")), want: noConfig(`cannot unmarshal object into Go struct field`)},
		{name: "requiredValue is a bool", text: withRules("{claim: email_verified, requiredValue: true}"), want: noConfig(`cannot unmarshal bool into Go struct field`)},
		{name: "userValidationRules is a text", text: withEntries(configEntry(good, goodName, "userValidationRules: 'true'")), want: noConfig(`cannot unmarshal string into Go struct field`)},
		{name: "anonymous is a bool", text: withAnonymous("true"), want: noConfig(`cannot unmarshal bool into Go struct field`)},
		{name: "enabled is a text", text: withAnonymous("{enabled: 'true'}"), want: noConfig(`cannot unmarshal string into Go struct field`)},
		{name: "enabled is yes", text: withAnonymous("{enabled: yes}"), want: taken()},
		{name: "enabled is null", text: withAnonymous("{enabled: null}"), want: taken()},
		{name: "conditions is an object", text: withAnonymous("{enabled: true, conditions: {path: /a}}"), want: noConfig(`cannot unmarshal object into Go struct field`)},
		{name: "a condition is a text", text: withAnonymous("{enabled: true, conditions: [/a]}"), want: noConfig(`cannot unmarshal string into Go struct field`)},
		{name: "path is a number", text: withAnonymous("{enabled: true, conditions: [{path: 1}]}"), want: noConfig(`cannot unmarshal number into Go struct field`)},
		{name: "a wrong type and an unknown field", text: document("jwt: 1", "a: 1"), want: noConfig(`cannot unmarshal number into Go struct field`)},
	}
}

// manyRows are about how much there is.
func manyRows() []configRow {
	comments := func(n int) string { return strings.Repeat("# "+strings.Repeat("-", 97)+"\n", n/100) }
	stars := strings.Repeat("# "+strings.Repeat("*", 97)+"\n", 500)
	var messages []string
	for i := range 60 {
		messages = append(messages, fmt.Sprintf("{expression: '%d == %d', message: *m}", i, i))
	}
	long := strings.Repeat("m", 100_000)
	withStars := func(text, value string) string {
		return strings.Replace(asJSON(text), `"claimMappings"`, fmt.Sprintf(`"claimValidationRules":[{"expression":"true","message":"%s%s"}],"claimMappings"`, value, strings.Repeat("*", 3000)), 1)
	}
	return []configRow{
		{name: "no entry", text: document("jwt: []"), want: taken()},
		{name: "64 entries", text: withEntries(configEntries(0, 64)...), want: taken()},
		{name: "65 entries", text: withEntries(configEntries(0, 65)...), want: badFields("jwt").because("must have at most 64 items")},
		{name: "65 entries, one wrong", text: withEntries(append(configEntries(0, 64), "{}")...), want: badFields("jwt")},
		{name: "4 MB of comments", text: minimalConfig + comments(4_000_000), want: taken()},
		{name: "5 MB of comments", text: minimalConfig + comments(5_000_000), want: taken()},
		{name: "an audience of 1 MB", text: withIssuer(goodURL + ", audiences: [" + strings.Repeat("a", 1_000_000) + "]"), want: taken()},
		{name: "10,000 audiences", text: withIssuer(goodURL + ", audiences: [" + numberedNames(10_000) + "], audienceMatchPolicy: MatchAny"), want: taken()},
		{name: "200 rules", text: withRules(ruleEach(200)...), want: taken()},
		{name: "6 MB of aliases", text: withRules(append([]string{"{expression: 'true', message: &m " + long + "}"}, messages...)...), want: taken()},
		{name: "stars in comments", text: minimalConfig + stars, want: taken()},
		{name: "stars in JSON", text: withStars(minimalConfig, ""), want: taken()},
		{name: "stars and surrogates in JSON", text: withStars(minimalConfig, `\ud83d\ude00`), want: taken()},
		{name: "stars and DEL in JSON", text: withStars(minimalConfig, "\x7f"), want: taken()},
		{name: "an expression of 90 kB", text: withRules(ruleItem("'" + strings.Repeat("a", 90_000) + "' != ''")), want: taken()},
		{name: "an expression of 110 kB", text: withRules(ruleItem("'" + strings.Repeat("a", 110_000) + "' != ''")), want: badFields("jwt[0].claimValidationRules[0].expression").because("expression code point size exceeds limit")},
		{name: "an expression 300 deep", text: withRules(ruleItem(strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300))), want: badFields("jwt[0].claimValidationRules[0].expression").because("recursion limit")},
	}
}

func numberedNames(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("a%d", i))
	}
	return strings.Join(all, ", ")
}

func ruleEach(n int) []string {
	var all []string
	for i := range n {
		all = append(all, ruleItem(fmt.Sprintf("claims.n != %d", i)))
	}
	return all
}
