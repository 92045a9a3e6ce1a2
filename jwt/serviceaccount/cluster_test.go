package serviceaccount_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

// apiServer is an API server, and the folder of a pod that asks it.
type apiServer struct {
	*authntest.Issuer
	folder string

	mu       sync.Mutex
	bodies   map[string]string // by path
	requests []string
}

func newAPIServer(t *testing.T) *apiServer {
	t.Helper()
	s := &apiServer{Issuer: newIssuer(t), folder: t.TempDir(), bodies: map[string]string{}}
	s.Handle("/openid/v1/jwks", s.told(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(s.KeySet()) }))
	s.write(t, "ca.crt", string(s.CAPEM()))
	s.write(t, "token", "first\n")
	return s
}

func (s *apiServer) write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600))
}

// told notes the requests that h answers.
func (s *apiServer) told(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.URL.Path+" "+r.Header.Get("Authorization")+" "+r.Header.Get("Accept"))
		s.mu.Unlock()
		h(w, r)
	})
}

// has has the server answer a path.
func (s *apiServer) has(path string, status int, body string) {
	s.Handle(path, s.told(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
}

func (s *apiServer) cluster(t *testing.T) *serviceaccount.Cluster {
	t.Helper()
	c, err := serviceaccount.NewCluster(&serviceaccount.ClusterOptions{URL: s.URL(), Folder: s.folder})
	require.NoError(t, err)
	return c
}

// A pod has the keys and the objects of its cluster, and asks with its token of the day.
func TestCluster(t *testing.T) {
	s := newAPIServer(t)
	s.has("/api/v1/namespaces/default/serviceaccounts/web", http.StatusOK, `{"kind":"ServiceAccount","metadata":{"name":"web","uid":"account-uid"},"secrets":[{"name":"x"}]}`)
	s.has("/api/v1/namespaces/default/pods/web-1", http.StatusOK, `{"kind":"PartialObjectMetadata","metadata":{"name":"web-1","uid":"pod-uid","deletionTimestamp":"2026-01-01T11:59:30Z"}}`)
	c := s.cluster(t)
	auth := newAuth(t, c.Keys(), c)
	token := s.Sign("ES256", bound(object{"pod": ref("web-1", "pod-uid")}), nil)
	want := web(map[string][]string{extra + "pod-name": {"web-1"}, extra + "pod-uid": {"pod-uid"}})
	require.Equal(t, want, ask(t, auth, token))
	s.write(t, "token", "second\n")
	require.Equal(t, want, ask(t, auth, token))
	require.NoError(t, auth.HealthCheck())
	const account, pod, partial = "/api/v1/namespaces/default/serviceaccounts/web Bearer ", "/api/v1/namespaces/default/pods/web-1 Bearer ", " application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
	require.Equal(t, []string{
		"/openid/v1/jwks Bearer first application/jwk-set+json, application/json, */*;q=0.1",
		account + "first application/json", pod + "first" + partial, account + "second application/json", pod + "second" + partial,
	}, s.requests)

	before := auth.Generation()
	s.Rotate()
	require.Equal(t, want, ask(t, auth, s.Sign("ES256", bound(object{"pod": ref("web-1", "pod-uid")}), nil)))
	require.Greater(t, auth.Generation(), before)

	s.write(t, "token", "")
	got := ask(t, auth, token)
	require.Equal(t, authn.Unavailable, got.reason)
	require.Contains(t, got.text, "token: holds no token")
}

// What an API server says of an object, and what is not an API server's.
func TestClusterObjects(t *testing.T) {
	s := newAPIServer(t)
	c := s.cluster(t)
	notAnObject := "the API server's answer is not the object that was asked for"
	secret := serviceaccount.Reference{Kind: serviceaccount.Secret, Namespace: "default", Name: "s"}
	meta := func(more string) string {
		return `{"kind":"PartialObjectMetadata","metadata":{"name":"s","uid":"u"` + more + `}}`
	}
	for _, row := range []struct {
		name   string
		status int
		body   string
		want   serviceaccount.Object
		err    string // empty: none
	}{
		{"all of it", 200, `{"kind":"Secret","metadata":{"name":"s","uid":"u","labels":{"kubernetes.io/legacy-token-last-used":"a","kubernetes.io/legacy-token-invalid-since":"b"}},"data":{"token":"dG9r"}}`, serviceaccount.Object{UID: "u", Token: []byte("tok"), LastUsed: "a", InvalidSince: "b"}, ""},
		{"no token", 200, meta(``), serviceaccount.Object{UID: "u", Token: []byte{}}, ""},
		{"deleted", 200, meta(`,"deletionTimestamp":"2026-01-01T12:00:00Z"`), serviceaccount.Object{UID: "u", Token: []byte{}, Deleted: noon}, ""},
		{"not deleted", 200, meta(`,"deletionTimestamp":null,"labels":null`), serviceaccount.Object{UID: "u", Token: []byte{}}, ""},
		{"not there", 404, `{"kind":"Status","reason":"NotFound"}`, serviceaccount.Object{}, "not found"},
		{"a proxy's 404", 404, `<html>404</html>`, serviceaccount.Object{}, notAnObject},
		{"a path that is not there", 404, `{"kind":"Status","reason":"Unknown"}`, serviceaccount.Object{}, notAnObject},
		{"not there, and fine", 200, `{"kind":"Status","reason":"NotFound"}`, serviceaccount.Object{}, notAnObject},
		{"there, and not found", 404, meta(``), serviceaccount.Object{}, notAnObject},
		{"another kind", 200, `{"kind":"Pod","metadata":{"name":"s","uid":"u"}}`, serviceaccount.Object{}, notAnObject},
		{"another name", 200, `{"kind":"Secret","metadata":{"name":"t","uid":"u"}}`, serviceaccount.Object{}, notAnObject},
		{"no uid", 200, `{"kind":"Secret","metadata":{"name":"s"}}`, serviceaccount.Object{}, notAnObject},
		{"a list", 200, `[]`, serviceaccount.Object{}, notAnObject},
		{"deleted at no time", 200, meta(`,"deletionTimestamp":"yesterday"`), serviceaccount.Object{}, notAnObject},
		{"deleted at a number", 200, meta(`,"deletionTimestamp":1`), serviceaccount.Object{}, notAnObject},
		{"labels that are none", 200, meta(`,"labels":[]`), serviceaccount.Object{}, notAnObject},
		{"a label that is none", 200, meta(`,"labels":{"kubernetes.io/legacy-token-invalid-since":true}`), serviceaccount.Object{}, notAnObject},
		{"secrets that are none", 200, `{"kind":"Secret","metadata":{"name":"s","uid":"u"},"secrets":1}`, serviceaccount.Object{}, notAnObject},
		{"a token that is none", 200, `{"kind":"Secret","metadata":{"name":"s","uid":"u"},"data":{"token":"!"}}`, serviceaccount.Object{}, notAnObject},
		{"forbidden", 403, `{"kind":"Status","reason":"Forbidden"}`, serviceaccount.Object{}, "GET " + s.URL() + "/api/v1/namespaces/default/secrets/s: status 403"},
		{"too long", 200, meta(`,"x":"` + strings.Repeat("x", 1<<20) + `"`), serviceaccount.Object{}, "GET " + s.URL() + "/api/v1/namespaces/default/secrets/s: the answer has more than 1048576 bytes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s.has("/api/v1/namespaces/default/secrets/s", row.status, row.body)
			o, err := c.Object(t.Context(), secret)
			if row.err != "" {
				require.EqualError(t, err, row.err)
				require.Equal(t, row.err == "not found", err == serviceaccount.ErrNotFound)
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.want, o)
		})
	}
	_, err := c.Object(t.Context(), serviceaccount.Reference{Kind: "Gadget", Name: "g"})
	require.EqualError(t, err, "objects of this kind cannot be looked up")
	for r, path := range map[serviceaccount.Reference]string{
		{Kind: serviceaccount.Node, Name: "s"}:                           "/api/v1/nodes/s",
		{Kind: serviceaccount.ValidatingWebhookConfiguration, Name: "s"}: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/s",
		{Kind: serviceaccount.MutatingWebhookConfiguration, Name: "s"}:   "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/s",
	} {
		s.has(path, http.StatusOK, meta(``))
		_, err := c.Object(t.Context(), r)
		require.NoError(t, err)
	}
}

// An API server that is busy says when to come again.
func TestClusterRetryAfter(t *testing.T) {
	s := newAPIServer(t)
	s.Handle("/api/v1/namespaces/default/serviceaccounts/web", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	auth := newAuth(t, keysOf(s.Issuer), s.cluster(t))
	_, _, err := auth.AuthenticateToken(t.Context(), s.Sign("ES256", bound(nil), nil))
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	require.Equal(t, 7*time.Second, authn.RetryAfterOf(err))
}

// The pod's token goes to nobody but the API server.
func TestClusterRedirect(t *testing.T) {
	s, thief := newAPIServer(t), newAPIServer(t)
	s.write(t, "ca.crt", string(s.CAPEM())+string(thief.CAPEM()))
	s.Handle("/api/v1/nodes/n1", http.RedirectHandler(thief.URL()+"/api/v1/nodes/n1", http.StatusFound))
	thief.has("/api/v1/nodes/n1", http.StatusOK, `{"kind":"Node","metadata":{"name":"n1","uid":"u"}}`)
	_, err := s.cluster(t).Object(t.Context(), serviceaccount.Reference{Kind: serviceaccount.Node, Name: "n1"})
	require.EqualError(t, err, "GET "+s.URL()+"/api/v1/nodes/n1: status 302")
	require.Empty(t, thief.requests)
}

func TestNewCluster(t *testing.T) {
	s := newAPIServer(t)
	for _, row := range []struct {
		name string
		edit func(*serviceaccount.ClusterOptions)
		want string
	}{
		{"http", func(o *serviceaccount.ClusterOptions) { o.URL = "http://127.0.0.1" }, "URL: must be https"},
		{"a query", func(o *serviceaccount.ClusterOptions) { o.URL = "https://127.0.0.1/?a" }, "URL: must not have a query"},
		{"a life that is too short", func(o *serviceaccount.ClusterOptions) { o.MaxStale = time.Minute }, "jwt: keys: options: MaxStale: must be at least one hour"},
		{"no files", func(o *serviceaccount.ClusterOptions) { o.Folder = "testdata/none" }, "x509: roots: testdata/none/ca.crt: stat testdata/none/ca.crt: no such file or directory"},
	} {
		o := serviceaccount.ClusterOptions{URL: s.URL(), Folder: s.folder}
		row.edit(&o)
		_, err := serviceaccount.NewCluster(&o)
		require.EqualError(t, err, "serviceaccount: cluster: "+row.want, row.name)
	}
	require.NoError(t, os.Remove(filepath.Join(s.folder, "token")))
	_, err := serviceaccount.NewCluster(&serviceaccount.ClusterOptions{URL: s.URL(), Folder: s.folder})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = serviceaccount.NewCluster(&serviceaccount.ClusterOptions{URL: s.URL(), Client: s.Client()})
	require.NoError(t, err)
	_, err = serviceaccount.NewCluster(nil)
	require.ErrorIs(t, err, os.ErrNotExist) // this is no pod
}
