package webhook_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/webhook"
)

// failedWith is the Status that a request is answered with.
func failedWith(code, reason, message string) string {
	return `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"` + message + `","reason":"` + reason + `","code":` + code + `}`
}

func TestHandlerMethods(t *testing.T) {
	h := webhook.Handler(accepts(authntest.User("ann")))
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "post", "PRI"} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(question(`{"token":"t"}`)))
		r.Method = method
		r.Header.Set("Content-Type", "application/json")
		resp := served(t, h, r)
		require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode, method)
		require.Equal(t, "POST", resp.Header.Get("Allow"), method)
		require.Equal(t, failedWith("405", "MethodNotAllowed", "want POST"), bodyOf(t, resp), method)
	}
}

func TestHandlerTypes(t *testing.T) {
	h := webhook.Handler(accepts(authntest.User("ann")))
	for kind, want := range map[string]int{
		"application/json":                    200,
		"Application/JSON; charset=utf-8":     200,
		"":                                    415,
		"json":                                415,
		"text/plain":                          415,
		"text/json":                           415,
		"application/json, text/plain":        415,
		"application/json;":                   200,
		"application/yaml":                    415,
		"application/vnd.kubernetes.protobuf": 415,
		"application/x-www-form-urlencoded":   415,
		"application/jsonx":                   415,
	} {
		r := httptest.NewRequest("POST", "/apis/authentication.k8s.io/v1/tokenreviews?fieldValidation=Strict&timeout=30s", strings.NewReader(question(`{"token":"t"}`)))
		r.Header["Content-Type"] = []string{kind}
		resp := served(t, h, r)
		require.Equal(t, want, resp.StatusCode, kind)
		if want == 415 {
			require.Equal(t, failedWith("415", "UnsupportedMediaType", "want the Content-Type application/json"), bodyOf(t, resp), kind)
		}
	}
}

