package webhook_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/webhook"
)

// What is taken for an answer says to encoding/json what it says here. Maps
// stand in for structs, since those would match names in any case.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		review(`{}`),
		review(`null`),
		review(`{"error":"revoked","audiences":["a"]}`),
		review(`{"authenticated":true,"audiences":["a","b"],"user":{"username":"ann","uid":"u-1","groups":["ops","dev"],"extra":{"k":["v",""],"none":null}}}`),
		review(`{"Authenticated":true,"authenticated":false,"user":{"username":"ann","Username":"root","groups":null}}`),
		review(`{"authenticated":true,"authenticated":false}`),
		wrapped(`{"username":"\u0061\ud83d\udd11","groups":["\"\\\/\b\f\n\r\t"]}`),
		wrapped(`{"username":"ann","extra":{"k":[]},"x":[{"y":-1.5e+3},[[]],true]}`),
		wrapped(`{"username":"ann"}`)[:100],
		wrapped(`{"username":"ann"}`) + "{}",
	} {
		f.Add([]byte(seed))
	}
	a, err := webhook.New(webhook.Config{URL: "https://reviewer.test"}, nil)
	require.NoError(f, err)

	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := a.Parse(body)
		if err != nil {
			require.LessOrEqual(t, len(err.Error()), 2048)
			return
		}
		var rv map[string]any
		require.NoError(t, json.Unmarshal(body, &rv))
		require.Equal(t, "authentication.k8s.io/v1", rv["apiVersion"])
		require.Equal(t, "TokenReview", rv["kind"])
		require.Equal(t, decoded(t, rv["status"]), got)
	})
}

// decoded returns a status as encoding/json has it.
func decoded(t *testing.T, v any) *webhook.Status {
	st := &webhook.Status{}
	members := object(t, v)
	st.Authenticated = get[bool](t, members, "authenticated")
	st.Error = get[string](t, members, "error")
	st.Audiences = list(t, members["audiences"])
	u := object(t, members["user"])
	st.User.Name, st.User.UID = get[string](t, u, "username"), get[string](t, u, "uid")
	st.User.Groups = list(t, u["groups"])
	if extra := object(t, u["extra"]); extra != nil {
		st.User.Extra = map[string][]string{}
		for key, values := range extra {
			st.User.Extra[key] = list(t, values)
		}
	}
	return st
}

func object(t *testing.T, v any) map[string]any {
	if v == nil {
		return nil
	}
	members, ok := v.(map[string]any)
	require.True(t, ok, "%v", v)
	return members
}

func get[T any](t *testing.T, members map[string]any, name string) (value T) {
	if v := members[name]; v != nil {
		var ok bool
		value, ok = v.(T)
		require.True(t, ok, "%s: %v", name, v)
	}
	return value
}

func list(t *testing.T, v any) []string {
	if v == nil {
		return nil
	}
	items, ok := v.([]any)
	require.True(t, ok, "%v", v)
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i], ok = item.(string)
		require.True(t, ok, "%v", item)
	}
	return texts
}
