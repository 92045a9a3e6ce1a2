package parity

import (
	"slices"
	"strings"

	apiserverv1 "k8s.io/apiserver/pkg/apis/apiserver/v1"
)

// The expressions that configurations are made of. Those that are "odd" fail when
// they run, or give what is no string, no list of strings or nothing.
var (
	nameExpressions = []string{
		`claims.sub`,
		`"oidc:" + claims.sub`,
		`claims["sub"]`,
		`claims.preferred__underscores__name`,
		`claims.login__dot__name`,
		`claims.a__dash__b + claims.c__slash__d`,
		`claims.__if__`,
		`claims.org.name`,
		`claims.org.lead__dash__dev`,
		`claims.org.nested.x__dot__y`,
		`claims.people[0].first__dot__name`,
		`has(claims.nick) ? claims.nick : claims.sub`,
		`has(claims.org.name) && claims.org.name != "" ? claims.org.name : claims.sub`,
		`claims.?nick.orValue(claims.sub)`,
		`claims.?org.?name.orValue("nobody")`,
		`claims[?"login.name"].orValue("nobody")`,
		`claims.?org.optMap(o, o.name).orValue("nobody")`,
		`claims.name.lowerAscii()`,
		`claims.name.upperAscii().trim()`,
		`claims.name.replace(" ", ".", 1)`,
		`claims.sub.substring(0, 2) + claims.sub.charAt(2)`,
		`claims.email.split("@")[0]`,
		`claims.csv.split(",").join("-")`,
		`["users", string(claims.sub)].join("/")`,
		`claims.sub.find("[a-z]+")`,
		`claims.groups[0]`,
		`claims.mixed[0]`,
		`string(claims.count)`,
		`string(int(claims.count) + 1)`,
		`string(claims.level)`,
		`string(claims.flag)`,
		`string(bytes(claims.sub))`,
		`string(duration(claims.wait))`,
		`string(timestamp(claims.when).getFullYear())`,
		`string(quantity(claims.memory).asInteger())`,
		`string(semver(claims.version).major()) + "." + claims.sub`,
		`string(ip(claims.ip))`,
		`cidr("10.0.0.0/8").containsIP(claims.ip) ? "inside" : "outside"`,
		`url(claims.link).getHostname()`,
		`url(claims.link).getQuery()["q"][0]`,
		`"%s@%s".format([dyn(claims.sub), dyn(claims.tenant)])`,
		`dyn(claims.groups).filter(g, g.startsWith("team"))[0]`,
		`claims.email_verified ? claims.email : claims.sub`,
		`"sub" in claims ? claims.sub : "x"`,
		`type(claims.sub) == string ? claims.sub : "other"`,
		`claims.exists(name, name == "nick") ? "known" : claims.sub`,
		`optional.of(claims.sub).value()`,
		`claims.tenant + ":" + string(size(claims.groups))`,
	}
	oddNames = []string{
		`claims.missing`, `claims.nothing`, `claims.empty`, `""`, `claims.count`, `claims.flag`, `claims.groups`, `claims.org`, `claims.?sub`, `claims.groups[99]`,
		`null`, `b"abc"`, `bytes(claims.sub)`, `timestamp(claims.when)`, `duration(claims.wait)`, `type(claims.sub)`, `optional.of(claims.sub)`, `dyn(1)`, `[claims.sub]`,
		`claims.sub + claims.count`, `claims.sub + "\n"`, `"\u0000" + claims.sub`, `"\u0085"`, `string(bytes(claims.sub) + b"\xff")`, `url(claims.sub)`, `string(int(claims.sub))`, `claims.tenant.missing`, `claims.nick.x`,
	}
	listExpressions = []string{
		`claims.groups`,
		`claims.roles`,
		`claims.tenant`,
		`[claims.sub]`,
		`[claims.sub, claims.tenant]`,
		`claims.groups + claims.roles`,
		`dyn(claims.groups).map(g, "oidc:" + g)`,
		`dyn(claims.groups).filter(g, g != "team-b").map(g, g.upperAscii())`,
		`dyn(claims.groups).filter(g, g.matches("^team-[a-z]$"))`,
		`claims.csv.split(",").map(g, "csv:" + g)`,
		`(claims.csv.split(",") + claims.roles).map(r, "role:" + r)`,
		`claims.csv.split(",") + claims.groups`,
		`claims.?groups.orValue([])`,
		`claims.?nothing_here.orValue([])`,
		`claims.nothing`,
		`claims.empty`,
		`null`,
		`""`,
		`[]`,
		`[""]`,
		`[dyn(""), dyn(claims.sub), dyn("")]`,
		`claims.holes`,
		`claims.org.teams`,
		`claims.org.nested.list__dot__x`,
		`claims.lists[1]`,
		`claims.lists[0] + claims.lists[1]`,
		`dyn(claims.people).map(p, p.first__dot__name)`,
		`has(claims.groups) ? claims.groups : []`,
		`claims.flag ? claims.groups : claims.roles`,
		`claims.none`,
		`[?claims.?nick, ?claims.?sub]`,
		`[[claims.sub]][0]`,
		`claims.exists(k, k == "groups") ? claims.groups : []`,
		`[string(claims.count), string(claims.level)]`,
	}
	oddLists = []string{
		`claims.csv.split(",")`, `claims.sub.findAll("[a-z]+")`, `["b", "a"].slice(0, 1)`, `["b", "a"].sort()`, `["a", "a"].distinct()`, `[["a"], ["b"]].flatten()`, `claims.groups.reverse()`,
		`claims.lists`, `claims.mixed`, `claims.nulls`, `claims.count`, `claims.flag`, `claims.org`, `claims.people`, `claims`, `[claims]`, `[claims.count]`, `[null]`, `[dyn(claims.sub), dyn(null)]`, `[1u]`, `[true]`,
		`type(claims.sub)`, `[type(claims.sub)]`, `[dyn(type(claims.sub)), dyn(claims.sub)]`, `bytes(claims.sub)`, `[b"abc"]`, `[timestamp(claims.when)]`, `[duration("1h")]`, `timestamp(claims.when)`,
		`optional.of(claims.sub)`, `optional.none()`, `[optional.of(claims.sub)]`, `[optional.none()]`, `claims.?groups`, `{"a": claims.sub}`, `[{"a": claims.sub}]`, `[[claims.sub]]`, `[[]]`,
		`quantity("1Mi")`, `[semver("1.2.3")]`, `ip(claims.ip)`, `url(claims.link)`, `[url(claims.link)]`, `claims.missing`, `claims.groups[99]`, `dyn(claims.sub) / 2`, `claims.count / 0`, `dyn(claims.groups).map(g, g.x)`,
	}
	claimRules = []string{
		`claims.flag == true`,
		`claims.tenant == "acme"`,
		`claims.tenant in ["acme", "umbrella"]`,
		`has(claims.sub) && size(claims.sub) > 0`,
		`!has(claims.forbidden)`,
		`claims.count < 10`,
		`claims.count == 3 && claims.level > 2.0`,
		`int(claims.exp) - int(claims.iat) <= 90000`,
		`dyn(claims.groups).all(g, !g.startsWith("system:"))`,
		`dyn(claims.groups).exists(g, g.startsWith("team"))`,
		`claims.email_verified == true`,
		`claims.?email_verified.orValue(true) == true`,
		`claims.email.endsWith("@example.com")`,
		`claims.org.nested.x__dot__y != ""`,
		`claims.ip == "" || isIP(claims.ip)`,
		`semver(claims.version).isGreaterThan(semver("1.0.0"))`,
		`quantity(claims.memory).isLessThan(quantity("1Gi"))`,
		`timestamp(claims.when) < timestamp("2030-01-01T00:00:00Z")`,
		`claims.nothing == null`,
		`size(claims) > 2`,
		`isURL(claims.link)`,
		`claims.aud == "api" || "api" in claims.aud || true`,
		`type(claims.org) == map || claims.flag`,
	}
	oddRules = []string{
		`claims.tenant == "nobody's"`, `false`, `claims.missing == "x"`, `claims.groups[99] == ""`, `claims.count > "3"`, `claims.sub.matches("^[0-9]+$")`, `claims.tenant.x == 1`, `!claims.flag`, `claims == claims`, `has(claims.sub.x)`, `semver(claims.sub).major() == 1`,
	}
	userRules = []string{
		`user.username != ""`,
		`!user.username.startsWith("system:")`,
		`user.groups.all(g, !g.startsWith("system:"))`,
		`size(user.groups) < 50`,
		`user.uid != "0"`,
		`user.username.matches(".")`,
		`!("example.com/forbidden" in user.extra)`,
		`user.extra.all(k, k != "forbidden")`,
		`user.?extra["example.com/tenant"].orValue([""]).size() > 0`,
		`has(user.extra.authentication__dot__kubernetes__dot__io__slash__credential__dash__id) || true`,
		`!(user.extra.exists(k, k == "example.com/tenant") && user.extra.example__dot__com__slash__tenant[0] == "x")`,
		`type(user.groups) == list`,
	}
	oddUserRules = []string{
		`"admins" in user.groups`, `user.groups[99] == ""`, `user.extra.missing[0] == ""`, `user.uid == "u-1"`, `user.username == "jane"`, `"example.com/tenant" in user.extra`, `user.extra["example.com/tenant"] == ["acme"]`, `dyn(user.groups) == null || true`,
	}
)

