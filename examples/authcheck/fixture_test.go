package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
)

type object = map[string]any

const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n"

// config has an entry by claims, one by expressions, one by email and one that is
// reached in a way of its own.
const config = head + `
jwt:
- issuer: {url: https://login.example.com, audiences: [api]}
  claimMappings:
    username: {claim: sub, prefix: 'oidc:'}
    groups: {claim: groups, prefix: 'oidc:'}
    uid: {claim: oid}
  claimValidationRules: [{claim: hd, requiredValue: example.com}]
- issuer: {url: https://ci.example.com, audiences: [api, ci], audienceMatchPolicy: MatchAny}
  claimMappings:
    username: {expression: "'ci:' + claims.repo"}
    groups: {expression: "claims.teams"}
    uid: {expression: "string(claims.run)"}
    extra: [{key: example.com/branch, valueExpression: "claims.branch"}]
  claimValidationRules: [{expression: 'claims.run > 3', message: runs up to 3 are not trusted}]
  userValidationRules: [{expression: "!('system:masters' in user.groups)", message: no masters}]
- issuer: {url: https://mail.example.com, audiences: [api]}
  claimMappings: {username: {claim: email, prefix: ''}}
- issuer: {url: https://far.example.com, audiences: [api], egressSelectorType: cluster}
  claimMappings: {username: {claim: sub, prefix: ''}}
- issuer: {url: https://accounts.google.com, audiences: [api]}
  claimMappings: {username: {claim: sub, prefix: 'google:'}}
`

const (
	login = "https://login.example.com"
	ci    = "https://ci.example.com"
	mail  = "https://mail.example.com"
	noon  = "2026-01-02T12:00:00Z"
)

// newIssuer returns one that mints tokens at noon and must not be asked.
func newIssuer(t *testing.T) *authntest.Issuer {
	issuer := authntest.NewIssuer(t)
	now, err := time.Parse(time.RFC3339, noon)
	require.NoError(t, err)
	issuer.SetNow(func() time.Time { return now })
	t.Cleanup(func() { require.Zero(t, issuer.KeyFetches()+issuer.Discoveries(), "the issuer was asked") })
	return issuer
}

// with returns the claims of a with those of b laid over them.
func with(a, b object) object {
	c := object{}
	for _, from := range []object{a, b} {
		for name, value := range from {
			c[name] = value
		}
	}
	return c
}

func jane(more object) object {
	return with(object{"iss": login, "aud": "api", "sub": "jane", "groups": []string{"dev", "ops"}, "oid": "42", "hd": "example.com"}, more)
}

func build(more object) object {
	return with(object{"iss": ci, "aud": []string{"x", "ci"}, "repo": "a/b", "teams": []string{"core"}, "run": 7, "branch": "main"}, more)
}

func write(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// check runs the program with config, at noon.
func check(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	return try(stdin, append([]string{"-config", write(t, config), "-now", noon}, args...)...)
}

func try(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, log bytes.Buffer
	code = run(args, strings.NewReader(stdin), &out, &log)
	return code, out.String(), log.String()
}

// narrow makes the columns of a report as narrow as can be.
func narrow(out string) string {
	return regexp.MustCompile(` {2,}`).ReplaceAllString(out, " | ")
}

const (
	dryToken  = ": this is a dry run"
	dryClaims = ", nor the form of the token: there are only its claims"
)

const (
	expOK   = "exp | ok | 2026-01-02T13:00:00Z (1767358800)\n"
	iatOK   = "iat | ok | 2026-01-02T12:00:00Z (1767355200)\n"
	timesOK = expOK + iatOK
)

// goodClaims is what narrow makes of the steps on the claims of a token of an
// entry that has nothing wrong with these.
var goodClaims = map[string]string{
	inLogin: `iss | ok | "https://login.example.com"` + "\n" + `aud | ok | "api"` + "\n" + timesOK,
	inCI:    `iss | ok | "https://ci.example.com"` + "\n" + `aud | ok | "x", "ci"` + "\n" + timesOK,
	inMail:  `iss | ok | "https://mail.example.com"` + "\n" + `aud | ok | "api"` + "\n" + timesOK,
}

// reportOf is what narrow makes of a report on a token of an entry. The line "good
// claims" stands for the lines of goodClaims.
func reportOf(entry, rest string) string {
	rest = strings.Replace(rest, "good claims\n", goodClaims[entry], 1)
	return "issuer | " + entry + "\nsignature | NOT verified" + dryToken + "\ntime | " + noon +
		"\n\nSTEP | VERDICT | VALUE OR REASON\n" + strings.TrimPrefix(rest, "\n")
}
