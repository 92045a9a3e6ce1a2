package parity

import (
	"context"
	"slices"
	"strings"
)

// comesOfCase reports whether the difference is gone without the claims that
// upstream takes for standard ones whatever their case.
func comesOfCase(ctx context.Context, p *pair) bool {
	if p.draft.editPayload != nil && !p.claims.valid || !slices.ContainsFunc(p.claims.members, otherwiseStandard) {
		return false
	}
	plain := *p.draft
	plain.claims = slices.DeleteFunc(slices.Clone(plain.claims), otherwiseStandard)
	again := &pair{config: p.config, draft: &plain, sides: p.sides}
	if err := again.mint(); err != nil {
		return false
	}
	again.ask(ctx)
	return again.ours.same(p.ours) && (again.upstream.same(again.ours) || again.explanation(ctx) != nil)
}

// otherwiseStandard reports whether a claim is one of go-oidc's but for its case.
func otherwiseStandard(m member) bool {
	return slices.ContainsFunc([]string{"iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "at_hash", "_claim_names", "_claim_sources"}, func(name string) bool {
		return m.name != name && strings.EqualFold(m.name, name)
	})
}
