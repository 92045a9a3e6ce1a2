package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestClaims has the steps on the claims by which a token is refused whoever it
// names.
func TestClaims(t *testing.T) {
	issuer := newIssuer(t)
	mailOf := func(more object) object { return with(object{"iss": mail, "aud": "api", "email": "j@x"}, more) }
	many := []string{strings.Repeat("a", 90), strings.Repeat("b", 90), "c", "d"}
	name198 := strings.Repeat("é", 198)
	for _, tt := range []tokenRow{
		{name: "wrong audience and expired", claims: jane(object{"aud": "payroll", "exp": 1767352000}), code: refused, issuer: inLogin, want: `
token | ok | -
iss | ok | "https://login.example.com"
aud | refused | WrongAudience: the token is for "payroll", not for any of ["api"]
exp | refused | Expired: expired 53m20s ago (exp 2026-01-02T11:06:40Z) (it is 1767352000)
` + iatOK + `claimMappings.username | ok | "oidc:jane"
claimMappings.groups | ok | "oidc:dev", "oidc:ops"
claimMappings.uid | ok | "42"
claimValidationRules[0] | ok | "example.com"

REFUSED: aud, exp
`},
		{name: "not yet valid", claims: object{"iss": mail, "aud": "api", "email": "j@x", "nbf": 1767356000}, code: refused, issuer: inMail, want: `
token | ok | -
iss | ok | "https://mail.example.com"
aud | ok | "api"
` + expOK + `nbf | refused | NotYetValid: valid in 13m20s (nbf 2026-01-02T12:13:20Z) (it is 1767356000)
` + iatOK + `claimMappings.username | ok | "j@x"

REFUSED: nbf
`},
		{name: "not yet valid and expired", claims: mailOf(object{"nbf": 1767356000, "exp": 1767352000, "iat": nil}), code: refused, issuer: inMail, want: `
token | ok | -
iss | ok | "https://mail.example.com"
aud | ok | "api"
exp | refused | Expired: expired 53m20s ago (exp 2026-01-02T11:06:40Z) (it is 1767352000)
nbf | refused | NotYetValid: valid in 13m20s (nbf 2026-01-02T12:13:20Z) (it is 1767356000)
claimMappings.username | ok | "j@x"

REFUSED: exp, nbf
`},
		{name: "other types", claims: mailOf(object{"aud": []any{"api\u202e", object{"<a>": nil}}, "exp": true, "nbf": "soon", "iat": []any{}}), code: refused, issuer: inMail, want: `
token | ok | -
iss | ok | "https://mail.example.com"
aud | refused | WrongAudience: claim "aud": item 1 of the list is not a string (it is ["api\u202e",{"<a>":null}])
exp | refused | ClaimMissing: claim "exp": not a number (it is true)
nbf | refused | ClaimMissing: claim "nbf": not a number (it is "soon")
iat | refused | ClaimMissing: claim "iat": not a number (it is [])
claimMappings.username | ok | "j@x"

REFUSED: aud, exp, nbf, iat
`},
		{name: "missing", claims: mailOf(object{"aud": nil, "exp": nil, "iat": nil}), code: refused, issuer: inMail, want: `
token | ok | -
iss | ok | "https://mail.example.com"
aud | refused | WrongAudience: claim "aud": missing
exp | refused | ClaimMissing: claim "exp": missing
claimMappings.username | ok | "j@x"

REFUSED: aud, exp
`},
		{name: "no dates", claims: mailOf(object{"exp": 1e18, "nbf": -1, "iat": 0.5}), issuer: inMail, want: `
token | ok | -
iss | ok | "https://mail.example.com"
aud | ok | "api"
exp | ok | 1000000000000000000
nbf | ok | -1
iat | ok | 1970-01-01T00:00:00Z (0.5)
claimMappings.username | ok | "j@x"

ACCEPTED, provided that the signature is good:
 | name | "j@x"
 | uid | -
 | groups | -
 | extra | -
`},
		{name: "long", claims: mailOf(object{"aud": append([]string{"api"}, many...), "email": name198}), issuer: inMail, want: `
token | ok | -
iss | ok | "https://mail.example.com"
aud | ok | "api", "` + many[0] + `", "` + many[1] + `", "c",…
` + timesOK + `claimMappings.username | ok | "` + name198 + `"

ACCEPTED, provided that the signature is good:
 | name | "` + name198 + `"
 | uid | -
 | groups | -
 | extra | -
`},
		{name: "longer", claims: mailOf(object{"email": name198 + "b"}), issuer: inMail, want: `
token | ok | -
good claims
claimMappings.username | ok | "` + name198 + `…

ACCEPTED, provided that the signature is good:
 | name | "` + name198 + `b"
 | uid | -
 | groups | -
 | extra | -
`},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, issuer) })
	}
}

