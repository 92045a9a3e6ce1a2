package authconfig_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// lines tells a report: the path of each step, and what came of it.
func lines(steps []step) []string {
	var all []string
	for _, s := range steps {
		switch {
		case s.Skipped:
			all = append(all, s.Path+" skipped")
		case s.Err != nil:
			all = append(all, s.Path+" "+string(authn.ReasonOf(s.Err)))
		default:
			all = append(all, s.Path+" ok")
		}
	}
	return all
}

func TestCheck(t *testing.T) {
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
	r := a.Check(t.Context(), token)
	require.True(t, r.Accepted)
	require.Equal(t, 1, r.Index)
	require.Equal(t, i.URL(), r.Issuer)
	require.Equal(t, &info{Name: "jane@x", UID: "1", Groups: []string{"o:g"}, Extra: map[string][]string{"example.com/a": {"b"}}}, r.User)
	require.Equal(t, []string{
		"token ok", "claims ok", "claimMappings.username.expression ok", "claimMappings.groups ok", "claimMappings.uid ok",
		"claimMappings.extra[0].valueExpression ok", "claimValidationRules[0] ok", "claimValidationRules[1] ok", "userValidationRules[0] ok",
	}, lines(r.Steps))
	require.Equal(t, "jane@x", r.Steps[2].Value)
	require.Equal(t, true, r.Steps[8].Value)

	// All that is wrong at once.
	r = a.Check(t.Context(), i.Sign("EdDSA", claims(object{"aud": "b", "exp": 1, "n": 3, "hd": "y", "groups": 1}), nil))
	require.False(t, r.Accepted)
	require.Nil(t, r.User)
	require.Equal(t, []string{
		"token WrongAlgorithm", "claims WrongAudience", "claims Expired", "claimMappings.username.expression ok", "claimMappings.groups ClaimMissing", "claimMappings.uid ClaimMissing",
		"claimMappings.extra[0].valueExpression ClaimMissing", "claimValidationRules[0] RuleFailed", "claimValidationRules[1] RuleFailed", "userValidationRules[0] skipped",
	}, lines(r.Steps))
	require.EqualError(t, r.Steps[8].Err, `claimValidationRules[1]: more ("claims.n > 3" is false)`)

	// By claims.
	r, err := a.CheckClaims(t.Context(), `{"iss":"`+i.URL()+`","aud":"api","exp":9999999999,"sub":"joe","oid":"1","a":"","hd":"x","n":4}`)
	require.NoError(t, err)
	require.Equal(t, "userValidationRules[0] RuleFailed", lines(r.Steps)[len(r.Steps)-1])
	_, err = a.CheckClaims(t.Context(), `[]`)
	require.EqualError(t, err, "authconfig: jwt: payload: not a JSON object")
}

func TestCheckOfNobody(t *testing.T) {
	i := authntest.NewIssuer(t)
	a := parse(t, config(entry(i, byGroups)), nil)
	for token, want := range map[string]string{
		"x":                                     "the issuer of the token cannot be read",
		i.Token(object{"iss": "https://other"}): `no entry is for issuer "https://other"`,
		i.Token(object{"iss": i.URL() + "/"}):   `no entry is for issuer "` + i.URL() + `/"; "` + i.URL() + `" differs from it in case or in the slash at the end`,
	} {
		r := a.Check(t.Context(), token)
		require.Equal(t, -1, r.Index)
		require.Len(t, r.Steps, 1)
		require.Equal(t, authn.UntrustedIssuer, authn.ReasonOf(r.Steps[0].Err))
		require.EqualError(t, r.Steps[0].Err, want)
	}
	r := a.Check(t.Context(), i.Token(elsewhere(i.URL()+"/claims")))
	require.Contains(t, lines(r.Steps), "distributed claims skipped")
	require.True(t, r.Accepted)
}

// A broken token of a known issuer is told apart from one of nobody.
func TestCheckMalformed(t *testing.T) {
	i := authntest.NewIssuer(t)
	a := parse(t, config(entry(i, bySub)), nil)
	token := i.Token(claims(nil))
	r := a.Check(t.Context(), token[:strings.LastIndexByte(token, '.')]+".!")
	require.Equal(t, []string{"token Malformed", "claims ok", "claimMappings.username ok"}, lines(r.Steps))
	require.False(t, r.Accepted)
}
