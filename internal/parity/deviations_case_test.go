package parity

import (
	"context"
	"slices"
	"strings"
)

// comesOfCase reports whether the difference is gone without the members that
// upstream takes for standard ones whatever their case.
func comesOfCase(ctx context.Context, p *pair) bool {
	plain := *p.draft
	plain.claims = inOneCase(plain.claims)
	if slices.Equal(plain.claims, p.draft.claims) {
		return false
	}
	again := &pair{config: p.config, draft: &plain, sides: p.sides}
	if err := again.mint(); err != nil {
		return false
	}
	again.ask(ctx)
	return again.ours.same(p.ours) && (again.upstream.same(again.ours) || again.explanation(ctx) != nil)
}

// inOneCase returns claims less those that are go-oidc's but for their case.
func inOneCase(claims members) (plain members) {
	for _, m := range claims {
		if m.name == "_claim_sources" {
			m.value = sourcesInOneCase(m.value)
		}
		if !butForCase(m.name, "iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "at_hash", "_claim_names", "_claim_sources") {
			plain = append(plain, m)
		}
	}
	return plain
}

func sourcesInOneCase(value string) string {
	sources := newObject(value).members
	if sources == nil {
		return value
	}
	for i := range sources {
		source := newObject(sources[i].value).members
		odd := func(m member) bool { return butForCase(m.name, "endpoint", "access_token", "JWT") }
		if slices.ContainsFunc(source, odd) {
			sources[i].value = slices.DeleteFunc(source, odd).String()
		}
	}
	return sources.String()
}

func butForCase(name string, others ...string) bool {
	return slices.ContainsFunc(others, func(other string) bool { return name != other && strings.EqualFold(name, other) })
}