// entriesOfEach returns an entry for each expression in each place for it.
func entriesOfEach() (entries []apiserverv1.JWTAuthenticator) {
	add := func(expressions []string, put func(*apiserverv1.JWTAuthenticator, string)) {
		for _, x := range expressions {
			e := apiserverv1.JWTAuthenticator{Issuer: apiserverv1.Issuer{URL: issuerURLs[0], Audiences: []string{"api"}}}
			e.ClaimMappings.Username = apiserverv1.PrefixedClaimOrExpression{Claim: "sub", Prefix: new("")}
			put(&e, x)
			if strings.Contains(x, "claims.email") {
				e.ClaimValidationRules = append(e.ClaimValidationRules, apiserverv1.ClaimValidationRule{Expression: verifiedRule})
			}
			entries = append(entries, e)
		}
	}
	names, lists := slices.Concat(nameExpressions, oddNames), slices.Concat(listExpressions, oddLists)
	add(names, func(e *apiserverv1.JWTAuthenticator, x string) {
		e.ClaimMappings.Username = apiserverv1.PrefixedClaimOrExpression{Expression: x}
	})
	add(names, func(e *apiserverv1.JWTAuthenticator, x string) { e.ClaimMappings.UID.Expression = x })
	add(slices.Concat(names, lists), func(e *apiserverv1.JWTAuthenticator, x string) { e.ClaimMappings.Groups.Expression = x })
	add(slices.Concat(names, lists), func(e *apiserverv1.JWTAuthenticator, x string) {
		e.ClaimMappings.Extra = []apiserverv1.ExtraMapping{{Key: "example.com/x", ValueExpression: x}}
	})
	add(slices.Concat(claimRules, oddRules), func(e *apiserverv1.JWTAuthenticator, x string) {
		e.ClaimValidationRules = []apiserverv1.ClaimValidationRule{{Expression: x}}
	})
	add(slices.Concat(userRules, oddUserRules), func(e *apiserverv1.JWTAuthenticator, x string) {
		e.UserValidationRules = []apiserverv1.UserValidationRule{{Expression: x}}
	})
	return entries
}