// TestDistributed has tokens whose groups are elsewhere.
func TestDistributed(t *testing.T) {
	issuer := newIssuer(t)
	at := func(sources any) object {
		return jane(object{"groups": nil, "_claim_names": object{"groups": "g"}, "_claim_sources": sources})
	}
	const others = `claimMappings.username | ok | "oidc:jane"
claimMappings.groups | ok | -
claimMappings.uid | ok | "42"
claimValidationRules[0] | ok | "example.com"
`
	const refusal = "token | ok | -\ngood claims\ndistributed claims | refused | "
	const end = "\n" + others + "\nREFUSED: distributed claims\n"
	const nowhere = "token | ok | -\ngood claims\nclaims | refused | ClaimMissing: claim \"_claim_names\": \"groups\": source \"g\" is not in \"_claim_sources\"\n" + others + "\nREFUSED: claims\n"
	for _, tt := range []tokenRow{
		{name: "may be asked", claims: at(object{"g": object{"endpoint": "https://login.example.com/groups"}}), issuer: inLogin, want: `
token | ok | -
good claims
distributed claims | skipped | the groups are had from https://login.example.com/groups, which is not asked
` + others + `
ACCEPTED, provided that the signature is good, and what was skipped:
 | name | "oidc:jane"
 | uid | "42"
 | groups | -
 | extra | -
`},
		{name: "no sources", claims: at(nil), code: refused, issuer: inLogin, want: nowhere},
		{name: "no such source", claims: at(object{"h": object{}}), code: refused, issuer: inLogin, want: nowhere},
		{name: "another host, allowed", args: []string{"-distributed-host", "elsewhere.example.com"}, claims: at(object{"g": object{"endpoint": "https://elsewhere.example.com/groups"}}), issuer: inLogin, want: `
token | ok | -
good claims
distributed claims | skipped | the groups are had from https://elsewhere.example.com/groups, which is not asked
` + others + `
ACCEPTED, provided that the signature is good, and what was skipped:
 | name | "oidc:jane"
 | uid | "42"
 | groups | -
 | extra | -
`},
		{name: "another host", claims: at(object{"g": object{"endpoint": "https://elsewhere.example.com/groups"}}), code: refused, issuer: inLogin, want: refusal + `RuleFailed: endpoint "https://elsewhere.example.com/groups": the host is neither the issuer's nor among DistributedClaims.Hosts` + end},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, issuer) })
	}
}

// TestGoogle has the issuer that leaves the scheme out.
func TestGoogle(t *testing.T) {
	code, out, log := check(t, "", "-claims", `{"iss":"accounts.google.com","aud":"api","exp":1767358800,"sub":"1"}`)
	require.Equal(t, strings.Replace(reportOf("https://accounts.google.com (jwt[4])", `
iss | ok | "accounts.google.com"
aud | ok | "api"
`+expOK+`claimMappings.username | ok | "google:1"

ACCEPTED, provided that the signature is good:
 | name | "google:1"
 | uid | -
 | groups | -
 | extra | -
`), dryToken, dryClaims, 1), narrow(out))
	require.Equal(t, accepted, code)
	require.Empty(t, log)
}
