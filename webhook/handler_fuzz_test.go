package webhook_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	gojson "github.com/go-jose/go-jose/v4/json"
	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/webhook"
)

// asked is a TokenReview as other decoders have it.
type asked struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Metadata   json.RawMessage `json:"metadata"`
	Spec       struct {
		Token     string   `json:"token"`
		Audiences []string `json:"audiences"`
	} `json:"spec"`
	Status json.RawMessage `json:"status"`
}

// What is taken for a review asks the same by encoding/json and by go-jose's decoder,
// which goes by case and takes no duplicates. What that takes is taken here.
func FuzzQuestion(f *testing.F) {
	for _, seed := range []string{
		question(`{"token":"t"}`),
		question(`{"token":"t","audiences":["a","b"]}`),
		question(`{"token":"\u0074\ud83d\udd11","audiences":[]}`),
		question(`{"token":"t","Token":"u","Audiences":["c"]}`),
		question(`{"token":"t","audiences":null,"more":{"x":[1.5e3,true,null]}}`),
		question(`{"token":"t","token":"u"}`),
		question(`{"token":1}`),
		question(`null`),
		strings.Replace(question(`{"token":"t"}`), "/v1", "/v1beta1", 1),
		`{"metadata":{"creationTimestamp":null},"status":{"user":{}},` + question(`{"token":"t"}`)[1:],
		question(`{"token":"t"}`)[:60],
		question(`{"token":"t"}`) + " {}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		version, token, audiences, err := webhook.ParseQuestion(body)
		if err != nil {
			require.LessOrEqual(t, len(err.Error()), 128)
			require.False(t, plain(body), "%s: %v", body, err)
			return
		}
		require.NotEmpty(t, token)
		var loose map[string]any
		require.NoError(t, json.Unmarshal([]byte(body), &loose))
		spec := object(t, loose["spec"])
		require.Equal(t, []any{version, "TokenReview", token, audiences},
			[]any{loose["apiVersion"], loose["kind"], get[string](t, spec, "token"), list(t, spec["audiences"])})

		var strict asked
		require.NoError(t, gojson.Unmarshal([]byte(body), &strict))
		require.Equal(t, []any{version, "TokenReview", token}, []any{strict.APIVersion, strict.Kind, strict.Spec.Token})
		require.Equal(t, audiences, strict.Spec.Audiences)
	})
}

// plain reports whether a text is a review beyond doubt, by a decoder that goes by case
// and takes no duplicates.
func plain(body string) bool {
	var rv asked
	var whole map[string]any
	if gojson.Unmarshal([]byte(body), &rv) != nil || gojson.Unmarshal([]byte(body), &whole) != nil {
		return false
	}
	isKind := rv.Kind == "TokenReview" && strings.TrimSuffix(rv.APIVersion, "beta1") == "authentication.k8s.io/v1"
	isShallow := strings.Count(body, "[")+strings.Count(body, "{") <= 64
	withoutNull := !strings.Contains(body, "null")                    // which that decoder has for an empty string in a list
	isText := utf8.ValidString(body) && !strings.Contains(body, `\u`) // it mends what is not
	return isKind && isShallow && withoutNull && isText && rv.Spec.Token != "" && len(body) < 1<<14
}
