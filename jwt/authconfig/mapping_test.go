package authconfig_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

type info = user.DefaultInfo

// TestMappings has a row for each thing that an entry can say about users.
func TestMappings(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	null := json.RawMessage("null")
	const username = "claimMappings:\n  username: "
	tests := []struct {
		name   string
		entry  string
		claims object
		want   info         // if reason is empty
		reason authn.Reason // else
		text   string
	}{
		{name: "claim", entry: bySub, want: info{Name: "jane"}},
		{name: "claim with a prefix", entry: username + "{claim: sub, prefix: 'oidc:'}", want: info{Name: "oidc:jane"}},
		{name: "claim missing", entry: username + "{claim: name, prefix: ''}", reason: authn.ClaimMissing, text: `claimMappings.username: claim "name": missing`},
		{name: "email", entry: username + "{claim: email, prefix: ''}", claims: object{"email": "j@x"}, want: info{Name: "j@x"}},
		{name: "email not verified", entry: username + "{claim: email, prefix: ''}", claims: object{"email": "j@x", "email_verified": false}, reason: authn.RuleFailed, text: `claimMappings.username: claim "email_verified": false`},
		{name: "expression", entry: username + `{expression: "claims.sub + '@' + claims.dept"}`, claims: object{"dept": "eng"}, want: info{Name: "jane@eng"}},
		{name: "expression, missing claim", entry: username + `{expression: "claims.dept"}`, reason: authn.ClaimMissing, text: `claimMappings.username.expression: no such key: dept`},
		{name: "expression, a number", entry: username + `{expression: "claims.n"}`, claims: object{"n": 1}, reason: authn.ClaimMissing, text: `claimMappings.username.expression: the expression must return a string`},
		{name: "expression, empty", entry: username + `{expression: "claims.e"}`, claims: object{"e": ""}, reason: authn.InvalidUser, text: `claimMappings.username.expression: the user name is empty`},
		{name: "expression, NUL", entry: username + `{expression: "claims.e"}`, claims: object{"e": "a\x00"}, reason: authn.InvalidUser, text: `the user name has the control character U+0000 at byte 1`},
		{name: "expression, null", entry: username + `{expression: "claims.e"}`, claims: object{"e": null}, reason: authn.ClaimMissing, text: `the expression must return a string`},
		{name: "expression, email", entry: username + `{expression: "claims.email_verified ? claims.email : ''"}`, claims: object{"email": "j@x", "email_verified": true}, want: info{Name: "j@x"}},
		{name: "groups", entry: bySub[:len(bySub)-1] + ", groups: {claim: g, prefix: 'o:'}}", claims: object{"g": []string{"a", "b"}}, want: info{Name: "jane", Groups: []string{"o:a", "o:b"}}},
		{name: "groups, one", entry: bySub[:len(bySub)-1] + ", groups: {claim: g, prefix: ''}}", claims: object{"g": "a"}, want: info{Name: "jane", Groups: []string{"a"}}},
		{name: "groups missing", entry: bySub[:len(bySub)-1] + ", groups: {claim: g, prefix: ''}}", want: info{Name: "jane"}},
		{name: "groups, numbers", entry: bySub[:len(bySub)-1] + ", groups: {claim: g, prefix: ''}}", claims: object{"g": []int{1}}, reason: authn.ClaimMissing, text: `claimMappings.groups: claim "g": item 0 of the list is not a string`},
		{name: "groups by expression", entry: bySub[:len(bySub)-1] + `, groups: {expression: "claims.g"}}`, claims: object{"g": []string{"a", "", "b"}}, want: info{Name: "jane", Groups: []string{"a", "b"}}},
		{name: "groups by expression, null", entry: bySub[:len(bySub)-1] + `, groups: {expression: "claims.g"}}`, claims: object{"g": null}, want: info{Name: "jane"}},
		{name: "groups by expression, a string", entry: bySub[:len(bySub)-1] + `, groups: {expression: "claims.g"}}`, claims: object{"g": "a"}, want: info{Name: "jane", Groups: []string{"a"}}},
		{name: "groups by expression, empty", entry: bySub[:len(bySub)-1] + `, groups: {expression: "claims.g"}}`, claims: object{"g": []string{}}, want: info{Name: "jane"}},
		{name: "groups by expression, null in it", entry: bySub[:len(bySub)-1] + `, groups: {expression: "claims.g"}}`, claims: object{"g": []any{"a", nil}}, reason: authn.ClaimMissing, text: `claimMappings.groups.expression: the expression must return a string or a list of strings`},
		{name: "groups by expression, split", entry: bySub[:len(bySub)-1] + `, groups: {expression: "claims.g.split(',')"}}`, claims: object{"g": "a,b"}, reason: authn.ClaimMissing, text: `which what split and findAll return is not to kube-apiserver; .map(x, x) after it makes it one`},
		{name: "groups by expression, split and mapped", entry: bySub[:len(bySub)-1] + `, groups: {expression: "claims.g.split(',').map(x, x)"}}`, claims: object{"g": "a,b"}, want: info{Name: "jane", Groups: []string{"a", "b"}}},
		{name: "sub that nobody looks at", entry: username + "{claim: name, prefix: ''}", claims: object{"sub": 1, "name": "j"}, reason: authn.ClaimMissing, text: `claim "sub": json: cannot unmarshal number into Go value of type string`},
		{name: "nonce", entry: bySub, claims: object{"nonce": []string{}}, reason: authn.ClaimMissing, text: `claim "nonce": json: cannot unmarshal array into Go value of type string`},
		{name: "groups by expression, made", entry: bySub[:len(bySub)-1] + `, groups: {expression: "[string(claims.a), 'b']"}}`, claims: object{"a": "x"}, want: info{Name: "jane", Groups: []string{"x", "b"}}},
		{name: "uid", entry: bySub[:len(bySub)-1] + ", uid: {claim: oid}}", claims: object{"oid": "1"}, want: info{Name: "jane", UID: "1"}},
		{name: "uid missing", entry: bySub[:len(bySub)-1] + ", uid: {claim: oid}}", reason: authn.ClaimMissing, text: `claimMappings.uid: claim "oid": missing`},
		{name: "uid by expression", entry: bySub[:len(bySub)-1] + `, uid: {expression: "claims.oid + '!'"}}`, claims: object{"oid": "1"}, want: info{Name: "jane", UID: "1!"}},
		{name: "extra", entry: bySub[:len(bySub)-1] + `, extra: [{key: example.com/a, valueExpression: "claims.a"}, {key: example.com/b, valueExpression: "claims.b"}]}`, claims: object{"a": []string{"x", "y"}, "b": ""}, want: info{Name: "jane", Extra: map[string][]string{"example.com/a": {"x", "y"}}}},
		{name: "extra fails", entry: bySub[:len(bySub)-1] + `, extra: [{key: example.com/a, valueExpression: "claims.a"}, {key: example.com/b, valueExpression: "claims.b"}]}`, claims: object{"a": []string{"x", "y"}}, reason: authn.ClaimMissing, text: `claimMappings.extra[1].valueExpression: no such key: b`},
		{name: "jti", entry: bySub, claims: object{"jti": "42"}, want: info{Name: "jane", Extra: map[string][]string{user.CredentialIDKey: {"JTI=42"}}}},
		{name: "jti seen by user rules", entry: bySub + `
userValidationRules: [{expression: "user.extra['authentication.kubernetes.io/credential-id'][0] == 'JTI=42'"}]`, claims: object{"jti": "42"}, want: info{Name: "jane", Extra: map[string][]string{user.CredentialIDKey: {"JTI=42"}}}},
		{name: "escaped names", entry: username + `{expression: "claims.a__dot__b.c__dash__d + claims.list[0].e__slash__f"}`, claims: object{"a.b": object{"c-d": "x"}, "list": []any{object{"e/f": "y"}}}, want: info{Name: "xy"}},
		{name: "required claim", entry: bySub + "\nclaimValidationRules: [{claim: hd, requiredValue: x}]", claims: object{"hd": "x"}, want: info{Name: "jane"}},
		{name: "required claim, another", entry: bySub + "\nclaimValidationRules: [{claim: hd, requiredValue: x}]", claims: object{"hd": "y"}, reason: authn.RuleFailed, text: `claimValidationRules[0]: claim "hd": is "y", not "x"`},
		{name: "required claim missing", entry: bySub + "\nclaimValidationRules: [{claim: hd, requiredValue: x}]", reason: authn.RuleFailed, text: `claimValidationRules[0]: claim "hd": missing`},
		{name: "claim rule", entry: bySub + "\nclaimValidationRules: [{expression: 'claims.n > 3', message: more than 3}]", claims: object{"n": 4}, want: info{Name: "jane"}},
		{name: "claim rule, false", entry: bySub + "\nclaimValidationRules: [{expression: 'claims.n > 3', message: more than 3}]", claims: object{"n": 3}, reason: authn.RuleFailed, text: `claimValidationRules[0]: more than 3 ("claims.n > 3" is false)`},
		{name: "claim rule, wrong type", entry: bySub + "\nclaimValidationRules: [{expression: 'claims.n > 3'}]", claims: object{"n": "3"}, reason: authn.RuleFailed, text: `claimValidationRules[0]: no such overload`},
		{name: "user rule", entry: bySub + "\nuserValidationRules: [{expression: \"!user.username.startsWith('system:')\", message: no system}]", want: info{Name: "jane"}},
		{name: "user rule, false", entry: bySub + "\nuserValidationRules: [{expression: \"!user.username.startsWith('system:')\", message: no system}]", claims: object{"sub": "system:admin"}, reason: authn.RuleFailed, text: `userValidationRules[0]: no system ("!user.username.startsWith('system:')" is false)`},
		{name: "user rule over groups", entry: bySub[:len(bySub)-1] + ", groups: {claim: g, prefix: ''}}\nuserValidationRules: [{expression: \"user.groups.all(g, g != 'root')\"}]", claims: object{"g": []string{"root"}}, reason: authn.RuleFailed, text: `userValidationRules[0]: not so ("user.groups.all(g, g != 'root')" is false)`},
		{name: "audience", entry: bySub, claims: object{"aud": "b"}, reason: authn.WrongAudience, text: `the token is for "b", not for any of ["api"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := parse(t, config(entry(issuer, tt.entry)), nil)
			token := issuer.Token(claims(tt.claims))
			if tt.reason == "" {
				requireUser(t, a, token, tt.want)
			} else {
				requireRefused(t, a, token, tt.reason, tt.text)
			}
		})
	}
	require.NoError(t, parse(t, config(entry(issuer, bySub)), nil).Preload(t.Context()))
}
