package authn_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/union"
)

func TestChallenge(t *testing.T) {
	const auth = "Authorization"
	tests := []struct {
		name   string
		m      authn.Middleware
		header []string
		want   string
	}{
		{"no credential", authn.Middleware{}, nil, `Bearer realm="api"`},
		{"other scheme", authn.Middleware{}, []string{auth, "Basic YTpi"}, `Bearer realm="api"`},
		{"bearer", authn.Middleware{}, []string{auth, "Bearer x"}, `Bearer realm="api", error="invalid_token"`},
		{"bearer, other case", authn.Middleware{}, []string{auth, "bEARER x"}, `Bearer realm="api", error="invalid_token"`},
		{"bearer, no token", authn.Middleware{}, []string{auth, "Bearer"}, `Bearer realm="api", error="invalid_token"`},
		{"bearer, second header", authn.Middleware{}, []string{auth, "Basic YTpi", auth, "Bearer x"}, `Bearer realm="api", error="invalid_token"`},
		{"DPoP", authn.Middleware{}, []string{auth, "DPoP x"}, `DPoP realm="api", error="invalid_token"`},
		{"DPoP, other case", authn.Middleware{}, []string{auth, "dpop x"}, `DPoP realm="api", error="invalid_token"`},
		{"DPoP, no token", authn.Middleware{}, []string{auth, "DPoP"}, `DPoP realm="api", error="invalid_token"`},
		{"DPoP, second header", authn.Middleware{}, []string{auth, "Basic YTpi", auth, "DPoP x"}, `DPoP realm="api", error="invalid_token"`},
		{"DPoP and bearer", authn.Middleware{}, []string{auth, "DPoP x", auth, "Bearer x"}, `Bearer realm="api", error="invalid_token"`},
		{"WebSocket", authn.Middleware{}, []string{"Sec-WebSocket-Protocol", "v1, base64url.bearer.authorization.k8s.io.eA"}, `Bearer realm="api", error="invalid_token"`},
		{"WebSocket without a token", authn.Middleware{}, []string{"Sec-WebSocket-Protocol", "v1"}, `Bearer realm="api"`},
		{"a proof alone", authn.Middleware{}, []string{"DPoP", "x"}, `Bearer realm="api"`},
		{"a scheme like DPoP", authn.Middleware{}, []string{auth, "DPoPs x"}, `Bearer realm="api"`},
		{"DPoP, all", authn.Middleware{Realm: "r", ResourceMetadata: "https://x.test"}, []string{auth, "DPoP x"}, `DPoP realm="r", error="invalid_token", resource_metadata="https://x.test"`},
		{"short", authn.Middleware{}, []string{auth, "Bear"}, `Bearer realm="api"`},
		{"empty", authn.Middleware{}, []string{auth, ""}, `Bearer realm="api"`},
		{"realm", authn.Middleware{Realm: "the pods"}, nil, `Bearer realm="the pods"`},
		{"realm in need of quotes", authn.Middleware{Realm: `a "b" \c`}, nil, `Bearer realm="a \"b\" \\c"`},
		{"realm with controls", authn.Middleware{Realm: "a\r\nSet-Cookie: x\x00\x7f\tb"}, nil, `Bearer realm="aSet-Cookie: xb"`},
		{"realm beyond ASCII", authn.Middleware{Realm: "é"}, nil, `Bearer realm="é"`},
		{"metadata", authn.Middleware{ResourceMetadata: "https://x.test/.well-known/oauth-protected-resource"}, nil, `Bearer realm="api", resource_metadata="https://x.test/.well-known/oauth-protected-resource"`},
		{"metadata in need of quotes", authn.Middleware{ResourceMetadata: "https://x.test/\"\n\\"}, nil, `Bearer realm="api", resource_metadata="https://x.test/\"\\"`},
		{"all", authn.Middleware{Realm: "r", ResourceMetadata: "https://x.test"}, []string{auth, "Bearer x"}, `Bearer realm="r", error="invalid_token", resource_metadata="https://x.test"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.m.Authenticator = refuses("", errors.New("no"))
			w := serve(tt.m, request(tt.header...))
			require.Equal(t, 401, w.Code)
			require.Equal(t, []string{tt.want}, w.Header()["Www-Authenticate"])
			require.Empty(t, w.Header()["Retry-After"])
			require.Equal(t, "Unauthorized\n", w.Body.String())

			tt.m.Authenticator = authntest.As(authntest.User("ann"))
			w = serve(tt.m, request(tt.header...))
			require.Equal(t, 200, w.Code)
			require.Empty(t, w.Header()["Www-Authenticate"])
		})
	}
}

func TestUnavailable(t *testing.T) {
	down := func(after time.Duration) error {
		return &authn.Error{Reason: authn.Unavailable, Err: errors.New("down"), RetryAfter: after}
	}
	expired := &authn.Error{Reason: authn.Expired, Err: errors.New("late"), RetryAfter: time.Second}
	tests := []struct {
		name string
		errs []error
		want string
	}{
		{"unknown", []error{down(0)}, "1"},
		{"negative", []error{down(-time.Minute)}, "1"},
		{"a second", []error{down(time.Second)}, "1"},
		{"rounded up from little", []error{down(time.Millisecond)}, "1"},
		{"rounded up", []error{down(time.Second + 1)}, "2"},
		{"rounded up, longer", []error{down(29*time.Second + 900*time.Millisecond)}, "30"},
		{"the shortest", []error{down(7 * time.Second), down(3 * time.Second), down(5 * time.Second)}, "3"},
		{"the only one known", []error{down(0), down(9 * time.Second), down(0)}, "9"},
		{"with refusals", []error{errors.New("no"), down(4 * time.Second)}, "4"},
		{"not that of a refusal", []error{expired, down(4 * time.Second)}, "4"},
		{"hours", []error{down(2 * time.Hour)}, "7200"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := authn.Middleware{Authenticator: refuses("", &union.Error{Errors: tt.errs})}
			w := serve(m, request("Authorization", "Bearer x"))
			require.Equal(t, 503, w.Code)
			require.Equal(t, []string{tt.want}, w.Header()["Retry-After"])
			require.Empty(t, w.Header()["Www-Authenticate"])
			require.Equal(t, "Service Unavailable\n", w.Body.String())
		})
	}
}

func TestStatus(t *testing.T) {
	tests := []struct {
		accept []string
		json   bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"*/*"}, false},
		{[]string{"application/*"}, false},
		{[]string{"text/html"}, false},
		{[]string{"application/jsonp"}, false},
		{[]string{"application/json;q=0"}, false},
		{[]string{"application/json; charset=utf-8; Q=0.000"}, false},
		{[]string{"application/json;q=high"}, false},
		{[]string{"application/vnd.kubernetes.protobuf"}, false},
		{[]string{"application/json"}, true},
		{[]string{"Application/JSON"}, true},
		{[]string{" application/json ; q=0.1 "}, true},
		{[]string{"application/json, */*"}, true},
		{[]string{"text/html,application/json;as=Table;v=v1;g=meta.k8s.io"}, true},
		{[]string{"application/vnd.kubernetes.protobuf,application/json"}, true},
		{[]string{"text/plain", "application/json"}, true},
	}
	answers := []struct {
		err    error
		code   int
		text   string
		reason metav1.StatusReason
		is     func(error) bool
	}{
		{errors.New("secret"), 401, "Unauthorized", metav1.StatusReasonUnauthorized, apierrors.IsUnauthorized},
		{authn.Errorf(authn.Unavailable, "secret"), 503, "Service Unavailable", metav1.StatusReasonServiceUnavailable, apierrors.IsServiceUnavailable},
		{authn.Errorf(authn.Panicked, "secret"), 500, "Internal Server Error", metav1.StatusReasonInternalError, apierrors.IsInternalError},
	}
	for _, tt := range tests {
		for _, want := range answers {
			r := request()
			r.Header["Accept"] = tt.accept
			w := serve(authn.Middleware{Authenticator: refuses("", want.err)}, r)
			require.Equal(t, want.code, w.Code)
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
			if !tt.json {
				require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"), "%q", tt.accept)
				require.Equal(t, want.text+"\n", w.Body.String())
				continue
			}
			require.Equal(t, "application/json", w.Header().Get("Content-Type"), "%q", tt.accept)
			status := statusOf(t, w)
			require.Equal(t, metav1.Status{
				TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
				Status:   metav1.StatusFailure, Message: want.text, Reason: want.reason, Code: int32(want.code),
			}, status)
			require.True(t, want.is(apierrors.FromObject(&status)))
		}
	}
}

// statusOf is what a Kubernetes client reads.
func statusOf(t *testing.T, w *httptest.ResponseRecorder) (status metav1.Status) {
	t.Helper()
	d := json.NewDecoder(w.Body)
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&status))
	return status
}

// kube-apiserver says 401 whatever happened.
func TestPlainUnauthorized(t *testing.T) {
	for _, err := range []error{nil, errors.New("no"), authn.Errorf(authn.Unavailable, "down")} {
		m := authn.Middleware{Authenticator: refuses("", err), Unauthorized: authn.PlainUnauthorized}
		w := serve(m, request("Authorization", "Bearer x"))
		require.Equal(t, 401, w.Code)
		require.Equal(t, "Unauthorized\n", w.Body.String())
		require.Empty(t, w.Header()["Www-Authenticate"])
		require.Empty(t, w.Header()["Retry-After"])

		w = serve(m, request("Accept", "application/json"))
		require.EqualValues(t, 401, statusOf(t, w).Code)
	}
	w := serve(authn.Middleware{Authenticator: panics("boom"), Unauthorized: authn.PlainUnauthorized}, request())
	require.Equal(t, 500, w.Code)
	require.Equal(t, "Internal Server Error\n", w.Body.String())
}

// What an outer handler has said of its own body is not true of the answer.
func TestAnswerHeaders(t *testing.T) {
	w := httptest.NewRecorder()
	for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified"} {
		w.Header().Set(name, "5")
	}
	w.Header().Set("X-Frame-Options", "DENY")
	authn.Middleware{Authenticator: authntest.As(nil)}.Wrap(http.NotFoundHandler()).ServeHTTP(w, request())
	require.Equal(t, http.Header{
		"Cache-Control":          {"no-store"},
		"Content-Type":           {"text/plain; charset=utf-8"},
		"Www-Authenticate":       {`Bearer realm="api"`},
		"X-Content-Type-Options": {"nosniff"},
		"X-Frame-Options":        {"DENY"},
	}, w.Header())
}

// An application may answer by itself: it is given the caller's request and the
// error that Authenticate returns.
func TestUnauthorized(t *testing.T) {
	no := errors.New("no")
	caller := request("Authorization", "Bearer x")
	m := authn.Middleware{Authenticator: refuses("", no), Unauthorized: func(w http.ResponseWriter, r *http.Request, err error) {
		require.Same(t, caller, r)
		require.Equal(t, no, err)
		w.WriteHeader(http.StatusTeapot)
	}}
	require.Equal(t, http.StatusTeapot, serve(m, caller).Code)
}

// A bad proof does not make a client drop its token (RFC 9449, section 7.1).
func TestRefuseProof(t *testing.T) {
	for _, tt := range []struct {
		scheme string
		reason authn.Reason
		want   string
	}{
		{"DPoP", authn.BadProof, `DPoP realm="api", error="invalid_dpop_proof"`},
		{"DPoP", authn.Expired, `DPoP realm="api", error="invalid_token"`},
		{"Bearer", authn.BadProof, `Bearer realm="api", error="invalid_token"`},
	} {
		r := request()
		r.Header.Set("Authorization", tt.scheme+" x")
		w := httptest.NewRecorder()
		authn.Middleware{}.Refuse(w, r, authn.Errorf(tt.reason, "secret"))
		require.Equal(t, 401, w.Code)
		require.Equal(t, tt.want, w.Header().Get("WWW-Authenticate"))
	}
}
