package parity

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	apiserverv1 "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"sigs.k8s.io/yaml"
)

var issuerURLs = []string{
	"https://login.example.com",
	"https://login.example.com/",
	"https://accounts.google.com",
	"https://sso.example.org:8443/realms/a%20b",
	"https://LOGIN.example.com",
	"https://idp.example.net/tenant/7c1f/v2.0",
}

// google is how an issuer may call itself without its scheme.
const google = "accounts.google.com"

// configuration is an AuthenticationConfiguration, and what is not in it.
type configuration struct {
	issuers []int // of the entries, in issuerURLs
	entries []apiserverv1.JWTAuthenticator
	yaml    string
	anyType bool // ours takes every "typ", as upstream does
}

func newConfiguration(t *testing.T, r *rand.Rand) *configuration {
	t.Helper()
	c := &configuration{anyType: r.IntN(2) == 0}
	c.issuers = r.Perm(len(issuerURLs))[:pick(r, []int{1, 1, 2, 3, 5})]
	for _, issuer := range c.issuers {
		c.entries = append(c.entries, newEntry(r, issuer))
	}
	c.write(t)
	return c
}

func (c *configuration) write(t testing.TB) {
	t.Helper()
	file := apiserverv1.AuthenticationConfiguration{JWT: c.entries}
	file.APIVersion, file.Kind = "apiserver.config.k8s.io/v1", "AuthenticationConfiguration"
	text, err := yaml.Marshal(file)
	require.NoError(t, err)
	c.yaml = string(text)
}

func newEntry(r *rand.Rand, issuer int) apiserverv1.JWTAuthenticator {
	e := apiserverv1.JWTAuthenticator{Issuer: apiserverv1.Issuer{URL: issuerURLs[issuer], Audiences: []string{"api"}}}
	if r.IntN(3) == 0 {
		e.Issuer.Audiences = []string{"web", "api", "https://api.example.com"}
		e.Issuer.AudienceMatchPolicy = apiserverv1.AudienceMatchPolicyMatchAny
	}
	odd := "" // one thing that fails or worse, in two of five entries
	if r.IntN(5) < 2 {
		odd = pick(r, []string{"username", "username", "groups", "groups", "groups", "uid", "extra", "extra", "rule", "required", "user"})
	}
	e.ClaimMappings.Username = newUsername(r, odd == "username")
	e.ClaimMappings.Groups = newGroups(r, odd == "groups")
	e.ClaimMappings.UID = newUID(r, odd == "uid")
	e.ClaimMappings.Extra = newExtra(r, odd == "extra")
	e.ClaimValidationRules = newClaimRules(r, odd)
	e.UserValidationRules = newUserRules(r, odd == "user")
	if strings.Contains(e.ClaimMappings.Username.Expression, "claims.email") { // must look at it
		e.ClaimValidationRules = unique(append(e.ClaimValidationRules, apiserverv1.ClaimValidationRule{Expression: verifiedRule}), ruleKey)
	}
	return e
}

const verifiedRule = `claims.?email_verified.orValue(true) in [dyn(true), dyn("true"), dyn(null)] || claims.email_verified == false`

func newUsername(r *rand.Rand, odd bool) apiserverv1.PrefixedClaimOrExpression {
	if odd {
		return apiserverv1.PrefixedClaimOrExpression{Expression: pick(r, oddNames)}
	}
	if r.IntN(2) == 0 {
		return apiserverv1.PrefixedClaimOrExpression{Expression: pick(r, nameExpressions)}
	}
	claim := pick(r, []string{"sub", "sub", "sub", "email", "email", "name", "login.name", "tenant"})
	return apiserverv1.PrefixedClaimOrExpression{Claim: claim, Prefix: new(pick(r, []string{"", "", "oidc:", "https://login.example.com#", "é "}))}
}