// What is no review is not judged.
func TestHandlerBodies(t *testing.T) {
	const (
		v1   = `"apiVersion":"authentication.k8s.io/v1"`
		kind = `"kind":"TokenReview"`
		spec = `"spec":{"token":"t"}`
		want = "the body: want kind TokenReview of apiVersion authentication.k8s.io/v1 or v1beta1"
	)
	tests := []struct {
		name, body, err string
	}{
		{"empty", "", "the body: not a JSON object"},
		{"null", "null", "the body: not a JSON object"},
		{"list", "[" + question(`{"token":"t"}`) + "]", "the body: not a JSON object"},
		{"YAML", "kind: TokenReview\n", "the body: not a JSON object"},
		{"protobuf", "k8s\x00\n", "the body: not a JSON object"},
		{"byte order mark", "\ufeff" + question(`{"token":"t"}`), "the body: not a JSON object"},
		{"UTF-16", "\xff\xfe{\x00", "the body: not a JSON object"},
		{"cut", question(`{"token":"t"}`)[:80], "the body: offset 80: the text ends too early"},
		{"two", question(`{"token":"t"}`) + "{}", "the body: offset 83: more after the object"},
		{"no object", "{}", want},
		{"no kind", `{` + v1 + `,` + spec + `}`, want},
		{"no apiVersion", `{` + kind + `,` + spec + `}`, want},
		{"other kind", `{` + v1 + `,"kind":"SubjectAccessReview",` + spec + `}`, want},
		{"kind in another case", `{` + v1 + `,"kind":"tokenreview",` + spec + `}`, want},
		{"Kind", `{` + v1 + `,"Kind":"TokenReview",` + spec + `}`, want},
		{"kind in a list", `{` + v1 + `,"kind":["TokenReview"],` + spec + `}`, want},
		{"other group", `{"apiVersion":"v1",` + kind + `,` + spec + `}`, want},
		{"other version", `{"apiVersion":"authentication.k8s.io/v1alpha1",` + kind + `,` + spec + `}`, want},
		{"two of apiVersion", `{` + v1 + `,` + v1 + `,` + kind + `,` + spec + `}`, "the body: offset 53: duplicate member"},
		{"two of spec", `{` + v1 + `,` + kind + `,` + spec + `,` + spec + `}`, "the body: offset 89: duplicate member"},
		{"two of spec, one escaped", `{` + v1 + `,` + kind + `,` + spec + `,"sp\u0065c":{}}`, "the body: offset 94: duplicate member"},
		{"two tokens", question(`{"token":"t","token":"u"}`), "the body: offset 89: duplicate member"},
		{"two lists of audiences", question(`{"token":"t","audiences":["a"],"audiences":["b"]}`), "the body: offset 111: duplicate member"},
		{"two of a member that nobody reads", question(`{"token":"t","x":{"y":1,"y":2}}`), "the body: offset 96: duplicate member"},
		{"no spec", `{` + v1 + `,` + kind + `}`, "spec: required"},
		{"spec is null", question(`null`), "spec: required"},
		{"Spec", `{` + v1 + `,` + kind + `,"Spec":{"token":"t"}}`, "spec: required"},
		{"spec is a list", question(`[]`), "spec: not an object"},
		{"spec is a string", question(`"t"`), "spec: not an object"},
		{"no token", question(`{}`), "spec.token: required"},
		{"token is null", question(`{"token":null}`), "spec.token: required"},
		{"token is empty", question(`{"token":""}`), "spec.token: required"},
		{"Token", question(`{"Token":"t"}`), "spec.token: required"},
		{"toKen", question(`{"to\u212aen":"t"}`), "spec.token: required"},
		{"token is a number", question(`{"token":1}`), "spec.token: not a string"},
		{"token is a list", question(`{"token":["t"]}`), "spec.token: not a string"},
		{"token with half a pair", question(`{"token":"\ud800"}`), "the body: offset 85: a lone surrogate in a string"},
		{"audiences are a string", question(`{"token":"t","audiences":"a"}`), "spec.audiences: not a list"},
		{"audiences with null", question(`{"token":"t","audiences":["a",null]}`), "spec.audiences: item 1 of the list is not a string"},
		{"audiences with a number", question(`{"token":"t","audiences":[1]}`), "spec.audiences: item 0 of the list is not a string"},
		{"deep", question(strings.Repeat("[", 70) + strings.Repeat("]", 70)), "the body: offset 133: more than 64 levels deep"},
	}
	h := webhook.Handler(judge(func(context.Context, string) (*authenticator.Response, bool, error) { panic("asked") }))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := post(t, h, tt.body)
			require.Equal(t, http.StatusBadRequest, resp.StatusCode)
			require.Equal(t, failedWith("400", "BadRequest", tt.err), bodyOf(t, resp))
		})
	}
}

// What else clients send, and has no meaning here.
func TestHandlerBodiesTaken(t *testing.T) {
	const v1, v1beta1 = "authentication.k8s.io/v1", "authentication.k8s.io/v1beta1"
	for name, tt := range map[string]struct{ body, version string }{
		"as kube-apiserver sends it": {`{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{"creationTimestamp":null},"spec":{"token":"t"},"status":{"user":{}}}` + "\n", v1},
		"v1beta1":                    {strings.Replace(question(`{"token":"t"}`), v1, v1beta1, 1), v1beta1},
		"audiences are null":         {question(`{"token":"t","audiences":null}`), v1},
		"audiences are empty":        {question(`{"audiences":[],"token":"t"}`), v1},
		"members that nobody knows":  {question(`{"token":"t","Token":"u","more":[1,{"a":null}]}`), v1},
		"an answer of its own":       {`{"status":{"authenticated":true,"user":{"username":"root"}},` + question(`{"token":"t"}`)[1:], v1},
		"escapes and blanks":         {" " + strings.ReplaceAll(question(`{ "\u0074oken" : "\u0074" }`), ",", "\r\n,\t") + " ", v1},
	} {
		h := webhook.Handler(judge(func(_ context.Context, token string) (*authenticator.Response, bool, error) {
			require.Equal(t, "t", token)
			return &authenticator.Response{User: authntest.User("ann")}, true, nil
		}))
		resp := post(t, h, tt.body)
		require.Equal(t, http.StatusOK, resp.StatusCode, name)
		require.Equal(t, strings.Replace(wrapped(`{"username":"ann"}`), v1, tt.version, 1), bodyOf(t, resp), name)
	}
}

