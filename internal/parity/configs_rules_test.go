package parity

import (
	"fmt"
	"strings"
)

// emailRows are about claims.email in the user name, which wants
// claims.email_verified somewhere.
func emailRows() []configRow {
	const path = "jwt[0].claimMappings.username.expression"
	const verified = "claims.?email_verified.orValue(true)"
	missing := badFields(path).because("claims.email_verified must be used in")
	more := func(mapping string) string { return withMappings(nameBy("claims.email"), mapping) }
	return []configRow{
		{name: "email", text: withName("claims.email"), want: missing},
		{name: "email, optional", text: withName("claims.?email.orValue('a')"), want: missing},
		{name: "email, by index", text: withName("claims['email']"), want: taken()},
		{name: "email, by optional index", text: withName("claims[?'email'].orValue('a')"), want: taken()},
		{name: "email, of another claim", text: withName("claims.profile.email"), want: taken()},
		{name: "email, part of it", text: withName("claims.email.address"), want: missing},
		{name: "email, in parentheses", text: withName("(claims).email"), want: missing},
		{name: "email, behind dyn", text: withName("dyn(claims).email"), want: taken()},
		{name: "email, in a call", text: withName("string(claims.email)"), want: missing},
		{name: "email, target of a call", text: withName("claims.email.lowerAscii()"), want: missing},
		{name: "email, argument of a call", text: withName("claims.sub.replace('a', claims.email)"), want: missing},
		{name: "email, in a sum", text: withName("'a' + claims.email"), want: missing},
		{name: "email, in a condition", text: withName("claims.sub == '' ? claims.email : claims.sub"), want: missing},
		{name: "email, in a list", text: withName("[claims.sub, claims.email][0]"), want: missing},
		{name: "email, value in a map", text: withName("{'a': claims.email}.a"), want: missing},
		{name: "email, key in a map", text: withName("{claims.email: 'a'}.b"), want: missing},
		{name: "email, whether it is there", text: withName("has(claims.email) ? 'a' : 'b'"), want: missing},
		{name: "email, the range of a loop", text: withName("[claims.email].exists(e, e == 'a') ? 'a' : 'b'"), want: missing},
		{name: "email, the body of a loop", text: withName("['a'].exists(e, e == claims.email) ? 'a' : 'b'"), want: missing},
		{name: "email, the result of a loop", text: withName("['a'].map(e, claims.email)[0]"), want: missing},
		{name: "email, the filter of a loop", text: withName("['a'].filter(e, e == claims.email)[0]"), want: missing},
		{name: "email, in an index", text: withName("claims.all[claims.email]"), want: missing},
		{name: "email, a text", text: withName("'claims.email'"), want: taken()},
		{name: "email, in upper case", text: withName("claims.Email"), want: taken()},
		{name: "email, of a longer name", text: withName("claims.email2"), want: taken()},
		{name: "email_verified alone", text: withName("claims.email_verified ? 'a' : 'b'"), want: taken()},
		{name: "email, verified in username", text: withName("claims.email_verified ? claims.email : ''"), want: taken()},
		{name: "email, verified in username, optional", text: withName(verified + " ? claims.email : ''"), want: taken()},
		{name: "email, verified in username by index", text: withName("claims['email_verified'] ? claims.email : ''"), want: missing},
		{name: "email, verified in a claim rule", text: withName("claims.email", "claimValidationRules: ["+ruleItem(verified+" == true")+"]"), want: taken()},
		{name: "email, verified in the second claim rule", text: withName("claims.email", "claimValidationRules: ["+ruleItem("true")+", "+ruleItem("has(claims.email_verified)")+"]"), want: taken()},
		{name: "email, verified in a claim rule by index", text: withName("claims.email", "claimValidationRules: ["+ruleItem("claims['email_verified'] == true")+"]"), want: missing},
		{name: "email, verified in a claim rule that does not compile", text: withName("claims.email", "claimValidationRules: ["+ruleItem("claims.email_verified +")+"]"), want: badFields("jwt[0].claimValidationRules[0].expression", path)},
		{name: "email, verified in a claim rule that is no bool", text: withName("claims.email", "claimValidationRules: ["+ruleItem("string(claims.email_verified)")+"]"), want: badFields("jwt[0].claimValidationRules[0].expression", path)},
		{name: "email, verified as a required claim", text: withName("claims.email", "claimValidationRules: [{claim: email_verified, requiredValue: 'true'}]"), want: missing},
		{name: "email, verified in a message", text: withName("claims.email", "claimValidationRules: [{expression: 'true', message: claims.email_verified}]"), want: missing},
		{name: "email, verified in extra", text: more("extra: [" + extraItem("example.com/a", "string("+verified+")") + "]"), want: taken()},
		{name: "email, verified in the second extra", text: more("extra: [" + extraItem("example.com/a", "'a'") + ", " + extraItem("example.com/b", verified) + "]"), want: taken()},
		{name: "email, verified in an extra that does not compile", text: more("extra: [" + extraItem("example.com/a", verified+" +") + "]"), want: badFields("jwt[0].claimMappings.extra[0].valueExpression", path)},
		{name: "email, verified in groups", text: more("groups: {expression: 'claims.email_verified ? [] : []'}"), want: missing},
		{name: "email, verified in uid", text: more("uid: {expression: 'string(claims.email_verified)'}"), want: missing},
		{name: "email, verified in a user rule", text: withName("claims.email", "userValidationRules: ["+ruleItem("user.extra['claims.email_verified'] == []")+"]"), want: missing},
		{name: "email in groups alone", text: withGroups("expression: '[claims.email]'"), want: taken()},
		{name: "email in uid alone", text: withUID("expression: claims.email"), want: taken()},
		{name: "email in extra alone", text: withExtraOf("example.com/a", "claims.email"), want: taken()},
		{name: "email in a claim rule alone", text: withRules(ruleItem("claims.email != ''")), want: taken()},
		{name: "email, and the name does not compile", text: withName("claims.email +"), want: badFields(path).because("Syntax error")},
		{name: "email, with a prefix", text: withMappings("username: {expression: claims.email, prefix: a}"), want: badFields("jwt[0].claimMappings.username.prefix")},
	}
}

