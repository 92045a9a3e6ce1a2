package awsauth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/eks"
	"github.com/authnchain/authnchain/bearer/eks/awsauth"
)

// data is of the forms that people write.
var data = map[string]string{
	"mapRoles": `
- rolearn: arn:aws:iam::111122223333:role/Node
  username: system:node:{{EC2PrivateDNSName}}
  groups:
    - system:bootstrappers
    - system:nodes
- roleARN: arn:aws:iam::111122223333:role/Admin
  username: admin:{{SessionName}}
  groups: [system:masters, "account:{{AccountID}}"]
- {rolearn: "ARN:aws:iam::111122223333:role/x", username: x}
`,
	"mapUsers": `[
  {"userarn": "arn:aws:iam::111122223333:user/division/Bob", "username": "bob", "groups": ["ops"]},
  {"userarn": "arn:aws:sts::111122223333:federated-user/Eve", "username": "eve:{{AccessKeyID}}", "groups": null}
]`,
	"mapAccounts": `
- "444455556666"
- 012345678901
- 777788889999
`,
}

func good() map[string]string {
	all := map[string]string{}
	for key, text := range data {
		all[key] = strings.Replace(text, `- {rolearn: "ARN:aws:iam::111122223333:role/x", username: x}`, `- {rolearn: arn:aws:iam::111122223333:role/Raw, username: "raw:{{SessionNameRaw}}:{{SessionNameRaw}}"}`, 1)
	}
	return all
}

func session(role, name string) eks.Identity {
	return eks.Identity{
		ARN: "arn:aws:sts::111122223333:assumed-role/" + role + "/" + name, CanonicalARN: "arn:aws:iam::111122223333:role/" + role,
		Account: "111122223333", UserID: "AROACKCEVSQ6C2EXAMPLE", SessionName: name, AccessKeyID: "ASIAIOSFODNN7EXAMPLE",
	}
}

func person(arn, account string) eks.Identity {
	return eks.Identity{ARN: arn, CanonicalARN: arn, Account: account, UserID: "AIDACKCEVSQ6C2EXAMPLE", AccessKeyID: "AKIAIOSFODNN7EXAMPLE"}
}

func instances(_ context.Context, id eks.Identity) (string, error) {
	switch id.SessionName {
	case "i-0123456789abcdef0":
		return "ip-10-0-0-1.eu-west-1.compute.internal", nil
	case "i-00000000":
		return "", errors.New("throttled")
	case "i-11111111":
		return "", authn.Errorf(authn.RuleFailed, "no such instance")
	}
	return "a b", nil
}

