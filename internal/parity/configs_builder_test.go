package parity

import (
	"fmt"
	"strconv"
	"strings"
)

// The documents of the rows are one that is good and has little in it, with a part
// of it replaced or something added to it. All of what is given is YAML.

const (
	configV1   = "apiserver.config.k8s.io/v1"
	configKind = "AuthenticationConfiguration"
	goodURL    = "url: https://issuer.example"
	goodTo     = "audiences: [api]"
	goodName   = "username: {claim: sub, prefix: ''}"
)

// document is one with these fields beside the version and the kind.
func document(fields ...string) string {
	return "apiVersion: " + configV1 + "\nkind: " + configKind + "\n" + strings.Join(fields, "\n") + "\n"
}

// configEntry is one of "jwt" whose issuer and claimMappings are these.
func configEntry(issuer, mappings string, more ...string) string {
	more = append([]string{"issuer: {" + issuer + "}", "claimMappings: {" + mappings + "}"}, more...)
	return "{" + strings.Join(more, ", ") + "}"
}

func withEntries(entries ...string) string {
	return document("jwt:\n- " + strings.Join(entries, "\n- "))
}

// withIssuer replaces the issuer.
func withIssuer(issuer string) string { return withEntries(configEntry(issuer, goodName)) }

// withURL replaces the issuer's URL.
func withURL(url string) string { return withIssuer("url: " + strconv.Quote(url) + ", " + goodTo) }

// withDiscovery adds a discoveryURL.
func withDiscovery(url string) string {
	return withIssuer(goodURL + ", " + goodTo + ", discoveryURL: " + strconv.Quote(url))
}

// withAuthority adds a certificateAuthority.
func withAuthority(pem string) string {
	return withIssuer(goodURL + ", " + goodTo + ", certificateAuthority: " + strconv.Quote(pem))
}

// withMappings replaces claimMappings.
func withMappings(mappings ...string) string {
	return withEntries(configEntry(goodURL+", "+goodTo, strings.Join(mappings, ", ")))
}

// withName replaces claimMappings.username by an expression, and adds fields of an
// entry, such as rules.
func withName(expression string, more ...string) string {
	return withEntries(configEntry(goodURL+", "+goodTo, nameBy(expression), more...))
}

// nameBy is claimMappings.username by an expression.
func nameBy(expression string) string {
	return "username: {expression: " + strconv.Quote(expression) + "}"
}

// withGroups and the two after it add to claimMappings.
func withGroups(groups string) string { return withMappings(goodName, "groups: {"+groups+"}") }
func withUID(uid string) string       { return withMappings(goodName, "uid: {"+uid+"}") }
func withExtra(items ...string) string {
	return withMappings(goodName, "extra: ["+strings.Join(items, ", ")+"]")
}

// withExtraOf adds one of them.
func withExtraOf(key, expression string) string { return withExtra(extraItem(key, expression)) }

// extraItem is one of claimMappings.extra.
func extraItem(key, expression string) string {
	return fmt.Sprintf("{key: %q, valueExpression: %q}", key, expression)
}

// withRules and withUserRules add claimValidationRules and userValidationRules.
func withRules(items ...string) string     { return withField("claimValidationRules", items) }
func withUserRules(items ...string) string { return withField("userValidationRules", items) }

func withField(name string, items []string) string {
	return withEntries(configEntry(goodURL+", "+goodTo, goodName, name+": ["+strings.Join(items, ", ")+"]"))
}

// ruleItem is one that is an expression.
func ruleItem(expression string) string { return fmt.Sprintf("{expression: %q}", expression) }

// withAnonymous has no issuers.
func withAnonymous(anonymous string) string { return document("jwt: []", "anonymous: "+anonymous) }

// configEntries are entries, from the first to before the last number.
func configEntries(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, configEntry(fmt.Sprintf("url: https://issuer.example/%d, audiences: [api]", i), goodName))
	}
	return all
}