// claimRuleRows are about claimValidationRules.
func claimRuleRows() []configRow {
	const first, second = "jwt[0].claimValidationRules[0]", "jwt[0].claimValidationRules[1]"
	return []configRow{
		{name: "claim rules, none", text: withRules(), want: taken()},
		{name: "claim rule, claim", text: withRules("{claim: hd, requiredValue: a}"), want: taken()},
		{name: "claim rule, claim without value", text: withRules("{claim: hd}"), want: taken()},
		{name: "claim rule, expression", text: withRules("{expression: 'claims.n > 3', message: more}"), want: taken()},
		{name: "claim rule, both", text: withRules("{claim: hd, expression: 'true'}"), want: badFields(first).because("claim and expression can't both be set")},
		{name: "claim rule, neither", text: withRules("{}"), want: badFields(first).because("claim or expression is required")},
		{name: "claim rule, null", text: withRules("null"), want: badFields(first)},
		{name: "claim rule, a value alone", text: withRules("{requiredValue: a}"), want: badFields(first)},
		{name: "claim rule, a message alone", text: withRules("{message: a}"), want: badFields(first)},
		{name: "claim rule, claim and message", text: withRules("{claim: hd, requiredValue: a, message: b}"), want: badFields(first + ".message").because("may not be specified when claim is set")},
		{name: "claim rule, expression and value", text: withRules("{expression: 'true', requiredValue: a}"), want: badFields(first + ".requiredValue").because("may not be specified when expression is set")},
		{name: "claim rule, claim twice", text: withRules("{claim: hd, requiredValue: a}", "{claim: hd, requiredValue: b}"), want: badFields(second + ".claim").because("Duplicate value")},
		{name: "claim rule, claims that differ in case", text: withRules("{claim: hd}", "{claim: HD}"), want: taken()},
		{name: "claim rule, expression twice", text: withRules(ruleItem("claims.a"), ruleItem("claims.a == true"), ruleItem("claims.a == true")), want: badFields(first+".expression", "jwt[0].claimValidationRules[2].expression")},
		{name: "claim rule, bad expression twice", text: withRules(ruleItem("claims."), ruleItem("claims.")), want: badFields(first+".expression", second+".expression")},
		{name: "claim rule, expressions that differ in a blank", text: withRules(ruleItem("true"), ruleItem("true ")), want: taken()},
		{name: "claim rule, any type", text: withRules(ruleItem("claims.a")), want: badFields(first + ".expression").because("must evaluate to bool")},
		{name: "claim rule, text", text: withRules(ruleItem("'true'")), want: badFields(first + ".expression").because("must evaluate to bool")},
		{name: "claim rule, optional", text: withRules(ruleItem("claims.?a")), want: badFields(first + ".expression").because("must evaluate to bool")},
		{name: "claim rule, syntax error", text: withRules(ruleItem("claims.a ==")), want: badFields(first + ".expression").because("compilation failed")},
		{name: "claim rule, blank", text: withRules(ruleItem(" ")), want: badFields(first + ".expression").because("compilation failed")},
		{name: "claim rule, the user variable", text: withRules(ruleItem("user.username == 'a'")), want: badFields(first + ".expression").because("undeclared reference to 'user'")},
		{name: "claim rule, many", text: withRules("{claim: a}", "{claim: b}", ruleItem("true"), ruleItem("false")), want: taken()},
		{name: "claim rule, a regular expression that is none", text: withRules(ruleItem("'a'.matches('(')")), want: badFields(first + ".expression").because("invalid matches argument")},
		{name: "claim rule, IP addresses and semantic versions", text: withRules(ruleItem("isIP(string(claims.ip)) && isSemver('1.0.0')")), want: taken()},
	}
}

