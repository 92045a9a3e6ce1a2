package webhook_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/webhook"
)

// asking returns an Authenticator that asks rv, and does not wait between attempts. o
// may be nil, and its Client is rv's.
func asking(t testing.TB, rv *authntest.Reviewer, o *webhook.Options, audiences ...string) *webhook.Authenticator {
	t.Helper()
	if o == nil {
		o = &webhook.Options{}
	}
	o.Client = rv.Client()
	a, err := webhook.New(webhook.Config{URL: rv.URL(), Audiences: audiences}, o)
	require.NoError(t, err)
	a.NoBackoff()
	return a
}

// failed asks a about a token, which must be refused for the reason, and returns
// the error's text.
func failed(t *testing.T, a *webhook.Authenticator, token string, reason authn.Reason) string {
	t.Helper()
	resp, ok, err := a.AuthenticateToken(t.Context(), token)
	require.Error(t, err)
	require.Equal(t, reason, authn.ReasonOf(err), err)
	require.False(t, ok)
	require.Nil(t, resp)
	return err.Error()
}

// answer returns a handler that sends body as JSON.
func answer(body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	})
}

// review returns a TokenReview of v1 with the status.
func review(status string) string {
	return `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{},"status":` + status + `}`
}

func TestNew(t *testing.T) {
	own := &webhook.Options{Client: &http.Client{}}
	tests := []struct {
		name    string
		url     string
		options *webhook.Options
		err     string
	}{
		{"https", "https://reviewer.test/review?timeout=5s", nil, ""},
		{"https and all options", "https://reviewer.test", &webhook.Options{Version: webhook.V1beta1, Client: own.Client, Timeout: time.Second, MaxInFlight: 1}, ""},
		{"v1", "https://reviewer.test", &webhook.Options{Version: webhook.V1}, ""},
		{"loopback", "http://127.0.0.1:8080/review", own, ""},
		{"loopback by name", "http://localhost:8080", own, ""},
		{"loopback of IPv6", "http://[::1]:8080", own, ""},
		{"no URL", "", nil, `webhook: URL "": required`},
		{"path alone", "/review", nil, `webhook: URL "/review": has no host`},
		{"not a URL", "https://reviewer.test/%zz", nil, `webhook: URL "https://reviewer.test/%zz": not a URL`},
		{"http", "http://reviewer.test", nil, `webhook: URL "http://reviewer.test": must be https`},
		{"http with a client", "http://reviewer.test", own, `webhook: URL "http://reviewer.test": must be https`},
		{"http of a private network", "http://10.0.0.1", own, `webhook: URL "http://10.0.0.1": must be https`},
		{"loopback without a client", "http://127.0.0.1:8080", nil, `webhook: URL "http://127.0.0.1:8080": must be https`},
		{"loopback without a client, but options", "http://localhost", &webhook.Options{Timeout: 1}, `webhook: URL "http://localhost": must be https`},
		{"user", "https://ann@reviewer.test", nil, `webhook: URL "…@reviewer.test": must not have a user or a password`},
		{"fragment", "https://reviewer.test/#a", nil, `webhook: URL "https://reviewer.test/#a": must not have a fragment`},
		{"version", "https://reviewer.test", &webhook.Options{Version: "v1alpha1"}, `webhook: version "v1alpha1": must be "v1" or "v1beta1"`},
		{"version in capitals", "https://reviewer.test", &webhook.Options{Version: "V1"}, `webhook: version "V1": must be "v1" or "v1beta1"`},
		{"version with its group", "https://reviewer.test", &webhook.Options{Version: "authentication.k8s.io/v1"}, `webhook: version "authentication.k8s.io/v1": must be "v1" or "v1beta1"`},
		{"negative timeout", "https://reviewer.test", &webhook.Options{Timeout: -1}, "webhook: Timeout and MaxInFlight: must not be negative"},
		{"negative MaxInFlight", "https://reviewer.test", &webhook.Options{MaxInFlight: -1}, "webhook: Timeout and MaxInFlight: must not be negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := webhook.New(webhook.Config{URL: tt.url}, tt.options)
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
				require.Nil(t, a)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "webhook", a.String())
		})
	}
}

