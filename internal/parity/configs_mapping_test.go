package parity

import "strings"

// usernameRows are about claimMappings.username.
func usernameRows() []configRow {
	const path = "jwt[0].claimMappings.username"
	return []configRow{
		{name: "username is missing", text: withMappings(), want: badFields(path).because("claim or expression is required")},
		{name: "username is empty", text: withMappings("username: {}"), want: badFields(path)},
		{name: "username, a prefix alone", text: withMappings("username: {prefix: a}"), want: badFields(path)},
		{name: "username, claim with a prefix", text: withMappings("username: {claim: sub, prefix: 'oidc:'}"), want: taken()},
		{name: "username, claim with the empty prefix", text: withMappings(goodName), want: taken()},
		{name: "username, claim without prefix", text: withMappings("username: {claim: sub}"), want: badFields(path + ".prefix").because("It can be set to an empty string to disable prefixing")},
		{name: "username, prefix is null", text: withMappings("username: {claim: sub, prefix: null}"), want: badFields(path + ".prefix")},
		{name: "username, claim is blank", text: withMappings("username: {claim: ' ', prefix: ''}"), want: taken()},
		{name: "username, claim email", text: withMappings("username: {claim: email, prefix: ''}"), want: taken()},
		{name: "username, claim not of ASCII", text: withMappings("username: {claim: größe, prefix: ''}"), want: taken()},
		{name: "username, expression", text: withName("claims.sub"), want: taken()},
		{name: "username, expression and claim", text: withMappings("username: {claim: sub, prefix: '', expression: claims.sub}"), want: badFields(path).because("claim and expression can't both be set")},
		{name: "username, expression and prefix", text: withMappings("username: {prefix: a, expression: claims.sub}"), want: badFields(path + ".prefix").because("may not be specified when expression is set")},
		{name: "username, expression and the empty prefix", text: withMappings("username: {prefix: '', expression: claims.sub}"), want: badFields(path + ".prefix")},
		{name: "username, bad expression and prefix", text: withMappings("username: {prefix: a, expression: 'claims.'}"), want: badFields(path+".prefix", path+".expression")},
		{name: "username, syntax error", text: withName("claims.sub +"), want: badFields(path + ".expression").because("Syntax error")},
		{name: "username, blank expression", text: withName(" "), want: badFields(path + ".expression").because("Syntax error")},
		{name: "username, unknown variable", text: withName("token.sub"), want: badFields(path + ".expression").because("undeclared reference to 'token'")},
		{name: "username, the user variable", text: withName("user.username"), want: badFields(path + ".expression").because("undeclared reference to 'user'")},
		{name: "username, unknown function", text: withName("claims.sub.trimAll()"), want: badFields(path + ".expression").because("undeclared reference to 'trimAll'")},
		{name: "username, wrong operands", text: withName("1 + 'a'"), want: badFields(path + ".expression").because("found no matching overload")},
		{name: "username, a number", text: withName("1"), want: taken()},
		{name: "username, a list", text: withName("['a']"), want: taken()},
		{name: "username, a bool", text: withName("true"), want: taken()},
		{name: "username, null", text: withName("null"), want: taken()},
		{name: "username, a function of strings", text: withName("claims.sub.lowerAscii().replace('a', 'b')"), want: taken()},
		{name: "username, a regular expression that is none", text: withName("'a'.find('(')"), want: badFields(path + ".expression")},
		{name: "username, optional", text: withName("claims.?name.orValue(claims.sub)"), want: taken()},
		{name: "username, escaped name", text: withName("claims.a__dot__b"), want: taken()},
		{name: "username, name that CEL keeps", text: withName("claims.namespace"), want: taken()},
		{name: "username, name that CEL does not allow", text: withName("claims.in"), want: badFields(path + ".expression").because("Syntax error")},
		{name: "username, comment", text: withName("claims.sub // the subject"), want: taken()},
		{name: "username, two lines", text: withName("claims.sub\n+ 'a'"), want: taken()},
		{name: "username, two variables", text: withName("cel.bind(a, claims.sub, a + a)"), want: badFields(path + ".expression").because("undeclared reference")},
	}
}

// groupsAndUIDRows are about claimMappings.groups and claimMappings.uid.
func groupsAndUIDRows() []configRow {
	const groups, uid = "jwt[0].claimMappings.groups", "jwt[0].claimMappings.uid"
	return []configRow{
		{name: "groups, empty", text: withGroups(""), want: taken()},
		{name: "groups, claim with a prefix", text: withGroups("claim: groups, prefix: 'oidc:'"), want: taken()},
		{name: "groups, claim with the empty prefix", text: withGroups("claim: groups, prefix: ''"), want: taken()},
		{name: "groups, claim without prefix", text: withGroups("claim: groups"), want: badFields(groups + ".prefix").because("prefix is required when claim is set")},
		{name: "groups, a prefix alone", text: withGroups("prefix: a"), want: taken()},
		{name: "groups, expression", text: withGroups("expression: claims.groups"), want: taken()},
		{name: "groups, expression and claim", text: withGroups("claim: groups, prefix: '', expression: claims.groups"), want: badFields(groups).because("claim and expression can't both be set")},
		{name: "groups, expression and prefix", text: withGroups("prefix: a, expression: claims.groups"), want: badFields(groups + ".prefix")},
		{name: "groups, syntax error", text: withGroups("expression: 'claims.groups['"), want: badFields(groups + ".expression").because("Syntax error")},
		{name: "groups, a number", text: withGroups("expression: '1'"), want: taken()},
		{name: "groups, a loop", text: withGroups(`expression: "claims.groups.split(',').map(g, 'a:' + g)"`), want: taken()},
		{name: "groups, a loop over anything", text: withGroups(`expression: "claims.groups.map(g, 'a:' + g)"`), want: badFields(groups + ".expression").because("cannot be range of a comprehension")},
		{name: "groups, a loop over what is dynamic", text: withGroups(`expression: "dyn(claims.groups).map(g, 'a:' + g)"`), want: taken()},
		{name: "groups, a loop of too many arguments", text: withGroups(`expression: "[].map(g, g, g, g)"`), want: badFields(groups + ".expression")},
		{name: "uid, empty", text: withUID(""), want: taken()},
		{name: "uid, claim", text: withUID("claim: sub"), want: taken()},
		{name: "uid, expression", text: withUID("expression: claims.sub"), want: taken()},
		{name: "uid, both", text: withUID("claim: sub, expression: claims.sub"), want: badFields(uid).because("claim and expression can't both be set")},
		{name: "uid, both and a syntax error", text: withUID("claim: sub, expression: 'claims.'"), want: badFields(uid)},
		{name: "uid, syntax error", text: withUID("expression: 'claims.'"), want: badFields(uid + ".expression").because("Syntax error")},
		{name: "uid, a number", text: withUID("expression: '1'"), want: taken()},
		{name: "uid, the user variable", text: withUID("expression: user.uid"), want: badFields(uid + ".expression").because("undeclared reference to 'user'")},
	}
}

