package parity

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
)

// deviation is a difference that is meant to be.
type deviation struct {
	name   string
	reason string
	line   string // of docs/differences.md, or a part of one, which tells it to users

	// accepts says that ours may accept what upstream does not. Without it, nothing
	// explains that.
	accepts bool

	// explains reports whether a difference comes of it.
	explains func(context.Context, *pair) bool
}

func deviations() []deviation {
	return []deviation{
		{
			name:   "duplicate members",
			reason: "two readers of one token must not read two tokens",
			line:   "| claim names | in any case, the last of duplicates | to the letter, duplicates refused |",
			explains: func(_ context.Context, p *pair) bool {
				return p.claims.duplicate && (p.ours.class == notMine || p.says("payload: offset") && p.says("duplicate member"))
			},
		},
		{
			name:     "claims in another case",
			reason:   "names of claims differ if a letter does",
			line:     "| claim names | in any case, the last of duplicates | to the letter, duplicates refused |",
			accepts:  true,
			explains: comesOfCase,
		},
		{
			name:   "iat in the future",
			reason: "nobody has issued it yet",
			line:   "| `iat` in the future | not looked at | refused beyond one minute |",
			explains: func(_ context.Context, p *pair) bool {
				return p.claims.number("iat") > float64(p.now.Unix()+60) && p.says("(iat ")
			},
		},
		{
			name:   "typ",
			reason: "a token for another purpose lets nobody in",
			line:   "| `typ` | not looked at | `JWT` or `at+jwt` in any case",
			explains: func(_ context.Context, p *pair) bool {
				return oddType(p.head.get("typ"), p.config.anyType) && p.says(`header: "typ": `)
			},
		},
		{
			name:   "crit, b64, zip",
			reason: "what is not understood must not be passed over",
			line:   "| `crit`, `b64`, `zip` | `crit` refused | all refused |",
			explains: func(_ context.Context, p *pair) bool {
				return slices.ContainsFunc([]string{"crit", "b64", "zip"}, func(name string) bool {
					return p.head.get(name) != "" && p.says(`header: "`+name+`": not understood`)
				})
			},
		},
		{
			name:   "long tokens and headers",
			reason: "work is bounded",
			line:   "| tokens over 16 KiB, headers over 2 KiB | taken | not taken;",
			explains: func(_ context.Context, p *pair) bool {
				if len(p.token) > 16<<10 {
					return p.ours.class == notMine
				}
				return strings.IndexByte(p.token, '.') > 2<<10 && p.says("header: ") && p.says("bytes, more than 2048")
			},
		},
		{
			name:   "null in a list of groups",
			reason: "an empty group is nobody's",
			line:   "| a list of groups with `null` in it | an empty group | refused (`ClaimMissing`) |",
			explains: func(_ context.Context, p *pair) bool {
				m := p.entry().ClaimMappings.Groups
				return m.Claim != "" && hasNull(p.claims.get(m.Claim)) && p.refuses(authn.ClaimMissing, "claimMappings.groups: ")
			},
		},
		{
			name:   "weak keys",
			reason: "RFC 7518, section 3.3",
			line:   "| keys for encryption, keys under 2,048 bits, RSA keys that can be factored (ROCA, CVE-2017-15361), private or symmetric keys in the key set |",
			explains: func(_ context.Context, p *pair) bool {
				return p.draft.key == p.draft.ring.weak && (p.refuses(authn.UnknownKey, "") || p.refuses(authn.BadSignature, `there is no "kid"`))
			},
		},
		{
			name:   "user name or uid null",
			reason: "null is no name",
			line:   "| a user name or uid claim that is `null` | the empty string | refused (`ClaimMissing`) |",
			explains: func(_ context.Context, p *pair) bool {
				m := p.entry().ClaimMappings
				return p.claims.get(m.Username.Claim) == "null" && p.refuses(authn.ClaimMissing, "claimMappings.username: ") ||
					p.claims.get(m.UID.Claim) == "null" && p.refuses(authn.ClaimMissing, "claimMappings.uid: ")
			},
		},
		{
			name:   "control characters in a user name",
			reason: "the name looks like another",
			line:   "| user names that are empty, not UTF-8 or have control characters | accepted from some authenticators | refused (`InvalidUser`) |",
			explains: func(_ context.Context, p *pair) bool {
				return strings.ContainsFunc(p.upstream.name(), unicode.IsControl) && p.refuses(authn.InvalidUser, "claimMappings.username")
			},
		},
		{
			name:   "empty user name claim",
			reason: "a prefix alone, or nothing, is nobody's name",
			line:   "| a user name claim that is empty | the prefix alone | refused (`InvalidUser`) |",
			explains: func(_ context.Context, p *pair) bool {
				claim := p.entry().ClaimMappings.Username.Claim
				return p.claims.get(claim) == `""` && p.refuses(authn.InvalidUser, "claimMappings.username: ")
			},
		},
		{
			name:   "required claim null",
			reason: "null is no text, not even an empty one",
			line:   "| a required claim that is `null`, where the value is empty | as required | refused (`RuleFailed`) |",
			explains: func(_ context.Context, p *pair) bool {
				for _, rule := range p.entry().ClaimValidationRules {
					if rule.Claim != "" && rule.RequiredValue == "" && p.claims.get(rule.Claim) == "null" {
						return p.refuses(authn.RuleFailed, "claimValidationRules[")
					}
				}
				return false
			},
		},
		{
			name:   "times in strings",
			reason: "RFC 7519, section 2: a NumericDate is a number",
			line:   "| `exp`, `nbf` or `iat` as a string | the number in it | refused (`ClaimMissing`) |",
			explains: func(_ context.Context, p *pair) bool {
				return p.isTime(isString, "not a number")
			},
		},
		{
			name:   "nbf null",
			reason: "null is no time",
			line:   "| `nbf` that is `null` | as if it were not there | refused (`ClaimMissing`) |",
			explains: func(_ context.Context, p *pair) bool {
				return p.claims.get("nbf") == "null" && p.says(`claim "nbf": not a number`)
			},
		},
		{
			name:   "times that are too large",
			reason: "a number that is cut off is another number",
			line:   "| `nbf` or `iat` beyond what 64 bits count since the year 1 | a time long past | refused |",
			explains: func(_ context.Context, p *pair) bool {
				const wraps = 1<<63 - 62135596800 // seconds from the year 1 to 1970
				return p.isTime(beyond64, "out of range") || max(p.claims.number("nbf"), p.claims.number("iat")) >= wraps && p.says("out of range")
			},
		},
		{
			name:   "null in a list of audiences",
			reason: "null is nobody's audience",
			line:   "| an `aud` list with `null` in it | an empty audience | refused (`WrongAudience`) |",
			explains: func(_ context.Context, p *pair) bool {
				return hasNull(p.claims.get("aud")) && p.refuses(authn.WrongAudience, `claim "aud": item `)
			},
		},
		{
			name:   "base64url in other words",
			reason: "RFC 7515, section 2: a token can be written in one way only",
			line:   "| blanks and line breaks in a token, bits of base64url that belong to no byte | passed over | refused (`Malformed`) |",
			explains: func(_ context.Context, p *pair) bool {
				return !canonical(p.token) && (p.ours.class == notMine || p.says("base64url"))
			},
		},
		{
			name:   "payloads that break off",
			reason: "whoever it claims to be of says no",
			line:   "| a token of an issuer by its `iss` that cannot be read to its end | not its | refused (`Malformed`) |",
			explains: func(_ context.Context, p *pair) bool {
				return p.upstream.class == notMine && (!p.claims.valid || strings.HasPrefix(strings.TrimSpace(p.token), "{")) && p.refuses(authn.Malformed, "")
			},
		},
		{
			name:   "JSON that is not plain",
			reason: "readers differ in what they make of it",
			line:   "| JSON that is not UTF-8, has half a surrogate pair, or more than 64 levels | mended, or taken | refused (`Malformed`) |",
			explains: func(_ context.Context, p *pair) bool {
				return p.claims.strange() && (p.ours.class == notMine || p.says("payload: offset")) || p.head.strange() && p.says("header: offset")
			},
		},
		{
			name:   "signatures of another shape",
			reason: "RFC 7518, sections 3.4 and 3.5",
			line:   "| PS algorithms with a salt that is not as long as the hash, ES algorithms with the curve of another | taken | refused (`BadSignature`, `UnknownKey`) |",
			explains: func(_ context.Context, p *pair) bool {
				return (p.draft.otherSalt() || p.draft.otherCurve()) && (p.refuses(authn.BadSignature, "") || p.refuses(authn.UnknownKey, ""))
			},
		},
		{
			name:    "broken header members",
			reason:  "keys in a header are never used",
			line:    "| broken header members that name keys (`jwk`, `x5c`), `nonce` in the header | refused | not looked at |",
			accepts: true,
			explains: func(_ context.Context, p *pair) bool {
				return p.upstream.class == refused && strings.Contains(p.upstream.err.Error(), "malformed jwt") && slices.ContainsFunc([]string{"jwk", "x5c", "nonce", "n"}, func(name string) bool {
					return p.head.get(name) != ""
				})
			},
		},
		{
			name:   "kid null",
			reason: "null is no name",
			line:   "| `kid` that is `null` | as if it were not there | refused (`Malformed`) |",
			explains: func(_ context.Context, p *pair) bool {
				return p.head.get("kid") == "null" && p.says(`header: "kid": not a string`)
			},
		},
	}
}

// explanation returns the deviation that a difference comes of, or nil.
func (p *pair) explanation(ctx context.Context) *deviation {
	for _, d := range deviations() {
		if (d.accepts || p.ours.class != accepted) && d.explains(ctx, p) {
			return &d
		}
	}
	return nil
}

// Users are told of every deviation.
func TestDeviationsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/differences.md")
	require.NoError(t, err)
	for _, d := range deviations() {
		if !strings.Contains(string(text), d.line) {
			t.Errorf("%s: docs/differences.md does not have\n%s", d.name, d.line)
		}
	}
}
