package webhook_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/webhook"
)

// wrapped returns a TokenReview of v1 whose status says this of the user.
func wrapped(user string) string { return review(`{"authenticated":true,"user":` + user + `}`) }

// What must not be taken for an answer says nothing of the token: it may be good.
func TestAnswersRefused(t *testing.T) {
	const (
		yes    = `"status":{"authenticated":true,"user":{"username":"ann"}}`
		v1     = `"apiVersion":"authentication.k8s.io/v1"`
		kind   = `"kind":"TokenReview"`
		good   = `{` + v1 + `,` + kind + `,` + yes + `}`
		want   = ", not a TokenReview of authentication.k8s.io/v1"
		status = "the answer: status: "
	)
	tests := []struct {
		name, body, err string
	}{
		{"empty", "", "the answer: not a JSON object"},
		{"blanks", " \n", "the answer: not a JSON object"},
		{"null", "null", "the answer: not a JSON object"},
		{"true", "true", "the answer: not a JSON object"},
		{"list", "[" + good + "]", "the answer: not a JSON object"},
		{"string", `"` + strings.ReplaceAll(good, `"`, `\"`) + `"`, "the answer: not a JSON object"},
		{"HTML", "<html><body>ok</body></html>", "the answer: not a JSON object"},
		{"YAML", "apiVersion: authentication.k8s.io/v1\nkind: TokenReview\nstatus:\n  authenticated: true\n", "the answer: not a JSON object"},
		{"YAML in braces", "{apiVersion: authentication.k8s.io/v1, kind: TokenReview}", "the answer: offset 1: not valid JSON"},
		{"protobuf", "k8s\x00\n\x20\n\x18authentication.k8s.io/v1\x12\x0bTokenReview", "the answer: not a JSON object"},
		{"byte order mark", "\ufeff" + good, "the answer: not a JSON object"},
		{"cut", good[:len(good)-1], "the answer: offset 119: the text ends too early"},
		{"cut in a string", good[:30], "the answer: offset 30: the text ends too early"},
		{"more", good + "x", "the answer: offset 120: more after the object"},
		{"two", good + good, "the answer: offset 120: more after the object"},
		{"comma at the end", `{` + v1 + `,` + kind + `,}`, "the answer: offset 62: not valid JSON"},
		{"comment", `{/**/` + v1 + `}`, "the answer: offset 1: not valid JSON"},
		{"no object", "{}", `the answer is a "" of ""` + want},
		{"no kind", `{` + v1 + `,` + yes + `}`, `the answer is a "" of "authentication.k8s.io/v1"` + want},
		{"no apiVersion", `{` + kind + `,` + yes + `}`, `the answer is a "TokenReview" of ""` + want},
		{"other kind", `{` + v1 + `,"kind":"SubjectAccessReview",` + yes + `}`, `the answer is a "SubjectAccessReview" of "authentication.k8s.io/v1"` + want},
		{"kind in another case", `{` + v1 + `,"kind":"tokenreview",` + yes + `}`, `the answer is a "tokenreview" of "authentication.k8s.io/v1"` + want},
		{"Status", `{"apiVersion":"v1","kind":"Status","status":"Failure","code":401}`, `the answer is a "Status" of "v1"` + want},
		{"other group", `{"apiVersion":"example.org/v1",` + kind + `,` + yes + `}`, `the answer is a "TokenReview" of "example.org/v1"` + want},
		{"other version", `{"apiVersion":"authentication.k8s.io/v1beta1",` + kind + `,` + yes + `}`, `the answer is a "TokenReview" of "authentication.k8s.io/v1beta1"` + want},
		{"kind is a number", `{` + v1 + `,"kind":1,` + yes + `}`, `the answer is a "" of "authentication.k8s.io/v1"` + want},
		{"kind in a list", `{` + v1 + `,"kind":["TokenReview"],` + yes + `}`, `the answer is a "" of "authentication.k8s.io/v1"` + want},
		{"Kind", `{` + v1 + `,"Kind":"TokenReview",` + yes + `}`, `the answer is a "" of "authentication.k8s.io/v1"` + want},
		{"long kind", `{` + v1 + `,"kind":"` + strings.Repeat("x", 200) + `",` + yes + `}`, `the answer is a "` + strings.Repeat("x", 128) + `"… of "authentication.k8s.io/v1"` + want},
		{"two kinds", `{` + v1 + `,` + kind + `,` + kind + `}`, `the answer: offset 68: duplicate member "kind"`},
		{"two of status", `{` + v1 + `,` + kind + `,"status":{},` + yes + `}`, `the answer: offset 82: duplicate member "status"`},
		{"two of status, one escaped", `{` + v1 + `,` + kind + `,"status":{},"st\u0061tus":{}}`, `the answer: offset 87: duplicate member "status"`},
		{"two of a member that nobody reads", `{` + v1 + `,` + kind + `,"metadata":{"name":"a","name":"b"}}`, `the answer: offset 91: duplicate member "name"`},
		{"two of authenticated", review(`{"authenticated":false,"authenticated":true}`), `the answer: offset 119: duplicate member "authenticated"`},
		{"two users", review(`{"authenticated":true,"user":{"username":"a"},"user":{"username":"b"}}`), `the answer: offset 133: duplicate member "user"`},
		{"two user names", wrapped(`{"username":"ann","username":"root"}`), `the answer: offset 138: duplicate member "username"`},
		{"two of a key", wrapped(`{"username":"ann","extra":{"k":["a"],"k":["b"]}}`), `the answer: offset 150: duplicate member "k"`},
		{"status is a string", review(`"Success"`), status + "not an object"},
		{"status is a list", review(`[{"authenticated":true}]`), status + "not an object"},
		{"status is true", review(`true`), status + "not an object"},
		{"authenticated is a string", review(`{"authenticated":"true","user":{"username":"ann"}}`), status + "authenticated: not true or false"},
		{"authenticated is a number", review(`{"authenticated":1,"user":{"username":"ann"}}`), status + "authenticated: not true or false"},
		{"error is an object", review(`{"error":{"message":"no"}}`), status + "error: not a string"},
		{"audiences are a string", review(`{"authenticated":true,"user":{"username":"ann"},"audiences":"a"}`), status + "audiences: not a list"},
		{"audiences with a number", review(`{"authenticated":true,"user":{"username":"ann"},"audiences":["a",1]}`), status + "audiences: item 1 of the list is not a string"},
		{"audiences with null", review(`{"authenticated":true,"user":{"username":"ann"},"audiences":[null]}`), status + "audiences: item 0 of the list is not a string"},
		{"user is a string", wrapped(`"ann"`), status + "user: not an object"},
		{"user is a list", wrapped(`["ann"]`), status + "user: not an object"},
		{"username is a number", wrapped(`{"username":1}`), status + "user: username: not a string"},
		{"username is true", wrapped(`{"username":true}`), status + "user: username: not a string"},
		{"uid is a number", wrapped(`{"username":"ann","uid":1}`), status + "user: uid: not a string"},
		{"groups are a string", wrapped(`{"username":"ann","groups":"ops"}`), status + "user: groups: not a list"},
		{"groups are an object", wrapped(`{"username":"ann","groups":{"0":"ops"}}`), status + "user: groups: not a list"},
		{"groups with null", wrapped(`{"username":"ann","groups":["ops",null]}`), status + "user: groups: item 1 of the list is not a string"},
		{"groups in a list", wrapped(`{"username":"ann","groups":[["ops"]]}`), status + "user: groups: item 0 of the list is not a string"},
		{"extra is a list", wrapped(`{"username":"ann","extra":["k"]}`), status + "user: extra: not an object"},
		{"extra with a string", wrapped(`{"username":"ann","extra":{"k":"v"}}`), status + `user: extra: "k": not a list`},
		{"extra with a number in it", wrapped(`{"username":"ann","extra":{"k":[1]}}`), status + `user: extra: "k": item 0 of the list is not a string`},
		{"wrong twice", wrapped(`{"username":1,"uid":2}`), status + "user: username: not a string"},
		{"not UTF-8", wrapped("{\"username\":\"ann\xff\"}"), "the answer: offset 126: not valid UTF-8"},
		{"lone surrogate", wrapped(`{"username":"ann\ud800"}`), "the answer: offset 132: a lone surrogate in a string"},
		{"NUL not escaped", wrapped("{\"username\":\"ann\x00\"}"), "the answer: offset 126: a control character in a string"},
		{"deep", wrapped(`{"username":"ann","groups":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`), "the answer: offset 199: more than 64 levels deep"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rv := authntest.NewReviewer(t)
			rv.Serve(answer(tt.body))
			require.Equal(t, "webhook: "+tt.err, failed(t, asking(t, rv, nil), "abc-123", authn.Unavailable))
			require.Equal(t, 1, rv.Calls())
		})
	}
}

