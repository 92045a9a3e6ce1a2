package awsauth_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/eks"
	"github.com/authnchain/authnchain/bearer/eks/awsauth"
)

// What is taken maps nobody to a user without a name, and by nothing but what it says.
func FuzzMappings(f *testing.F) {
	all := good()
	f.Add(all["mapRoles"], all["mapUsers"], all["mapAccounts"])
	f.Add("", "[]", "null")
	f.Add("- rolearn: arn:aws:iam::111122223333:role/Admin\n  username: '{{SessionName}}'", "", "")
	f.Add("- &a {rolearn: x}\n- *a", "x", "- 1")
	f.Add("[{rolearn: 'arn:aws:iam::111122223333:role/*', username: '{{', groups: [{}, []]}]", "---\n---", "- 0x1")
	f.Fuzz(func(t *testing.T, roles, users, accounts string) {
		m, err := awsauth.New(map[string]string{"mapRoles": roles, "mapUsers": users, "mapAccounts": accounts}, nil)
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		for _, id := range []eks.Identity{session("Admin", "jane"), joe, person("arn:aws:iam::111122223333:user/division/Bob", "111122223333")} {
			u, err := m.User(t.Context(), id)
			if err != nil {
				require.Contains(t, []authn.Reason{authn.RuleFailed}, authn.ReasonOf(err))
				continue
			}
			require.NoError(t, authn.CheckName(u.GetName()))
			require.True(t, strings.Contains(accounts, id.Account) || strings.TrimSpace(roles+users) != "", "%q", u.GetName())
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add(manifest(good()))
	f.Add([]byte(accounts))
	f.Add([]byte(`{"apiVersion":"v1","kind":"ConfigMap","data":{"mapAccounts":"[\"444455556666\"]"}}`))
	f.Add([]byte("apiVersion: v1\nkind: ConfigMap\ndata: &a {mapRoles: *a}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := awsauth.Parse(data, nil)
		if err != nil {
			require.Nil(t, m)
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.Contains(t, string(data), "ConfigMap")
		_, err = m.User(t.Context(), eks.Identity{})
		require.Error(t, err)
	})
}