// extraRows are about claimMappings.extra.
func extraRows() []configRow {
	const key, value = "jwt[0].claimMappings.extra[0].key", "jwt[0].claimMappings.extra[0].valueExpression"
	with := func(key string) string { return withExtra(extraItem(key, "claims.a")) }
	return []configRow{
		{name: "extra, none", text: withExtra(), want: taken()},
		{name: "extra", text: with("example.com/a"), want: taken()},
		{name: "extra, path", text: with("example.com/a/b_c.d-e~f"), want: taken()},
		{name: "extra, one label", text: with("example/a"), want: taken()},
		{name: "extra, upper-case path", text: with("example.com/A"), want: badFields(key).because("must be lowercase")},
		{name: "extra, upper-case domain", text: with("Example.com/a"), want: badFields(key, key)},
		{name: "extra, no domain", text: with("a"), want: badFields(key).because("must be a domain-prefixed path")},
		{name: "extra, empty domain", text: with("/a"), want: badFields(key).because("must be a domain-prefixed path")},
		{name: "extra, empty key", text: with(""), want: badFields(key).because("Required value")},
		{name: "extra, key is missing", text: withExtra("{valueExpression: claims.a}"), want: badFields(key)},
		{name: "extra, trailing slash", text: with("example.com/"), want: badFields(key).because("must be a domain-prefixed path")},
		{name: "extra, double slash", text: with("example.com//a"), want: taken()},
		{name: "extra, a blank", text: with("example.com/a b"), want: badFields(key).because("Invalid path")},
		{name: "extra, escape", text: with("example.com/a%2fb"), want: taken()},
		{name: "extra, non-ASCII", text: with("example.com/größe"), want: badFields(key).because("Invalid path")},
		{name: "extra, upper case not of ASCII", text: with("example.com/GRÖSSE"), want: badFields(key, key)},
		{name: "extra, underscore in the domain", text: with("exa_mple.com/a"), want: badFields(key)},
		{name: "extra, long domain", text: with(strings.Repeat("a", 254) + "/a"), want: badFields(key)},
		{name: "extra, kubernetes.io", text: with("kubernetes.io/a"), want: badFields(key).because("are reserved for Kubernetes use")},
		{name: "extra, under kubernetes.io", text: with("authentication.kubernetes.io/credential-id"), want: badFields(key).because("are reserved for Kubernetes use")},
		{name: "extra, k8s.io", text: with("k8s.io/a"), want: badFields(key).because("are reserved for Kubernetes use")},
		{name: "extra, under k8s.io", text: with("sub.k8s.io/a"), want: badFields(key).because("are reserved for Kubernetes use")},
		{name: "extra, K8S.io", text: with("K8S.io/a"), want: badFields(key, key)},
		{name: "extra, notk8s.io", text: with("notk8s.io/a"), want: taken()},
		{name: "extra, k8s.io.example.com", text: with("k8s.io.example.com/a"), want: taken()},
		{name: "extra, k8s.io in the path", text: with("example.com/k8s.io"), want: taken()},
		{name: "extra, twice", text: withExtra(extraItem("example.com/a", "claims.a"), extraItem("example.com/a", "claims.b")), want: badFields("jwt[0].claimMappings.extra[1].key").because("Duplicate value")},
		{name: "extra, twice and a syntax error", text: withExtra(extraItem("example.com/a", "claims.a"), extraItem("example.com/a", "claims.")), want: badFields("jwt[0].claimMappings.extra[1].key")},
		{name: "extra, twice the same expression", text: withExtra(extraItem("example.com/a", "claims.a"), extraItem("example.com/b", "claims.a")), want: taken()},
		{name: "extra, empty twice", text: withExtra(extraItem("", "claims.a"), extraItem("", "claims.a")), want: badFields(key, "jwt[0].claimMappings.extra[1].key", "jwt[0].claimMappings.extra[1].key")},
		{name: "extra, no expression", text: withExtra("{key: example.com/a}"), want: badFields(value).because("Required value")},
		{name: "extra, empty expression", text: withExtraOf("example.com/a", ""), want: badFields(value)},
		{name: "extra, syntax error", text: withExtraOf("example.com/a", "claims."), want: badFields(value).because("Syntax error")},
		{name: "extra, a number", text: withExtraOf("example.com/a", "1"), want: taken()},
		{name: "extra, wrong in all", text: withExtraOf("K8S.io/A b", "claims."), want: badFields(key, key, key, value)},
	}
}