func TestAnswersWithoutUser(t *testing.T) {
	const empty = "webhook: the user name is empty"
	tests := []struct {
		name, body, err string
	}{
		{"no user", review(`{"authenticated":true}`), empty},
		{"user is null", wrapped(`null`), empty},
		{"user is empty", wrapped(`{}`), empty},
		{"groups alone", wrapped(`{"groups":["system:masters"]}`), empty},
		{"username is null", wrapped(`{"username":null}`), empty},
		{"username is empty", wrapped(`{"username":""}`), empty},
		{"Username", wrapped(`{"Username":"ann"}`), empty},
		{"name", wrapped(`{"name":"ann"}`), empty},
		{"User", review(`{"authenticated":true,"User":{"username":"ann"}}`), empty},
		{"uſer", review(`{"authenticated":true,"uſer":{"username":"ann"}}`), empty},
		{"NUL", wrapped(`{"username":"ann\u0000"}`), "webhook: the user name has the control character U+0000 at byte 3"},
		{"line feed", wrapped(`{"username":"a\nb"}`), "webhook: the user name has the control character U+000A at byte 1"},
		{"C1", wrapped(`{"username":"ann\u0085"}`), "webhook: the user name has the control character U+0085 at byte 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rv := authntest.NewReviewer(t)
			rv.Serve(answer(tt.body))
			require.Equal(t, tt.err, failed(t, asking(t, rv, nil), "abc-123", authn.InvalidUser))
		})
	}
}

