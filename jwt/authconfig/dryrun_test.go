package authconfig_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// lines tells a report: the path of each step, and what came of it.
func lines(steps []step) []string {
	var all []string
	for _, s := range steps {
		switch {
		case s.Skipped != "":
			all = append(all, s.Path+" skipped")
		case s.Err != nil:
			all = append(all, s.Path+" "+string(authn.ReasonOf(s.Err)))
		default:
			all = append(all, s.Path+" ok")
		}
	}
	return all
}

func TestDryRun(t *testing.T) {
	i := authntest.NewIssuer(t)
	i.Stop() // nobody is asked
	a := parse(t, config(entry(authntest.NewIssuer(t), bySub), entry(i, `
claimMappings:
  username: {expression: "claims.sub + '@x'"}
  groups: {claim: groups, prefix: 'o:'}
  uid: {claim: oid}
  extra: [{key: example.com/a, valueExpression: "claims.a"}]
claimValidationRules: [{claim: hd, requiredValue: x}, {expression: "claims.n > 3", message: more}]
userValidationRules: [{expression: "user.username != 'joe@x'"}]`)), nil)
	all := object{"groups": "g", "oid": "1", "a": []string{"b"}, "hd": "x", "n": 4}
	token := i.Token(claims(all))
	r := a.DryRun(t.Context(), token)
	require.True(t, r.Accepted)
	require.Equal(t, 1, r.Index)
	require.Equal(t, i.URL(), r.Issuer)
	require.Equal(t, &info{Name: "jane@x", UID: "1", Groups: []string{"o:g"}, Extra: map[string][]string{"example.com/a": {"b"}}}, r.User)
	require.Equal(t, []string{
		"token ok", "iss ok", "aud ok", "exp ok", "iat ok", "claimMappings.username.expression ok", "claimMappings.groups ok", "claimMappings.uid ok",
		"claimMappings.extra[0].valueExpression ok", "claimValidationRules[0] ok", "claimValidationRules[1] ok", "userValidationRules[0] ok",
	}, lines(r.Steps))
	require.Equal(t, "api", r.Steps[2].Value)
	require.Equal(t, "jane@x", r.Steps[5].Value)
	require.Equal(t, true, r.Steps[11].Value)

	// All that is wrong at once.
	r = a.DryRun(t.Context(), i.Sign("EdDSA", claims(object{"aud": "b", "exp": 1, "n": 3, "hd": "y", "groups": 1}), nil))
	require.False(t, r.Accepted)
	require.Nil(t, r.User)
	require.Equal(t, []string{
		"token WrongAlgorithm", "iss ok", "aud WrongAudience", "exp Expired", "iat ok", "claimMappings.username.expression ok", "claimMappings.groups ClaimMissing", "claimMappings.uid ClaimMissing",
		"claimMappings.extra[0].valueExpression ClaimMissing", "claimValidationRules[0] RuleFailed", "claimValidationRules[1] RuleFailed", "userValidationRules[0] skipped",
	}, lines(r.Steps))
	require.EqualError(t, r.Steps[9].Err, `claim "hd": is "y", not "x"`)
	require.EqualError(t, r.Steps[10].Err, `more ("claims.n > 3" is false)`)
	require.Equal(t, false, r.Steps[10].Value)
	require.Nil(t, r.Steps[6].Value)

	// By claims.
	r, err := a.DryRunClaims(t.Context(), `{"iss":"`+i.URL()+`","aud":"api","exp":9999999999,"sub":"joe","oid":"1","a":"","hd":"x","n":4}`)
	require.NoError(t, err)
	require.Equal(t, "userValidationRules[0] RuleFailed", lines(r.Steps)[len(r.Steps)-1])
	_, err = a.DryRunClaims(t.Context(), `[]`)
	require.EqualError(t, err, "authconfig: jwt: payload: not a JSON object")
}

func TestDryRunOfNobody(t *testing.T) {
	i := authntest.NewIssuer(t)
	a := parse(t, config(entry(i, byGroups)), nil)
	for token, want := range map[string]string{
		i.Token(object{"iss": "https://other"}): `no entry is for "https://other"`,
		i.Token(object{"iss": i.URL() + "/"}):   `no entry is for "` + i.URL() + `/"; "` + i.URL() + `" differs from it in case or in the slash at the end`,
	} {
		r := a.DryRun(t.Context(), token)
		require.Equal(t, -1, r.Index)
		require.Len(t, r.Steps, 1)
		require.Equal(t, authn.UntrustedIssuer, authn.ReasonOf(r.Steps[0].Err))
		require.EqualError(t, r.Steps[0].Err, want)
	}
	r := a.DryRun(t.Context(), i.Token(object{"iss": strings.Repeat("x", 9000)}))
	require.Less(t, len(r.Steps[0].Err.Error()), 512)
}