func TestUsers(t *testing.T) {
	m, err := awsauth.New(good(), &awsauth.Options{PrivateDNSName: instances})
	require.NoError(t, err)
	require.Equal(t, 8, m.Len())
	require.Empty(t, m.Warnings())
	const bob = "arn:aws:iam::111122223333:user/division/Bob"
	tests := map[string]struct {
		id     eks.Identity
		want   *user.DefaultInfo
		reason authn.Reason
		err    string
	}{
		"a node":                  {id: session("Node", "i-0123456789abcdef0"), want: &user.DefaultInfo{Name: "system:node:ip-10-0-0-1.eu-west-1.compute.internal", Groups: []string{"system:bootstrappers", "system:nodes"}}},
		"somebody as a node":      {id: session("Node", "jane"), reason: authn.RuleFailed, err: `awsauth: "arn:aws:iam::111122223333:role/Node": {{EC2PrivateDNSName}}: the session "jane" is not called after an instance`},
		"nearly an instance":      {id: session("Node", "i-0123456789abcdef"), reason: authn.RuleFailed, err: `awsauth: "arn:aws:iam::111122223333:role/Node": {{EC2PrivateDNSName}}: the session "i-0123456789abcdef" is not called after an instance`},
		"EC2 is down":             {id: session("Node", "i-00000000"), reason: authn.Unavailable, err: `awsauth: "arn:aws:iam::111122223333:role/Node": {{EC2PrivateDNSName}}: throttled`},
		"no such instance":        {id: session("Node", "i-11111111"), reason: authn.RuleFailed, err: `awsauth: "arn:aws:iam::111122223333:role/Node": {{EC2PrivateDNSName}}: no such instance`},
		"a bad name":              {id: session("Node", "i-22222222"), reason: authn.InvalidUser, err: `awsauth: "arn:aws:iam::111122223333:role/Node": {{EC2PrivateDNSName}}: "a b" is not the name of a host`},
		"a session":               {id: session("Admin", "jane@example.com"), want: &user.DefaultInfo{Name: "admin:jane-example.com", Groups: []string{"system:masters", "account:111122223333"}}},
		"a session as it is":      {id: session("Raw", "jane@example.com"), want: &user.DefaultInfo{Name: "raw:jane@example.com:jane@example.com"}},
		"a template in a session": {id: session("Raw", "{{AccessKeyID}}"), want: &user.DefaultInfo{Name: "raw:{{AccessKeyID}}:{{AccessKeyID}}"}},
		"another case":            {id: person(strings.ToUpper(bob), "111122223333"), want: &user.DefaultInfo{Name: "bob", Groups: []string{"ops"}}},
		"a user":                  {id: person(bob, "111122223333"), want: &user.DefaultInfo{Name: "bob", Groups: []string{"ops"}}},
		"a federated user":        {id: person("arn:aws:sts::111122223333:federated-user/Eve", "111122223333"), want: &user.DefaultInfo{Name: "eve:AKIAIOSFODNN7EXAMPLE"}},
		"by account":              {id: person("arn:aws:iam::444455556666:user/Joe", "444455556666"), want: &user.DefaultInfo{Name: "arn:aws:iam::444455556666:user/Joe"}},
		"by account, a number":    {id: person("arn:aws:iam::012345678901:root", "012345678901"), want: &user.DefaultInfo{Name: "arn:aws:iam::012345678901:root"}},
		"nobody":                  {id: person("arn:aws:iam::111122223333:user/Bob", "111122223333"), reason: authn.RuleFailed, err: `awsauth: "arn:aws:iam::111122223333:user/Bob" is not mapped, nor is its account`},
		"another account":         {id: person("arn:aws:iam::999900001111:user/division/Bob", "999900001111"), reason: authn.RuleFailed, err: `awsauth: "arn:aws:iam::999900001111:user/division/Bob" is not mapped, nor is its account`},
		"another partition":       {id: person("arn:aws-cn:iam::111122223333:user/division/Bob", "111122223333"), reason: authn.RuleFailed, err: `awsauth: "arn:aws-cn:iam::111122223333:user/division/Bob" is not mapped, nor is its account`},
		"a longer name":           {id: session("Administrator", "jane"), reason: authn.RuleFailed, err: `awsauth: "arn:aws:iam::111122223333:role/Administrator" is not mapped, nor is its account`},
		"nothing":                 {id: eks.Identity{}, reason: authn.RuleFailed, err: `awsauth: "" is not mapped, nor is its account`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			u, err := m.User(t.Context(), tt.id)
			if tt.err == "" {
				require.NoError(t, err)
				require.Equal(t, tt.want, u)
				return
			}
			require.Nil(t, u)
			require.EqualError(t, err, tt.err)
			require.Equal(t, tt.reason, authn.ReasonOf(err))
		})
	}
}

// Whoever cannot be asked about instances has no nodes.
func TestNoInstances(t *testing.T) {
	m, err := awsauth.New(good(), nil)
	require.NoError(t, err)
	_, err = m.User(t.Context(), session("Node", "i-0123456789abcdef0"))
	require.EqualError(t, err, `awsauth: "arn:aws:iam::111122223333:role/Node": {{EC2PrivateDNSName}}: needs Options.PrivateDNSName`)
	require.Equal(t, authn.RuleFailed, authn.ReasonOf(err))
}

// Nobody is mapped by what says nothing.
func TestEmpty(t *testing.T) {
	for _, data := range []map[string]string{nil, {}, {"mapRoles": ""}, {"mapRoles": "[]", "mapUsers": "\n", "mapAccounts": "null"}, {"mapRoles": `""`}, {"mapUsers": "# nobody\n"}} {
		m, err := awsauth.New(data, nil)
		require.NoError(t, err, data)
		require.Zero(t, m.Len())
		_, err = m.User(t.Context(), session("Admin", "jane"))
		require.Equal(t, authn.RuleFailed, authn.ReasonOf(err))
	}
}