// userRuleRows are about userValidationRules.
func userRuleRows() []configRow {
	const first, second = "jwt[0].userValidationRules[0].expression", "jwt[0].userValidationRules[1].expression"
	return []configRow{
		{name: "user rules, none", text: withUserRules(), want: taken()},
		{name: "user rule", text: withUserRules("{expression: \"!user.username.startsWith('system:')\", message: a}"), want: taken()},
		{name: "user rule, all of the user", text: withUserRules(ruleItem("user.uid != '' && 'a' in user.groups && user.extra['a'].exists(v, v == 'b')")), want: taken()},
		{name: "user rule, empty", text: withUserRules("{expression: ''}"), want: badFields(first).because("Required value")},
		{name: "user rule, a message alone", text: withUserRules("{message: a}"), want: badFields(first)},
		{name: "user rule, empty twice", text: withUserRules("{}", "{}"), want: badFields(first, second)},
		{name: "user rule, twice", text: withUserRules(ruleItem("true"), ruleItem("true")), want: badFields(second).because("Duplicate value")},
		{name: "user rule, not bool", text: withUserRules(ruleItem("user.username")), want: badFields(first).because("must evaluate to bool")},
		{name: "user rule, unknown field", text: withUserRules(ruleItem("user.name == 'a'")), want: badFields(first).because("undefined field 'name'")},
		{name: "user rule, groups as a text", text: withUserRules(ruleItem("user.groups == 'a'")), want: badFields(first).because("found no matching overload")},
		{name: "user rule, the claims variable", text: withUserRules(ruleItem("claims.sub == 'a'")), want: badFields(first).because("undeclared reference to 'claims'")},
		{name: "user rule, syntax error", text: withUserRules(ruleItem("user.")), want: badFields(first).because("Syntax error")},
		{name: "user rule, as in a claim rule", text: withEntries(configEntry(goodURL+", "+goodTo, goodName, "claimValidationRules: ["+ruleItem("true")+"]", "userValidationRules: ["+ruleItem("true")+"]")), want: taken()},
	}
}