// What can be said of claims that are elsewhere without asking for them is said.
func TestDryRunDistributed(t *testing.T) {
	i := authntest.NewIssuer(t)
	a := parse(t, config(entry(i, byGroups)), nil)
	look := func(a *authconfig.Authenticator, c object) (step, bool) {
		r := a.DryRun(t.Context(), i.Token(c))
		n := slices.IndexFunc(r.Steps, func(s step) bool { return s.Path == "distributed claims" || s.Path == "claims" })
		if n < 0 {
			return step{}, r.Accepted
		}
		return r.Steps[n], r.Accepted
	}
	s, ok := look(a, elsewhere(i.URL()+"/claims"))
	require.Equal(t, "the groups are had from "+i.URL()+"/claims, which is not asked", s.Skipped)
	require.True(t, ok)
	s, ok = look(a, elsewhere("https://example.com/claims"))
	require.EqualError(t, s.Err, `endpoint "https://example.com/claims": the host is neither the issuer's nor among DistributedClaims.Hosts`)
	require.False(t, ok)
	s, ok = look(a, claims(object{"_claim_names": object{"groups": "src"}}))
	require.EqualError(t, s.Err, `claim "_claim_names": "groups": source "src" is not in "_claim_sources"`)
	require.False(t, ok)
	s, ok = look(a, claims(object{"_claim_names": object{"team": "src"}, "_claim_sources": object{"src": object{}}}))
	require.Empty(t, s)
	require.True(t, ok)
	resolve := func(context.Context, jwt.Claims) ([]string, bool, error) { panic("asked") }
	a = parse(t, config(entry(i, byGroups)), &authconfig.Options{DistributedClaims: authconfig.DistributedClaims{Resolve: resolve}})
	s, ok = look(a, claims(nil))
	require.Equal(t, "the groups are had from DistributedClaims.Resolve, which is not asked", s.Skipped)
	require.True(t, ok)
}

// The dry run accepts nothing that would be refused, but for the signature.
func TestDryRunAgrees(t *testing.T) {
	i := authntest.NewIssuer(t)
	a := parse(t, config(entry(i, byGroups), "- issuer: {url: 'https://accounts.google.com', audiences: [api]}\n  "+bySub+"\n"), nil)
	for _, c := range []object{
		nil, {"sub": "j\x00"}, {"sub": ""}, {"sub": nil}, {"groups": 1}, {"groups": []any{"a", nil}}, {"aud": nil}, {"aud": []any{"api", 1}}, {"exp": "x"}, {"exp": nil},
		{"nbf": 9999999999.0}, {"iat": 9999999999.0}, {"_claim_names": object{"groups": "x"}}, {"jti": 1},
	} {
		token := i.Token(claims(c))
		_, ok, err := a.AuthenticateToken(t.Context(), token)
		require.Equal(t, ok, a.DryRun(t.Context(), token).Accepted, "%v: %v", c, err)
	}
	r, err := a.DryRunClaims(t.Context(), `{"iss":"accounts.google.com","aud":"api","exp":9999999999,"sub":"1"}`)
	require.NoError(t, err)
	require.True(t, r.Accepted)
	require.Equal(t, 1, r.Index)
}

func TestDryRunTooLong(t *testing.T) {
	i := authntest.NewIssuer(t)
	a := parse(t, config(entry(i, bySub)), &authconfig.Options{MaxToken: 300})
	r := a.DryRun(t.Context(), i.Token(claims(nil)))
	require.Equal(t, []string{"token Malformed"}, lines(r.Steps))
	require.Equal(t, -1, r.Index)
}

// A broken token of a known issuer is told apart from one of nobody.
func TestDryRunMalformed(t *testing.T) {
	i := authntest.NewIssuer(t)
	a := parse(t, config(entry(i, bySub)), nil)
	token := i.Token(claims(nil))
	r := a.DryRun(t.Context(), token[:strings.LastIndexByte(token, '.')]+".!")
	require.Equal(t, []string{"token Malformed", "iss ok", "aud ok", "exp ok", "iat ok", "claimMappings.username ok"}, lines(r.Steps))
	r = a.DryRun(t.Context(), "a.b.c")
	require.Equal(t, []string{"token Malformed"}, lines(r.Steps))
	require.EqualError(t, r.Steps[0].Err, "payload: not base64url without padding")
	require.False(t, r.Accepted)
}