func TestWarnings(t *testing.T) {
	m, err := awsauth.New(map[string]string{"mapRoles": "\n- rolearn: arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/Admin\n  username: admin\n"}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"mapRoles: line 2: rolearn: a role with a path, which matches nobody; leave the path out"}, m.Warnings())
	_, err = m.User(t.Context(), session("Admin", "jane"))
	require.Equal(t, authn.RuleFailed, authn.ReasonOf(err))
}

func TestBad(t *testing.T) {
	const (
		admin  = "- rolearn: arn:aws:iam::111122223333:role/Admin\n"
		bob    = "- userarn: arn:aws:iam::111122223333:user/Bob\n"
		named  = "  username: a\n"
		nobody = "not the ARN of a role, a user, an account's root, a federated user or a role's session"
	)
	tests := []struct{ name, list, text, err string }{
		{"not YAML", "mapRoles", "- a: [", "mapRoles: yaml: line 1: did not find expected node content"},
		{"not a list", "mapRoles", "rolearn: x", "mapRoles: line 1: not a list"},
		{"a text", "mapRoles", "x", "mapRoles: line 1: not a list"},
		{"two documents", "mapRoles", admin + named + "---\n" + admin + named, "mapRoles: more after the first document"},
		{"a list of texts", "mapRoles", "- x", "mapRoles: line 1: want fields and their values"},
		{"a null entry", "mapRoles", "-", "mapRoles: line 1: want fields and their values"},
		{"an unknown field", "mapRoles", admin + named + "  group: [a]\n", `mapRoles: line 3: unknown field "group"; want rolearn, username, groups`},
		{"a field of others", "mapUsers", bob + named + "  rolearn: x\n", `mapUsers: line 3: unknown field "rolearn"; want userarn, username, groups`},
		{"SSO", "mapRoles", "- sso: {permissionSetName: A, accountID: '111122223333'}\n" + named, `mapRoles: line 1: unknown field "sso"; want rolearn, username, groups; mapRoles: line 1: rolearn: required`},
		{"a field that is no text", "mapRoles", admin + named + "  7: a\n", `mapRoles: line 3: unknown field "7"; want rolearn, username, groups`},
		{"a field twice", "mapRoles", admin + named + "  username: b\n", "mapRoles: line 3: username: there twice"},
		{"a field twice, in two cases", "mapRoles", admin + "  roleARN: arn:aws:iam::111122223333:role/B\n" + named, "mapRoles: line 2: rolearn: there twice"},
		{"no ARN", "mapRoles", "- username: a\n", "mapRoles: line 1: rolearn: required"},
		{"a null ARN", "mapRoles", "- rolearn:\n" + named, "mapRoles: line 1: rolearn: required"},
		{"no name", "mapRoles", admin, "mapRoles: line 1: username: required"},
		{"an empty name", "mapRoles", admin + "  username: ''\n", "mapRoles: line 2: username: " + authn.CheckName("").Error()},
		{"a number for a name", "mapRoles", admin + "  username: 7\n", "mapRoles: line 2: username: not a text"},
		{"a list for a name", "mapRoles", admin + "  username: [a]\n", "mapRoles: line 2: username: not a text"},
		{"a line feed in a name", "mapRoles", admin + "  username: \"a\\nb\"\n", "mapRoles: line 2: username: " + authn.CheckName("a\nb").Error()},
		{"a group for groups", "mapRoles", admin + named + "  groups: a\n", "mapRoles: line 3: groups: not a list"},
		{"a number for a group", "mapRoles", admin + named + "  groups: [a, 7]\n", "mapRoles: line 3: groups: not a text"},
		{"an empty group", "mapRoles", admin + named + "  groups: [a, '']\n", "mapRoles: line 3: groups: " + authn.CheckName("").Error()},
		{"an unknown template", "mapRoles", admin + "  username: '{{Session}}'\n", `mapRoles: line 2: username: no variable is called "Session"`},
		{"a template with blanks", "mapRoles", admin + "  username: '{{ SessionName }}'\n", `mapRoles: line 2: username: no variable is called " SessionName "`},
		{"a template that does not end", "mapRoles", admin + "  username: '{{SessionName'\n", "mapRoles: line 2: username: {{ without }}"},
		{"a template in a template", "mapRoles", admin + "  username: '{{{{AccountID}}}}'\n", `mapRoles: line 2: username: no variable is called "{{AccountID"`},
		{"a user's session", "mapUsers", bob + "  username: '{{SessionName}}'\n", "mapUsers: line 2: username: {{SessionName}}: only roles have sessions"},
		{"a user's instance", "mapUsers", bob + named + "  groups: ['{{EC2PrivateDNSName}}']\n", "mapUsers: line 3: groups: {{EC2PrivateDNSName}}: only roles have sessions"},
		{"a session's ARN", "mapRoles", "- rolearn: arn:aws:sts::111122223333:assumed-role/Admin/jane\n" + named, "mapRoles: line 1: rolearn: of a session; want that of the role, arn:aws:iam::111122223333:role/Name"},
		{"a user in mapRoles", "mapRoles", "- rolearn: arn:aws:iam::111122223333:user/Bob\n" + named, "mapRoles: line 1: rolearn: not that of a role; users are in mapUsers"},
		{"a role in mapUsers", "mapUsers", "- userarn: arn:aws:iam::111122223333:role/Admin\n" + named, "mapUsers: line 1: userarn: that of a role; roles are in mapRoles"},
		{"a group's ARN", "mapUsers", "- userarn: arn:aws:iam::111122223333:group/Admins\n" + named, "mapUsers: line 1: userarn: " + nobody},
		{"a wildcard", "mapRoles", "- rolearn: arn:aws:iam::111122223333:role/*\n" + named, "mapRoles: line 1: rolearn: * and ? stand for nothing here"},
		{"another wildcard", "mapRoles", "- rolearn: arn:aws:iam::111122223333:role/Admi?\n" + named, "mapRoles: line 1: rolearn: * and ? stand for nothing here"},
		{"a wildcard for the account", "mapRoles", "- rolearn: arn:aws:iam::*:role/Admin\n" + named, "mapRoles: line 1: rolearn: * and ? stand for nothing here"},
		{"a blank in an ARN", "mapRoles", "- rolearn: 'arn:aws:iam::111122223333:role/Admin '\n" + named, "mapRoles: line 1: rolearn: " + nobody},
		{"an ARN twice", "mapRoles", admin + named + admin + "  username: b\n", "mapRoles: line 3: rolearn: there twice, with other names"},
		{"an ARN twice, in two cases", "mapRoles", admin + named + "- rolearn: arn:aws:iam::111122223333:role/admin\n" + named + "  groups: [a]\n", "mapRoles: line 3: rolearn: there twice, with other names"},
		{"an anchor", "mapRoles", "- &a\n  rolearn: arn:aws:iam::111122223333:role/Admin\n" + named, "mapRoles: line 1: anchors and aliases are not taken"},
		{"an alias", "mapRoles", admin + "  username: &a x\n  groups: [*a]\n", "mapRoles: line 2: anchors and aliases are not taken"},
		{"a merge", "mapRoles", admin + named + "  <<: {groups: [a]}\n", `mapRoles: line 3: unknown field "<<"; want rolearn, username, groups`},
		{"a short account", "mapAccounts", "- '11112222333'", "mapAccounts: line 1: not an account, which has twelve digits"},
		{"a number that loses its zeros", "mapAccounts", "- 12345678901", "mapAccounts: line 1: not an account, which has twelve digits"},
		{"an account's ARN", "mapAccounts", "- arn:aws:iam::111122223333:root", "mapAccounts: line 1: not an account, which has twelve digits"},
		{"any account", "mapAccounts", "- '*'", "mapAccounts: line 1: not an account, which has twelve digits"},
		{"accounts in a list", "mapAccounts", "- ['111122223333']", "mapAccounts: line 1: not an account, which has twelve digits"},
		{"an account in other digits", "mapAccounts", "- '11112222333٣'", "mapAccounts: line 1: not an account, which has twelve digits"},
		{"an unknown key", "mapGroups", "[]", `data: unknown key "mapGroups"; want mapRoles, mapUsers, mapAccounts`},
		{"a key in another case", "maproles", "[]", `data: unknown key "maproles"; want mapRoles, mapUsers, mapAccounts`},
		{"too long", "mapRoles", strings.Repeat("#", 2<<20+1), "mapRoles: more than 2097152 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := awsauth.New(map[string]string{tt.list: tt.text}, nil)
			require.EqualError(t, err, "awsauth: "+tt.err)
			require.Nil(t, m)
		})
	}
}

