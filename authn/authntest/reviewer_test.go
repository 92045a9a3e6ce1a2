package authntest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn/authntest"
)

// post returns the answer to body: its status and a space before it, unless it
// is 200.
func post(ctx context.Context, reviewer *authntest.Reviewer, body string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, reviewer.URL()+"/review", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	res, err := reviewer.Client().Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK {
		return fmt.Sprintf("%d %s", res.StatusCode, answer), err
	}
	return string(answer), err
}

func TestReviewer(t *testing.T) {
	reviewer := authntest.NewReviewer(t)
	ann := &user.DefaultInfo{Name: "ann", UID: "u-1", Groups: []string{"ops"}, Extra: map[string][]string{"k": {"v"}}}
	reviewer.Accept("ann's", ann)
	reviewer.Accept("bound", authntest.User("bob"), "a", "b")
	reviewer.Accept("nobody's", nil)
	reviewer.Refuse("revoked", "token was revoked")
	ann.Extra["k"][0] = "changed later"
	const bob = `"authenticated":true,"user":{"username":"bob"}`
	tests := []struct {
		name, spec, status string
	}{
		{"accepted", `{"token":"ann's"}`,
			`{"authenticated":true,"user":{"username":"ann","uid":"u-1","groups":["ops"],"extra":{"k":["v"]}}}`},
		{"accepted without audiences", `{"token":"nobody's","audiences":["a"]}`, `{"authenticated":true}`},
		{"no audience asked", `{"token":"bound"}`, `{` + bob + `,"audiences":["a","b"]}`},
		{"one audience asked", `{"token":"bound","audiences":["b","c"]}`, `{` + bob + `,"audiences":["b"]}`},
		{"other audience asked", `{"token":"bound","audiences":["c"]}`, `{}`},
		{"refused", `{"token":"revoked"}`, `{"error":"token was revoked"}`},
		{"unknown", `{"token":"x"}`, `{}`},
		{"none", `{}`, `{}`},
	}
	for _, tt := range tests {
		for _, version := range []string{"v1", "v1beta1"} {
			t.Run(tt.name+"/"+version, func(t *testing.T) {
				const head = `{"apiVersion":"authentication.k8s.io/%s","kind":"TokenReview","spec":%s,"status":%s}`
				answer, err := post(t.Context(), reviewer, fmt.Sprintf(head, version, tt.spec, `{}`))
				require.NoError(t, err)
				require.JSONEq(t, fmt.Sprintf(head, version, `{}`, tt.status), answer)
			})
		}
	}
}

func TestReviewerChangesItsMind(t *testing.T) {
	reviewer := authntest.NewReviewer(t)
	const review = `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"x"}}`
	reviewer.Accept("x", authntest.User("ann"))
	reviewer.Refuse("x", "no more")
	answer, err := post(t.Context(), reviewer, review)
	require.NoError(t, err)
	require.Contains(t, answer, `"status":{"error":"no more"}`)
}

func TestReviewerBadRequests(t *testing.T) {
	reviewer := authntest.NewReviewer(t)
	for body, want := range map[string]string{
		`{`: "400 unexpected EOF\n",
		`{"apiVersion":"v1","kind":"TokenReview"}`:                    "400 unknown apiVersion\n",
		`{"apiVersion":"authentication.k8s.io/v1","kind":"UserInfo"}`: "400 unknown kind\n",
	} {
		answer, err := post(t.Context(), reviewer, body)
		require.NoError(t, err)
		require.Equal(t, want, answer)
	}
	res, _ := get(t, reviewer.Client(), reviewer.URL())
	require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
}

func TestReviewerRequests(t *testing.T) {
	reviewer := authntest.NewReviewer(t)
	require.Empty(t, reviewer.Requests())
	reviewer.Serve(authntest.Status(http.StatusInternalServerError))
	for n := range 105 {
		answer, err := post(t.Context(), reviewer, fmt.Sprint(n))
		require.NoError(t, err)
		require.Equal(t, "500 Internal Server Error\n", answer)
	}
	require.Equal(t, 105, reviewer.Calls())
	requests := reviewer.Requests()
	require.Len(t, requests, 100)
	require.Equal(t, "5", string(requests[0]))
	require.Equal(t, "104", string(requests[99]))
}