// Members that are null or not there have their zero value, and those that
// nobody asked for, or that differ in case, have no meaning.
func TestAnswersTaken(t *testing.T) {
	tests := []struct {
		name, body string
		user       string // empty: not mine
		groups     []string
	}{
		{"no status", `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview"}`, "", nil},
		{"status is null", review(`null`), "", nil},
		{"status is empty", review(`{}`), "", nil},
		{"authenticated is null", review(`{"authenticated":null,"user":{"username":"ann"}}`), "", nil},
		{"not authenticated, with a user", review(`{"authenticated":false,"user":{"username":"ann"}}`), "", nil},
		{"error is empty", review(`{"error":""}`), "", nil},
		{"error is null", review(`{"error":null}`), "", nil},
		{"Status", `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","Status":{"authenticated":true,"user":{"username":"ann"}}}`, "", nil},
		{"Authenticated", review(`{"Authenticated":true,"user":{"username":"ann"}}`), "", nil},
		{"both cases", review(`{"authenticated":false,"Authenticated":true,"user":{"username":"ann"}}`), "", nil},
		{"groups are null", wrapped(`{"username":"ann","groups":null}`), "ann", nil},
		{"groups are empty", wrapped(`{"username":"ann","groups":[]}`), "ann", []string{}},
		{"Groups", wrapped(`{"username":"ann","groups":["ops"],"Groups":["system:masters"]}`), "ann", []string{"ops"}},
		{"members that nobody reads", wrapped(`{"username":"ann","x":{"y":[1,2e3,null]}}`), "ann", nil},
		{"authenticated with an error", review(`{"authenticated":true,"error":"slow","user":{"username":"ann"}}`), "ann", nil},
		{"escapes", wrapped(`{"\u0075sername":"\u0061nn \ud83d\udd11"}`), "ann \U0001F511", nil},
		{"other order, and blanks", " {\"status\" : {\"user\":{\"username\":\"ann\"},\"authenticated\":true},\r\n\t\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\"}\n", "ann", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rv := authntest.NewReviewer(t)
			rv.Serve(answer(tt.body))
			resp, ok, err := asking(t, rv, nil).AuthenticateToken(t.Context(), "abc-123")
			require.NoError(t, err)
			require.Equal(t, tt.user != "", ok)
			if !ok {
				require.Nil(t, resp)
				return
			}
			require.Equal(t, tt.user, resp.User.GetName())
			require.Equal(t, tt.groups, resp.User.GetGroups())
		})
	}
}

// Each version takes answers of its own alone.
func TestVersionOfAnswer(t *testing.T) {
	rv := authntest.NewReviewer(t)
	rv.Serve(answer(wrapped(`{"username":"ann"}`)))
	require.Equal(t, `webhook: the answer is a "TokenReview" of "authentication.k8s.io/v1", not a TokenReview of authentication.k8s.io/v1beta1`,
		failed(t, asking(t, rv, &webhook.Options{Version: webhook.V1beta1}), "abc-123", authn.Unavailable))
}