func TestHandlerBounds(t *testing.T) {
	ann := accepts(authntest.User("ann"))
	tests := []struct {
		name string
		rv   webhook.Reviewer
		body int // bytes
		code int
		want string
	}{
		{"longest body", webhook.Reviewer{Token: ann}, 64 << 10, 200, wrapped(`{"username":"ann"}`)},
		{"longer", webhook.Reviewer{Token: ann}, 64<<10 + 1, 413, failedWith("413", "RequestEntityTooLarge", "the body has more than 65536 bytes")},
		{"longest body, set", webhook.Reviewer{Token: ann, MaxBytes: 100}, 100, 200, wrapped(`{"username":"ann"}`)},
		{"longer, set", webhook.Reviewer{Token: ann, MaxBytes: 100}, 101, 413, failedWith("413", "RequestEntityTooLarge", "the body has more than 100 bytes")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := question(`{"token":"t"}`)
			resp := post(t, tt.rv, body+strings.Repeat(" ", tt.body-len(body)))
			require.Equal(t, tt.code, resp.StatusCode)
			require.Equal(t, tt.want, bodyOf(t, resp))
		})
	}

	broken := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("{"), failing{}))
	broken.Header.Set("Content-Type", "application/json")
	resp := served(t, webhook.Handler(ann), broken)
	require.Equal(t, failedWith("400", "BadRequest", "the body cannot be read"), bodyOf(t, resp))
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the client has left") }

// Tokens that package bearer would not take are not shown to the chain.
func TestHandlerTokens(t *testing.T) {
	asked := 0
	ann := judge(func(context.Context, string) (*authenticator.Response, bool, error) {
		asked++
		return &authenticator.Response{User: authntest.User("ann")}, true, nil
	})
	tests := []struct {
		name, token string
		most        int
		err         string
	}{
		{"longest", strings.Repeat("x", 16<<10), 0, ""},
		{"longer", strings.Repeat("x", 16<<10+1), 0, "webhook: a token of 16385 bytes, more than 16384"},
		{"longest, set", "four", 4, ""},
		{"longer, set", "fives", 4, "webhook: a token of 5 bytes, more than 4"},
		{"empty", "", 0, "webhook: the token is empty"},
		{"blank", "a b", 0, "webhook: byte 1 of the token is a blank, a control character or not ASCII"},
		{"line feed", "ab\n", 0, "webhook: byte 2 of the token is a blank, a control character or not ASCII"},
		{"DEL", "\x7f", 0, "webhook: byte 0 of the token is a blank, a control character or not ASCII"},
		{"not ASCII", "aé", 0, "webhook: byte 1 of the token is a blank, a control character or not ASCII"},
		{"not UTF-8", "a\xff", 0, "webhook: byte 1 of the token is a blank, a control character or not ASCII"},
		{"visible", `!"~\`, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked = 0
			got := webhook.Reviewer{Token: ann, MaxToken: tt.most}.Judge(t.Context(), tt.token, nil)
			if tt.err == "" {
				require.NoError(t, got.Err)
				require.Equal(t, 1, asked)
				return
			}
			require.EqualError(t, got.Err, tt.err)
			require.Equal(t, authn.Malformed, got.Reason)
			require.Zero(t, asked)
		})
	}
	resp := post(t, webhook.Handler(ann), question(`{"token":"`+strings.Repeat("x", 20<<10)+`"}`))
	require.Equal(t, review(`{"authenticated":false,"error":"Malformed"}`), bodyOf(t, resp))
}