// anonymousRows are about anonymous.
func anonymousRows() []configRow {
	conditions := func(paths ...string) string {
		return withAnonymous("{enabled: true, conditions: [{path: '" + strings.Join(paths, "'}, {path: '") + "'}]}")
	}
	return []configRow{
		{name: "anonymous, null", text: withAnonymous("null"), want: taken()},
		{name: "anonymous, empty", text: withAnonymous("{}"), want: taken()},
		{name: "anonymous, enabled", text: withAnonymous("{enabled: true}"), want: taken()},
		{name: "anonymous, disabled", text: withAnonymous("{enabled: false}"), want: taken()},
		{name: "anonymous, without jwt", text: document("anonymous: {enabled: true}"), want: taken()},
		{name: "anonymous, conditions", text: conditions("/livez", "/readyz", "/healthz"), want: taken()},
		{name: "anonymous, no conditions", text: withAnonymous("{enabled: true, conditions: []}"), want: taken()},
		{name: "anonymous, disabled with conditions", text: withAnonymous("{enabled: false, conditions: [{path: /livez}]}"), want: badFields("anonymous.conditions").because("enabled should be set to true when conditions are defined")},
		{name: "anonymous, conditions alone", text: withAnonymous("{conditions: [{path: /livez}]}"), want: badFields("anonymous.conditions")},
		{name: "anonymous, disabled without conditions", text: withAnonymous("{enabled: false, conditions: []}"), want: taken()},
		{name: "anonymous, condition is empty", text: withAnonymous("{enabled: true, conditions: [{}]}"), want: taken()},
		{name: "anonymous, condition is null", text: withAnonymous("{enabled: true, conditions: [null]}"), want: taken()},
		{name: "anonymous, path is empty", text: conditions(""), want: taken()},
		{name: "anonymous, path twice", text: conditions("/livez", "/livez"), want: taken()},
		{name: "anonymous, odd paths", text: conditions("livez", "//", "/a//b", "/a/../b", "/./", "/*", "/%2e", "/a?b", " ", "größe"), want: taken()},
	}
}

// severalRows have more than one thing wrong, whose order counts.
func severalRows() []configRow {
	in := func(index int, field string) string { return fmt.Sprintf("jwt[%d].%s", index, field) }
	return []configRow{
		{
			name: "wrong in each part of an entry",
			text: withEntries(configEntry(
				"url: http://a, discoveryURL: http://a, audiences: [a, b], certificateAuthority: x, egressSelectorType: etcd",
				"username: {claim: sub}, groups: {claim: g}, uid: {claim: a, expression: b}, extra: [{key: a}]",
				"claimValidationRules: [{}]", "userValidationRules: [{}]")),
			want: badFields(
				in(0, "issuer.url"), in(0, "issuer.discoveryURL"), in(0, "issuer.discoveryURL"), in(0, "issuer.audienceMatchPolicy"), in(0, "issuer.certificateAuthority"), in(0, "issuer.egressSelectorType"),
				in(0, "claimValidationRules[0]"), in(0, "claimMappings.username.prefix"), in(0, "claimMappings.groups.prefix"), in(0, "claimMappings.uid"),
				in(0, "claimMappings.extra[0].key"), in(0, "claimMappings.extra[0].valueExpression"), in(0, "userValidationRules[0].expression")),
		},
		{
			name: "wrong in two entries and in anonymous",
			text: withEntries("{}", configEntry("url: '', audiences: [a]", goodName)) + "anonymous: {conditions: [{path: /a}]}\n",
			want: badFields(in(0, "issuer.url"), in(0, "issuer.audiences"), in(0, "claimMappings.username"), in(1, "issuer.url"), in(1, "issuer.url"), "anonymous.conditions"),
		},
		{
			name: "wrong in the second entry",
			text: withEntries(configEntries(0, 1)[0], configEntry("url: https://b.example, audiences: []", "username: {claim: sub}"), configEntries(2, 3)[0]),
			want: badFields(in(1, "issuer.audiences"), in(1, "claimMappings.username.prefix")),
		},
		{
			name: "wrong to both and wrong to ours alone",
			text: withEntries(configEntry("url: 'https://', audiences: [a]", goodName), configEntry("url: http://b, audiences: [a]", goodName)),
			want: badFields(in(1, "issuer.url")),
		},
		{
			name: "wrong to ours alone, in two entries",
			text: withEntries(configEntry("url: 'https://', audiences: [a]", goodName), configEntry("url: 'https://b?', audiences: [a], discoveryURL: 'https://:1'", goodName)),
			want: taken(),
		},
		{
			name: "a decoding error hides wrong fields",
			text: withEntries(configEntry("url: http://a, nope: 1", goodName)),
			want: noConfig(`unknown field "jwt[0].issuer.nope"`),
		},
	}
}