// The same twice is no contradiction; eksctl writes it.
func TestTwiceTheSame(t *testing.T) {
	entry := "- rolearn: arn:aws:iam::111122223333:role/Admin\n  username: a\n  groups: [b]\n"
	m, err := awsauth.New(map[string]string{"mapRoles": entry + entry, "mapAccounts": "['444455556666', '444455556666']"}, nil)
	require.NoError(t, err)
	require.Equal(t, 2, m.Len())
}

// All that is wrong is told at once, but not without end.
func TestAllProblems(t *testing.T) {
	_, err := awsauth.New(map[string]string{"mapAccounts": "[1, 2]", "mapRoles": "- username: a\n  groups: 7", "mapUsers": "x", "mapX": ""}, nil)
	require.EqualError(t, err, `awsauth: mapAccounts: line 1: not an account, which has twelve digits; mapAccounts: line 1: not an account, which has twelve digits; `+
		`mapRoles: line 2: groups: not a list; mapRoles: line 1: rolearn: required; mapUsers: line 1: not a list; data: unknown key "mapX"; want mapRoles, mapUsers, mapAccounts`)
	_, err = awsauth.New(map[string]string{"mapAccounts": strings.Repeat("- 1\n", 1000)}, nil)
	require.ErrorContains(t, err, "mapAccounts: line 20: not an account, which has twelve digits; and 980 more")
	require.Less(t, len(err.Error()), 2048)
}