func newGroups(r *rand.Rand, odd bool) (m apiserverv1.PrefixedClaimOrExpression) {
	kind := r.IntN(5)
	switch {
	case odd && kind < 4:
		m.Expression = pick(r, oddLists)
	case odd:
		m.Claim = pick(r, []string{"mixed", "nulls", "org", "holes", "nothing", "count", "email_verified"})
		m.Prefix = new(pick(r, []string{"", "oidc:"}))
	case kind < 2:
		m.Claim = pick(r, []string{"groups", "groups", "groups", "roles", "tenant", "none", "missing"})
		m.Prefix = new(pick(r, []string{"", "oidc:", "g/"}))
	case kind < 4:
		m.Expression = pick(r, listExpressions)
	}
	return m
}

func newUID(r *rand.Rand, odd bool) (m apiserverv1.ClaimOrExpression) {
	kind := r.IntN(4)
	switch {
	case odd && kind < 2:
		m.Expression = pick(r, oddNames)
	case odd:
		m.Claim = pick(r, []string{"nick", "missing", "nothing", "count"})
	case kind == 0:
		m.Claim = pick(r, []string{"sub", "uid", "uid", "empty"})
	case kind == 1:
		m.Expression = pick(r, nameExpressions)
	}
	if strings.Contains(m.Expression, "claims.email") {
		m.Expression = "claims.sub"
	}
	return m
}

func newExtra(r *rand.Rand, odd bool) (extra []apiserverv1.ExtraMapping) {
	keys := []string{"example.com/tenant", "example.com/groups", "example.org/a", "x.example.org/b/c"}
	for _, key := range keys[:pick(r, []int{0, 0, 0, 1, 2, 4})] {
		extra = append(extra, apiserverv1.ExtraMapping{Key: key, ValueExpression: pick(r, listExpressions)})
	}
	if odd {
		extra = append(extra, apiserverv1.ExtraMapping{Key: "example.com/odd", ValueExpression: pick(r, oddLists)})
	}
	return extra
}

func newClaimRules(r *rand.Rand, odd string) (rules []apiserverv1.ClaimValidationRule) {
	for range pick(r, []int{0, 0, 0, 1, 2}) {
		rules = append(rules, apiserverv1.ClaimValidationRule{Expression: pick(r, claimRules), Message: "no"})
	}
	for range pick(r, []int{0, 0, 0, 1, 2}) {
		rules = append(rules, pick(r, []apiserverv1.ClaimValidationRule{
			{Claim: "tenant", RequiredValue: "acme"}, {Claim: "empty"}, {Claim: "login.name", RequiredValue: "jane.doe"}, {Claim: "uid", RequiredValue: "u-1"},
		}))
	}
	switch odd {
	case "rule":
		rules = append(rules, apiserverv1.ClaimValidationRule{Expression: pick(r, oddRules)})
	case "required":
		rules = append(rules, pick(r, []apiserverv1.ClaimValidationRule{{Claim: "nick", RequiredValue: "other"}, {Claim: "nothing"}, {Claim: "missing"}, {Claim: "count", RequiredValue: "3"}}))
	}
	return unique(rules, ruleKey)
}

func newUserRules(r *rand.Rand, odd bool) (rules []apiserverv1.UserValidationRule) {
	for range pick(r, []int{0, 0, 1, 2}) {
		rules = append(rules, apiserverv1.UserValidationRule{Expression: pick(r, userRules), Message: "no"})
	}
	if odd {
		rules = append(rules, apiserverv1.UserValidationRule{Expression: pick(r, oddUserRules)})
	}
	return unique(rules, func(rule apiserverv1.UserValidationRule) string { return rule.Expression })
}

func ruleKey(r apiserverv1.ClaimValidationRule) string { return r.Claim + "\n" + r.Expression }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// unique keeps the first of those with the same key, since a configuration may
// say a thing only once.
func unique[T any](list []T, key func(T) string) []T {
	seen := make(map[string]bool)
	var kept []T
	for _, item := range list {
		if !seen[key(item)] {
			seen[key(item)] = true
			kept = append(kept, item)
		}
	}
	return kept
}
