package serviceaccount_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/validation"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

// FuzzClaims: whatever a cluster signs, the account has names that Kubernetes allows, and
// all that is looked up has a name and, but for the node of a pod, a uid.
func FuzzClaims(f *testing.F) {
	for _, private := range []object{
		nil, {"pod": ref("web-1", "pod-uid"), "node": object{"name": "n1"}}, {"secret": ref("s", "u"), "warnafter": 1.5}, {"node": ref("n1", "u")},
		{"validatingwebhookconfiguration": ref("v", "u"), "attestations": object{"admissionReviewAPIGroups": []string{"*"}}},
		{"namespace": "a:b"}, {"namespace": strings.Repeat("a", 300)}, {"namespace": strings.Repeat("a", 64)}, {"serviceaccount": ref("a..b", "u")}, {"pod": ref("../x", "u")}, {"warnafter": 1e300},
	} {
		f.Add(string(toJSON(f, bound(private))))
	}
	f.Add(`{"kubernetes.io":{"namespace":"a","namespace":"b","serviceaccount":{"name":"c","uid":"d"}}}`)
	f.Fuzz(func(t *testing.T, payload string) {
		claims, err := jwt.ParseClaims(payload)
		if err != nil {
			return
		}
		username, refs, err := serviceaccount.ReadBound(claims)
		if err != nil {
			require.Contains(t, []authn.Reason{authn.ClaimMissing, authn.Malformed}, authn.ReasonOf(err))
			require.LessOrEqual(t, len(err.Error()), 1024)
			return
		}
		require.NoError(t, authn.CheckName(username))
		require.Equal(t, 4, len(strings.Split(username, ":")))
		for i, r := range refs {
			if r.Name == "" {
				require.NotZero(t, i)
				require.Equal(t, serviceaccount.Reference{}, r)
				continue
			}
			require.Empty(t, validation.NameIsDNSSubdomain(r.Name, false))
			require.True(t, r.UID != "" || r.Kind == serviceaccount.Node && refs[2].Name != "")
		}
		require.Empty(t, validation.ValidateNamespaceName(refs[0].Namespace, false))
	})
}

// FuzzObject: an answer is an object with a uid, or an error, and a label that takes a
// token back is not overlooked.
func FuzzObject(f *testing.F) {
	f.Add(`{"kind":"Secret","metadata":{"name":"s","uid":"u","labels":{"kubernetes.io/legacy-token-invalid-since":"2025-12-01"}},"data":{"token":"dG9r"}}`)
	f.Add(`{"kind":"PartialObjectMetadata","metadata":{"name":"s","uid":"u","deletionTimestamp":"2026-01-01T12:00:00Z"}}`)
	f.Add(`{"kind":"ServiceAccount","metadata":{"name":"s","uid":"u"},"secrets":[{"name":"a"},1,{}]}`)
	f.Add(`{"kind":"Status","reason":"NotFound"}`)
	f.Fuzz(func(t *testing.T, text string) {
		o, err := serviceaccount.ParseObject(text, serviceaccount.Reference{Kind: serviceaccount.Secret, Namespace: "default", Name: "s"})
		if err != nil {
			require.Equal(t, serviceaccount.Object{}, o)
			return
		}
		metadata := members(t, members(t, []byte(text))["metadata"])
		require.JSONEq(t, `"s"`, string(metadata["name"]))
		deleted := string(metadata["deletionTimestamp"])
		require.Equal(t, deleted == "" || deleted == "null", o.Deleted.IsZero())
		var invalid string
		if label, ok := members(t, metadata["labels"])["kubernetes.io/legacy-token-invalid-since"]; ok {
			require.NoError(t, json.Unmarshal(label, &invalid))
		}
		require.Equal(t, invalid, o.InvalidSince)
	})
}

// members returns those of a JSON object, as encoding/json reads it, or none of null.
func members(t *testing.T, text []byte) (m map[string]json.RawMessage) {
	t.Helper()
	if len(text) > 0 {
		require.NoError(t, json.Unmarshal(text, &m))
	}
	return m
}
