package parity

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	upstreamutil "k8s.io/apiserver/pkg/util/webhook"
	upstreamwebhook "k8s.io/apiserver/plugin/pkg/authenticator/token/webhook"
	authenticationclient "k8s.io/client-go/kubernetes/typed/authentication/v1"
	"k8s.io/client-go/rest"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/webhook"
)

// askerToken is what those who ask a served reviewer must have.
const askerToken = "token-of-the-asking-api-server"

// restConfig writes a kubeconfig to a file and reads it as kube-apiserver does.
func restConfig(t *testing.T, kubeconfig string) *rest.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "webhook.kubeconfig")
	require.NoError(t, os.WriteFile(path, []byte(kubeconfig), 0o600))
	c, err := upstreamutil.LoadKubeconfig(path, nil)
	require.NoError(t, err)
	return c
}

// serveReviews serves h to those with the askerToken, and returns how to ask it.
func serveReviews(t *testing.T, h http.Handler) *rest.Config {
	t.Helper()
	askers, err := bearer.NewTokens(map[string]user.Info{askerToken: authntest.User("kube-apiserver")})
	require.NoError(t, err)
	s := httptest.NewTLSServer(authn.Middleware{Authenticator: bearer.New(askers)}.Wrap(h))
	t.Cleanup(s.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	return restConfig(t, fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c,
contexts: [{name: c, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: %q, certificate-authority-data: %s}}],
users: [{name: u, user: {token: %s}}]}`, s.URL+"/any/path?x=y", base64.StdEncoding.EncodeToString(ca), askerToken))
}

// upstreamAsker is kube-apiserver's authenticator of tokens, of that audience.
func upstreamAsker(t *testing.T, c *rest.Config, version, audience string, backoff wait.Backoff) authenticator.Token {
	t.Helper()
	a, err := upstreamwebhook.New(c, version, authenticator.Audiences{audience}, backoff)
	require.NoError(t, err)
	return authenticator.TokenFunc(func(ctx context.Context, token string) (*authenticator.Response, bool, error) {
		return a.AuthenticateToken(authenticator.WithAudiences(ctx, authenticator.Audiences{audience}), token)
	})
}

var once = wait.Backoff{Steps: 1}

// words is an authenticator that knows tokens by what they say.
var words = authenticator.TokenFunc(func(_ context.Context, token string) (*authenticator.Response, bool, error) {
	whole := &user.DefaultInfo{Name: "ann", UID: "u-1", Groups: []string{"ops", `"dev", é`}, Extra: map[string][]string{user.CredentialIDKey: {"JTI=1"}, "k": {"1", ""}}}
	switch token {
	case "whole":
		return &authenticator.Response{User: whole}, true, nil
	case "name":
		return &authenticator.Response{User: authntest.User("bob")}, true, nil
	case "for-api", "for-other":
		return &authenticator.Response{User: whole, Audiences: authenticator.Audiences{strings.TrimPrefix(token, "for-"), "more"}}, true, nil
	case "expired":
		return nil, false, authn.Errorf(authn.Expired, "a story")
	case "down":
		return nil, false, &authn.Error{Reason: authn.Unavailable, Err: errors.New("a story")}
	case "panics":
		panic("a story")
	}
	return nil, false, nil
})

// TestServedReviews has kube-apiserver's webhook ask a [webhook.Handler].
func TestServedReviews(t *testing.T) {
	silent(t)
	whole := &user.DefaultInfo{Name: "ann", UID: "u-1", Groups: []string{"ops", `"dev", é`}, Extra: map[string][]string{user.CredentialIDKey: {"JTI=1"}, "k": {"1", ""}}}
	tests := []struct {
		token string
		known []string // audiences of the handler
		want  *user.DefaultInfo
		err   string
	}{
		{"whole", []string{"api"}, whole, ""},
		{"name", []string{"other", "api"}, &user.DefaultInfo{Name: "bob"}, ""},
		{"for-api", nil, whole, ""},
		{"for-api", []string{"other"}, whole, ""},
		{"whole", nil, nil, "WrongAudience"}, // upstream would take no audiences for its own
		{"whole", []string{"other"}, nil, "WrongAudience"},
		{"for-other", nil, nil, "WrongAudience"},
		{"for-other", []string{"api"}, nil, "WrongAudience"},
		{"unknown", []string{"api"}, nil, ""},
		{"expired", []string{"api"}, nil, "Expired"},
		{"a b", []string{"api"}, nil, "Malformed"},
		{strings.Repeat("x", 20_000), []string{"api"}, nil, "Malformed"},
	}
	for _, version := range []string{"v1", "v1beta1"} {
		for _, tt := range tests {
			t.Run(fmt.Sprint(version, " ", tt.token[:min(len(tt.token), 20)], " ", tt.known), func(t *testing.T) {
				a := upstreamAsker(t, serveReviews(t, webhook.Handler(words, tt.known...)), version, "api", once)
				resp, ok, err := a.AuthenticateToken(t.Context(), tt.token)
				if tt.err != "" {
					require.EqualError(t, err, tt.err)
				} else {
					require.NoError(t, err)
				}
				require.Equal(t, tt.want != nil, ok)
				if ok {
					require.Equal(t, &authenticator.Response{User: tt.want, Audiences: authenticator.Audiences{"api"}}, resp)
				}
			})
		}
	}
}

// TestAnswersWithoutAudiences is why a Handler refuses rather than name none.
func TestAnswersWithoutAudiences(t *testing.T) {
	rv := authntest.NewReviewer(t)
	rv.Accept("whole", authntest.User("ann"))
	c := &rest.Config{Host: rv.URL(), TLSClientConfig: rest.TLSClientConfig{CAData: rv.CAPEM()}, QPS: -1}
	resp, ok, err := upstreamAsker(t, c, "v1", "api", once).AuthenticateToken(t.Context(), "whole")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, authenticator.Audiences{"api"}, resp.Audiences, "upstream takes no audiences for its own")
}

// TestServedUnavailable wants what cannot be judged to be asked again, and never to be
// "not authenticated", which kube-apiserver remembers for two minutes.
func TestServedUnavailable(t *testing.T) {
	silent(t)
	var calls atomic.Int32
	counted := func(next func(context.Context, string, int32) (*authenticator.Response, bool, error)) http.Handler {
		calls.Store(0)
		return webhook.Handler(authenticator.TokenFunc(func(ctx context.Context, token string) (*authenticator.Response, bool, error) {
			return next(ctx, token, calls.Add(1))
		}), "api")
	}
	t.Run("for a moment", func(t *testing.T) {
		h := counted(func(ctx context.Context, token string, call int32) (*authenticator.Response, bool, error) {
			if call == 1 {
				token = "down"
			}
			return words(ctx, token)
		})
		resp, ok, err := upstreamAsker(t, serveReviews(t, h), "v1", "api", once).AuthenticateToken(t.Context(), "name")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, "bob", resp.User.GetName())
		require.EqualValues(t, 2, calls.Load())
	})
	t.Run("for long", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		h := counted(func(judging context.Context, token string, call int32) (*authenticator.Response, bool, error) {
			if call == 2 {
				cancel() // whoever waits for kube-apiserver has left
			}
			return words(judging, token)
		})
		_, ok, err := upstreamAsker(t, serveReviews(t, h), "v1", "api", once).AuthenticateToken(ctx, "down")
		require.Error(t, err)
		require.False(t, ok)
	})
	t.Run("panics", func(t *testing.T) {
		h := counted(func(ctx context.Context, token string, _ int32) (*authenticator.Response, bool, error) {
			return words(ctx, token)
		})
		_, ok, err := upstreamAsker(t, serveReviews(t, h), "v1", "api", wait.Backoff{Steps: 3, Duration: time.Millisecond, Factor: 1}).AuthenticateToken(t.Context(), "panics")
		require.ErrorContains(t, err, "the token could not be judged")
		require.NotContains(t, err.Error(), "a story")
		require.False(t, ok)
		require.EqualValues(t, 3, calls.Load())
	})
}

// TestServedToClients has client-go ask as it asks an API server.
func TestServedToClients(t *testing.T) {
	c := serveReviews(t, webhook.Handler(words, "api"))
	c.Host = strings.TrimSuffix(c.Host, "/any/path?x=y")
	client, err := authenticationclient.NewForConfig(c)
	require.NoError(t, err)
	_, err = client.TokenReviews().Create(t.Context(), &authenticationv1.TokenReview{}, metav1.CreateOptions{})
	require.EqualError(t, err, "want the Content-Type application/json", "these clients send protobuf unless told otherwise")

	c.ContentType = runtime.ContentTypeJSON
	client, err = authenticationclient.NewForConfig(c)
	require.NoError(t, err)
	for token, want := range map[string]authenticationv1.TokenReviewStatus{
		"name":    {Authenticated: true, User: authenticationv1.UserInfo{Username: "bob"}, Audiences: []string{"api"}},
		"unknown": {},
		"expired": {Error: "Expired"},
	} {
		rv := &authenticationv1.TokenReview{ObjectMeta: metav1.ObjectMeta{Name: "x", Labels: map[string]string{"a": "b"}}, Spec: authenticationv1.TokenReviewSpec{Token: token}}
		got, err := client.TokenReviews().Create(t.Context(), rv, metav1.CreateOptions{FieldValidation: "Strict"})
		require.NoError(t, err)
		require.Equal(t, want, got.Status)
		require.Empty(t, got.Spec.Token)
	}
	_, err = client.TokenReviews().Create(t.Context(), &authenticationv1.TokenReview{}, metav1.CreateOptions{})
	require.EqualError(t, err, "spec.token: required")
}

// TestTokenReviewProgram has kube-apiserver's webhook ask examples/tokenreview with the
// kubeconfig that it prints.
func TestTokenReviewProgram(t *testing.T) {
	silent(t)
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens.csv")
	require.NoError(t, os.WriteFile(tokens, []byte("s3cret,ci,42,\"robots,builders\"\nother,ann,\n"), 0o600))
	c := restConfig(t, startTokenReview(t, dir, "-token-file", tokens, "-api-audiences", "api"))
	for _, version := range []string{"v1", "v1beta1"} {
		a := upstreamAsker(t, c, version, "api", once)
		resp, ok, err := a.AuthenticateToken(t.Context(), "s3cret")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, &user.DefaultInfo{Name: "ci", UID: "42", Groups: []string{"robots", "builders"}}, resp.User)

		_, ok, err = a.AuthenticateToken(t.Context(), "unknown")
		require.NoError(t, err)
		require.False(t, ok)

		_, _, err = upstreamAsker(t, c, version, "elsewhere", once).AuthenticateToken(t.Context(), "s3cret")
		require.EqualError(t, err, "WrongAudience")
	}
	c.TLSClientConfig.CertData, c.TLSClientConfig.KeyData = nil, nil
	_, ok, err := upstreamAsker(t, c, "v1", "api", once).AuthenticateToken(t.Context(), "s3cret")
	require.EqualError(t, err, "Unauthorized")
	require.False(t, ok)
}

// startTokenReview builds and runs the program until the test is over, and returns the
// kubeconfig that it prints.
func startTokenReview(t *testing.T, dir string, args ...string) string {
	t.Helper()
	binary := filepath.Join(dir, "tokenreview")
	build := exec.Command("go", "build", "-o", binary, "./examples/tokenreview")
	build.Dir = "../.."
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	cmd := exec.Command(binary, args...)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		_, _ = io.Copy(io.Discard, stdout) // until it ends
		require.NoError(t, cmd.Wait())
	})
	var kubeconfig strings.Builder
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		fmt.Fprintln(&kubeconfig, lines.Text())
		if strings.HasPrefix(lines.Text(), "current-context:") {
			return kubeconfig.String()
		}
	}
	require.Fail(t, "it ended", kubeconfig.String())
	return ""
}