func manifest(data map[string]string) []byte {
	text := "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\ndata:\n"
	for key, list := range data {
		text += fmt.Sprintf("  %s: |\n    %s\n", key, strings.ReplaceAll(strings.TrimLeft(list, "\n"), "\n", "\n    "))
	}
	return []byte(text)
}

func TestParse(t *testing.T) {
	m, err := awsauth.Parse(manifest(good()), nil)
	require.NoError(t, err)
	require.Equal(t, 8, m.Len())
	m, err = awsauth.Parse([]byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{},"immutable":true,"data":{"mapAccounts":"[\"444455556666\"]"}}`), nil)
	require.NoError(t, err)
	require.Equal(t, 1, m.Len())
	m, err = awsauth.Parse([]byte("apiVersion: v1\nkind: ConfigMap\n"), nil)
	require.NoError(t, err)
	require.Zero(t, m.Len())
	const head = "apiVersion: v1\nkind: ConfigMap\n"
	for text, want := range map[string]string{
		"":                                  "empty",
		"# nothing\n":                       "empty",
		"x":                                 "manifest: line 1: want fields and their values; manifest: line 1: apiVersion: required; manifest: line 1: kind: required",
		"apiVersion: v1\nkind: Secret\n":    "manifest: line 2: kind: want ConfigMap",
		"apiVersion: v2\nkind: ConfigMap\n": "manifest: line 1: apiVersion: want v1",
		"kind: ConfigMap\ndata: {}\n":       "manifest: line 1: apiVersion: required",
		head + "Data: {}\n":                 `manifest: line 3: unknown field "Data"; want apiVersion, kind, metadata, data, immutable`,
		head + "binaryData: {}\n":           `manifest: line 3: unknown field "binaryData"; want apiVersion, kind, metadata, data, immutable`,
		head + "data: []\n":                 "data: line 3: want fields and their values",
		head + "data: {maproles: ''}\n":     `data: line 3: unknown field "maproles"; want mapRoles, mapUsers, mapAccounts`,
		head + "data: {mapRoles: []}\n":     "data: line 3: mapRoles: not a text",
		head + "data: {mapRoles: '', mapRoles: '[]'}\n": "data: line 3: mapRoles: there twice",
		head + "data: {mapRoles: 'x'}\n":                "mapRoles: line 1: not a list",
		head + "---\n" + head:                           "more after the first document",
		string(manifest(good()))[:200]:                  `yaml: line 10: did not find expected key`,
	} {
		_, err := awsauth.Parse([]byte(text), nil)
		require.Error(t, err, text)
		if !strings.HasPrefix(want, "yaml:") {
			require.EqualError(t, err, "awsauth: "+want, text)
		}
	}
}
