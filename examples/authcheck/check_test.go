package main

import (
	"cmp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
)

const (
	inLogin = login + " (jwt[0])"
	inCI    = ci + " (jwt[1])"
	inMail  = mail + " (jwt[2])"
)

// tokenRow is a token and the whole report on it.
type tokenRow struct {
	name   string
	alg    string // empty: RS256
	claims object
	header object
	args   []string
	code   int
	issuer string
	want   string
}

func (tt tokenRow) test(t *testing.T, issuer *authntest.Issuer) {
	token := issuer.Sign(cmp.Or(tt.alg, "RS256"), tt.claims, tt.header)
	code, out, log := check(t, "", append([]string{"-token", token}, tt.args...)...)
	require.Equal(t, reportOf(tt.issuer, tt.want), narrow(out))
	require.Equal(t, tt.code, code)
	require.Empty(t, log)
	for line := range strings.Lines(out) {
		require.NotRegexp(t, `[^\n\P{C}]`, line, "not to be printed")
	}
}

func TestTokens(t *testing.T) {
	issuer := newIssuer(t)
	for _, tt := range []tokenRow{
		{name: "by claims", claims: jane(object{"jti": "j1"}), issuer: inLogin, want: `
token | ok | -
good claims
claimMappings.username | ok | "oidc:jane"
claimMappings.groups | ok | "oidc:dev", "oidc:ops"
claimMappings.uid | ok | "42"
claimValidationRules[0] | ok | "example.com"

ACCEPTED, provided that the signature is good:
 | name | "oidc:jane"
 | uid | "42"
 | groups | "oidc:dev", "oidc:ops"
 | extra | authentication.kubernetes.io/credential-id: "JTI=j1"
`},
		{name: "by expressions", claims: build(object{"jti": "j2"}), issuer: inCI, want: `
token | ok | -
good claims
claimMappings.username.expression | ok | "ci:a/b"
claimMappings.groups.expression | ok | "core"
claimMappings.uid.expression | ok | "7"
claimMappings.extra[0].valueExpression | ok | "main"
claimValidationRules[0] | ok | true
userValidationRules[0] | ok | true

ACCEPTED, provided that the signature is good:
 | name | "ci:a/b"
 | uid | "7"
 | groups | "core"
 | extra | authentication.kubernetes.io/credential-id: "JTI=j2"
 | example.com/branch: "main"
`},
		{name: "by email, of which nothing is said", claims: object{"iss": mail, "aud": "api", "email": "j@x"}, issuer: inMail, want: `
token | ok | -
good claims
claimMappings.username | ok | "j@x"

ACCEPTED, provided that the signature is good:
 | name | "j@x"
 | uid | -
 | groups | -
 | extra | -
`},
		{name: "any type", claims: object{"iss": mail, "aud": "api", "email": "j@x", "email_verified": true}, header: object{"typ": "vc+jwt"}, args: []string{"-any-type"}, issuer: inMail, want: `
token | ok | -
good claims
claimMappings.username | ok | "j@x"

ACCEPTED, provided that the signature is good:
 | name | "j@x"
 | uid | -
 | groups | -
 | extra | -
`},
		{name: "another type", claims: object{"iss": mail, "aud": "api", "email": "j@x"}, header: object{"typ": "vc+jwt"}, code: refused, issuer: inMail, want: `
token | refused | Malformed: header: "typ": "vc+jwt": not one of ["JWT" "at+jwt"]
good claims
claimMappings.username | ok | "j@x"

REFUSED: token
`},
		{name: "algorithm that is not allowed", alg: "EdDSA", claims: object{"iss": mail, "aud": "api", "email": "j@x"}, code: refused, issuer: inMail, want: `
token | refused | WrongAlgorithm: "alg" "EdDSA": not one of ["RS256" "RS384" "RS512" "PS256" "PS384" "PS512" "ES256" "ES384" "ES512"]
good claims
claimMappings.username | ok | "j@x"

REFUSED: token
`},
		{name: "email not verified", claims: object{"iss": mail, "aud": "api", "email": "j@x", "email_verified": false}, code: refused, issuer: inMail, want: `
token | ok | -
good claims
claimMappings.username | refused | RuleFailed: claim "email_verified": false

REFUSED: claimMappings.username
`},
		{name: "missing claims and a wrong value", claims: jane(object{"sub": nil, "oid": nil, "groups": []any{1}, "hd": "evil.example"}), code: refused, issuer: inLogin, want: `
token | ok | -
good claims
claimMappings.username | refused | ClaimMissing: claim "sub": missing
claimMappings.groups | refused | ClaimMissing: claim "groups": item 0 of the list is not a string
claimMappings.uid | refused | ClaimMissing: claim "oid": missing
claimValidationRules[0] | refused | RuleFailed: claim "hd": is "evil.example", not "example.com"

REFUSED: claimMappings.username, claimMappings.groups, claimMappings.uid, claimValidationRules[0]
`},
		{name: "claim rule", claims: build(object{"run": 2}), code: refused, issuer: inCI, want: `
token | ok | -
good claims
claimMappings.username.expression | ok | "ci:a/b"
claimMappings.groups.expression | ok | "core"
claimMappings.uid.expression | ok | "2"
claimMappings.extra[0].valueExpression | ok | "main"
claimValidationRules[0] | refused | RuleFailed: runs up to 3 are not trusted ("claims.run > 3" is false)
userValidationRules[0] | skipped | there is no user to check

REFUSED: claimValidationRules[0]
`},
		{name: "user rule", claims: build(object{"teams": "system:masters"}), code: refused, issuer: inCI, want: `
token | ok | -
good claims
claimMappings.username.expression | ok | "ci:a/b"
claimMappings.groups.expression | ok | "system:masters"
claimMappings.uid.expression | ok | "7"
claimMappings.extra[0].valueExpression | ok | "main"
claimValidationRules[0] | ok | true
userValidationRules[0] | refused | RuleFailed: no masters ("!('system:masters' in user.groups)" is false)

REFUSED: userValidationRules[0]
`},
		{name: "no user name for a terminal", claims: build(object{"repo": "a\x1b[2J\n"}), code: refused, issuer: inCI, want: `
token | ok | -
good claims
claimMappings.username.expression | refused | InvalidUser: the user name has the control character U+001B at byte 4
claimMappings.groups.expression | ok | "core"
claimMappings.uid.expression | ok | "7"
claimMappings.extra[0].valueExpression | ok | "main"
claimValidationRules[0] | ok | true
userValidationRules[0] | skipped | there is no user to check

REFUSED: claimMappings.username.expression
`},
		{name: "nor by a claim", claims: jane(object{"sub": "ja\u009b2Jne"}), code: refused, issuer: inLogin, want: `
token | ok | -
good claims
claimMappings.username | refused | InvalidUser: the user name has the control character U+009B at byte 7
claimMappings.groups | ok | "oidc:dev", "oidc:ops"
claimMappings.uid | ok | "42"
claimValidationRules[0] | ok | "example.com"

REFUSED: claimMappings.username
`},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, issuer) })
	}
}

// TestMessage has a rule whose message would break the line and the terminal.
func TestMessage(t *testing.T) {
	path := write(t, entryOf+`{claim: sub, prefix: ''}}, claimValidationRules: [{expression: 'false', message: "not\n \u202ehere"}]}]`)
	code, out, log := try("", "-config", path, "-claims", `{"iss":"https://x.test"}`)
	require.Contains(t, out, "refused  RuleFailed: not  \uFFFDhere (\"false\" is false)\n")
	require.Equal(t, refused, code)
	require.Empty(t, log)
}