// What is sent, to the byte.
func TestRequest(t *testing.T) {
	tests := []struct {
		name      string
		version   string
		token     string
		audiences authenticator.Audiences
		body      string
	}{
		{"v1", "", "abc", nil, `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"abc"}}`},
		{"v1 by name", webhook.V1, "abc", nil, `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"abc"}}`},
		{"v1beta1", webhook.V1beta1, "abc", nil, `{"apiVersion":"authentication.k8s.io/v1beta1","kind":"TokenReview","spec":{"token":"abc"}}`},
		{"an audience", "", "abc", authenticator.Audiences{"a"}, `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"abc","audiences":["a"]}}`},
		{"audiences", "", "abc", authenticator.Audiences{"https://b", "a"}, `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"abc","audiences":["https://b","a"]}}`},
		{"limited to no audience", "", "abc", authenticator.Audiences{}, `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"abc"}}`},
		{"no token", "", "", nil, `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":""}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rv := authntest.NewReviewer(t)
			var got *http.Request
			rv.Serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
			o := &webhook.Options{Version: tt.version, Client: rv.Client()}
			a, err := webhook.New(webhook.Config{URL: rv.URL() + "/review?timeout=5s"}, o)
			require.NoError(t, err)
			ctx := t.Context()
			if tt.audiences != nil {
				ctx = authenticator.WithAudiences(ctx, tt.audiences)
			}
			_, _, err = a.AuthenticateToken(ctx, tt.token)
			require.Error(t, err, "the answer is empty")

			require.Equal(t, tt.body, string(rv.Requests()[0]))
			require.Equal(t, "POST /review?timeout=5s", got.Method+" "+got.RequestURI)
			require.Equal(t, http.Header{
				"Accept":          {"application/json"},
				"Accept-Encoding": {"gzip"},
				"Content-Length":  {fmt.Sprint(len(tt.body))},
				"Content-Type":    {"application/json"},
				"User-Agent":      {"Go-http-client/1.1"},
			}, got.Header)
		})
	}
}

// The reviewer finds every token and audience as they were, whatever is in them.
func TestRequestOfOddTokens(t *testing.T) {
	for _, odd := range []string{`a"b\c/`, "<&>", "\u2028\u2029", "\x00\x01\x1f\x7f\u0085", "日本語 \U0001F511", " a\tb\r\n", `","audiences":["x"],"y":"`, `\u0041`} {
		rv := authntest.NewReviewer(t)
		rv.Accept(odd, authntest.User("ann"), odd)
		a := asking(t, rv, nil)
		resp, ok, err := a.AuthenticateToken(authenticator.WithAudiences(t.Context(), authenticator.Audiences{odd}), odd)
		require.NoError(t, err, "%q", odd)
		require.True(t, ok, "%q", odd)
		require.Equal(t, authenticator.Audiences{odd}, resp.Audiences)
	}
}

func TestAccepted(t *testing.T) {
	full := &user.DefaultInfo{Name: "ann", UID: "u-1", Groups: []string{"ops", "dev"}, Extra: map[string][]string{"Example.org/Key": {"a", ""}, "none": nil}}
	for _, version := range []string{webhook.V1, webhook.V1beta1} {
		t.Run(version, func(t *testing.T) {
			rv := authntest.NewReviewer(t)
			rv.Accept("full", full)
			rv.Accept("bare", authntest.User("bob"))
			rv.Accept("nobody's", nil)
			rv.Refuse("bob-2", "it was revoked")
			a := asking(t, rv, &webhook.Options{Version: version})

			for token, want := range map[string]user.Info{"full": full, "bare": &user.DefaultInfo{Name: "bob"}} {
				resp, ok, err := a.AuthenticateToken(t.Context(), token)
				require.NoError(t, err)
				require.True(t, ok)
				require.Equal(t, &authenticator.Response{User: want}, resp)
			}
			require.Equal(t, "webhook: the user name is empty", failed(t, a, "nobody's", authn.InvalidUser))
			require.Equal(t, `webhook: the reviewer says: "it was revoked"`, failed(t, a, "bob-2", authn.Refused))
			require.Equal(t, authn.Link{Name: "webhook", Verdict: authn.VerdictNotMine, Detail: "the reviewer does not know the token"}, traced(t, t.Context(), a, "other"))
			require.Equal(t, 5, rv.Calls(), "nothing is asked twice or remembered")
		})
	}
}

// traced returns what a trace says of a about a token.
func traced(t *testing.T, ctx context.Context, a *webhook.Authenticator, token string) authn.Link {
	t.Helper()
	ctx, trace := authn.WithTrace(ctx)
	_, _, _ = authn.AskToken(ctx, a, token)
	links := trace.Result().Links
	require.Len(t, links, 1)
	links[0].Took = 0
	return links[0]
}
