package webhook_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/webhook"
)

// judge is an authenticator that answers about any token.
type judge func(ctx context.Context, token string) (*authenticator.Response, bool, error)

func (judge) String() string { return "judge" }

func (j judge) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	return j(ctx, token)
}

// accepts returns an authenticator that takes any token as one of u.
func accepts(u user.Info, audiences ...string) judge {
	return func(context.Context, string) (*authenticator.Response, bool, error) {
		return &authenticator.Response{User: u, Audiences: audiences}, true, nil
	}
}

func refuses(err error) judge {
	return func(context.Context, string) (*authenticator.Response, bool, error) { return nil, false, err }
}

// question returns a TokenReview of v1 that asks about the spec.
func question(spec string) string {
	return `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":` + spec + `}`
}

// post has h answer a TokenReview.
func post(t *testing.T, h http.Handler, body string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return served(t, h, r)
}

func served(t *testing.T, h http.Handler, r *http.Request) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	resp := w.Result()
	for name, want := range map[string]string{"Cache-Control": "no-store", "Content-Type": "application/json", "X-Content-Type-Options": "nosniff"} {
		require.Equal(t, want, resp.Header.Get(name), name)
	}
	return resp
}

func bodyOf(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return strings.TrimSuffix(string(body), "\n")
}

// What is answered, to the byte.
func TestHandlerAnswers(t *testing.T) {
	const v1 = `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{},"status":`
	full := &user.DefaultInfo{Name: "ann", UID: "u-1", Groups: []string{"ops", `"dev"`}, Extra: map[string][]string{"z": {"1", ""}, "a/b": {"é\n"}, "none": nil}}
	tests := []struct {
		name  string
		token authenticator.Token
		want  string
	}{
		{"name alone", accepts(authntest.User("ann")), `{"authenticated":true,"user":{"username":"ann"}}`},
		{"whole user", accepts(full), `{"authenticated":true,"user":{"username":"ann","uid":"u-1","groups":["ops","\"dev\""],"extra":{"a/b":["é\u000a"],"none":[],"z":["1",""]}}}`},
		{"empty lists", accepts(&user.DefaultInfo{Name: "ann", Groups: []string{}, Extra: map[string][]string{}}), `{"authenticated":true,"user":{"username":"ann"}}`},
		{"with audiences", accepts(authntest.User("ann"), "a", "b"), `{"authenticated":true,"user":{"username":"ann"},"audiences":["a","b"]}`},
		{"not known", refuses(nil), `{"authenticated":false}`},
		{"refused", refuses(authn.Errorf(authn.Expired, "expired an hour ago, said ann")), `{"authenticated":false,"error":"Expired"}`},
		{"refused, for itself", refuses(authn.Mine(authn.Errorf(authn.BadSignature, "no"))), `{"authenticated":false,"error":"BadSignature"}`},
		{"refused twice", refuses(errors.Join(authn.Errorf(authn.UnknownKey, "no"), authn.Errorf(authn.Expired, "no"))), `{"authenticated":false,"error":"UnknownKey"}`},
		{"refused without a reason", refuses(errors.New("no")), `{"authenticated":false,"error":"Refused"}`},
		{"accepted and refused", judge(func(context.Context, string) (*authenticator.Response, bool, error) {
			return &authenticator.Response{User: full}, true, authn.Errorf(authn.Revoked, "no")
		}), `{"authenticated":false,"error":"Revoked"}`},
		{"no user", accepts(nil), `{"authenticated":false,"error":"InvalidUser"}`},
		{"empty name", accepts(&user.DefaultInfo{Groups: []string{"ops"}}), `{"authenticated":false,"error":"InvalidUser"}`},
		{"control character", accepts(authntest.User("ann\n")), `{"authenticated":false,"error":"InvalidUser"}`},
		{"name that is not UTF-8", accepts(authntest.User("ann\xff")), `{"authenticated":false,"error":"InvalidUser"}`},
		{"uid that is not UTF-8", accepts(&user.DefaultInfo{Name: "ann", UID: "\xff"}), `{"authenticated":false,"error":"InvalidUser"}`},
		{"group that is not UTF-8", accepts(authntest.User("ann", "ops\xff")), `{"authenticated":false,"error":"InvalidUser"}`},
		{"key that is not UTF-8", accepts(&user.DefaultInfo{Name: "ann", Extra: map[string][]string{"\xff": nil}}), `{"authenticated":false,"error":"InvalidUser"}`},
		{"extra that is not UTF-8", accepts(&user.DefaultInfo{Name: "ann", Extra: map[string][]string{"k": {"\xff"}}}), `{"authenticated":false,"error":"InvalidUser"}`},
		{"anonymous", accepts(&user.DefaultInfo{Name: user.Anonymous}), `{"authenticated":false,"error":"InvalidUser"}`},
		{"anonymous by its group", accepts(authntest.User("ann", user.AllUnauthenticated)), `{"authenticated":false,"error":"InvalidUser"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := post(t, webhook.Handler(tt.token), question(`{"token":"t"}`))
			require.Equal(t, http.StatusOK, resp.StatusCode)
			require.Equal(t, v1+tt.want+"}", bodyOf(t, resp))
		})
	}
}

// Whoever asks retries what could not be judged, and does not take it for "no".
func TestHandlerUnavailable(t *testing.T) {
	after := func(d time.Duration) error {
		return &authn.Error{Reason: authn.Unavailable, Err: errors.New("keys.test: connection refused"), RetryAfter: d}
	}
	const status = `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the token cannot be judged now","reason":"ServiceUnavailable","code":503}`
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"not known when":  {after(0), "1"},
		"a minute":        {after(time.Minute), "60"},
		"a bit":           {after(1500 * time.Millisecond), "2"},
		"one of two":      {errors.Join(authn.Errorf(authn.Expired, "no"), after(7*time.Second)), "7"},
		"a context ended": {context.DeadlineExceeded, "1"},
	} {
		resp := post(t, webhook.Handler(refuses(tt.err)), question(`{"token":"t"}`))
		require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode, name)
		require.Equal(t, tt.want, resp.Header.Get("Retry-After"), name)
		require.Equal(t, status, bodyOf(t, resp), name)
	}
	resp := post(t, webhook.Reviewer{}, question(`{"token":"t"}`))
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode, "nobody to ask")
}

// A panic ends no more than its own review, and tells nothing.
func TestHandlerPanics(t *testing.T) {
	var seen webhook.Review
	h := webhook.Reviewer{
		Token:   judge(func(_ context.Context, token string) (*authenticator.Response, bool, error) { panic("at " + token) }),
		Observe: func(_ context.Context, r webhook.Review) { seen = r },
	}
	resp := post(t, h, question(`{"token":"s3cret"}`))
	require.Equal(t, http.StatusInternalServerError, resp.StatusCode)
	require.Equal(t, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the token could not be judged","reason":"InternalError","code":500}`, bodyOf(t, resp))
	require.Empty(t, resp.Header.Get("Retry-After"))
	require.Equal(t, authn.Panicked, seen.Reason)
	require.EqualError(t, seen.Err, "authn: an authenticator panicked with a string")
	var p *authn.PanicError
	require.ErrorAs(t, seen.Err, &p)
	require.Contains(t, string(p.Stack), "TestHandlerPanics")

	h.Token = judge(func(context.Context, string) (*authenticator.Response, bool, error) { panic(http.ErrAbortHandler) })
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { post(t, h, question(`{"token":"t"}`)) })
	require.PanicsWithValue(t, "webhook.Handler: the authenticator of tokens is nil", func() { webhook.Handler(nil) })
}
