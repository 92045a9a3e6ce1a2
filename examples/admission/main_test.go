package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

const (
	issuerURL = "https://kubernetes.default.svc.cluster.local"
	audience  = "https://checks.default.svc:443/validate"
)

type object = map[string]any

// newAPIServer returns an API server that has the keys, the accounts and the
// configurations.
func newAPIServer(t *testing.T) *authntest.Issuer {
	t.Helper()
	s := authntest.NewIssuer(t)
	s.Handle("/openid/v1/jwks", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(s.KeySet()) }))
	for path, uid := range map[string]string{
		"/api/v1/namespaces/kube-system/serviceaccounts/apiserver": "a1",
		"/api/v1/namespaces/kube-system/pods/apiserver":            "p1",

		"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/checks": "v1",
		"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/others": "v2",
		"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/checks":   "m1",
	} {
		name := path[bytes.LastIndexByte([]byte(path), '/')+1:]
		kind := "PartialObjectMetadata"
		if uid == "a1" {
			kind = "ServiceAccount"
		}
		s.Handle(path, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"kind":%q,"metadata":{"name":%q,"uid":%q}}`, kind, name, uid)
		}))
	}
	return s
}

// post sends a review of an object with a token, and returns what comes of it.
func post(t *testing.T, client *http.Client, url, token, group, name string) string {
	t.Helper()
	review, err := json.Marshal(object{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": object{
		"uid": "r1", "name": name, "operation": "CREATE", "resource": object{"group": group, "version": "v1", "resource": "things"},
	}})
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(review))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	if resp.StatusCode != http.StatusOK {
		return resp.Status
	}
	var answer struct {
		APIVersion, Kind string
		Response         struct {
			UID     string
			Allowed bool
			Status  struct{ Message string }
		}
	}
	require.NoError(t, json.Unmarshal(body, &answer))
	require.Equal(t, "admission.k8s.io/v1 AdmissionReview r1", answer.APIVersion+" "+answer.Kind+" "+answer.Response.UID)
	if answer.Response.Allowed {
		return "allowed"
	}
	return "denied: " + answer.Response.Status.Message
}

// Who asks must have a token that was made for asking this webhook about this group.
func TestAdmission(t *testing.T) {
	s := newAPIServer(t)
	cluster, err := serviceaccount.NewCluster(&serviceaccount.ClusterOptions{URL: s.URL(), Client: s.Client()})
	require.NoError(t, err)
	handler, err := newHandler(cluster, issuerURL, audience, "checks")
	require.NoError(t, err)
	webhook := httptest.NewTLSServer(handler)
	defer webhook.Close()

	token := func(private, changes object) string {
		k := object{"namespace": "kube-system", "serviceaccount": object{"name": "apiserver", "uid": "a1"}}
		maps.Copy(k, private)
		claims := object{
			"iss": issuerURL, "sub": "system:serviceaccount:kube-system:apiserver", "aud": []string{audience},
			"nbf": time.Now().Unix(), "exp": time.Now().Add(10 * time.Minute).Unix(), "kubernetes.io": k,
		}
		maps.Copy(claims, changes)
		return s.Sign("ES256", claims, nil)
	}
	bound := func(kind, name, uid string, groups ...string) object {
		return object{kind: object{"name": name, "uid": uid}, "attestations": object{"admissionReviewAPIGroups": groups}}
	}
	const validating, mutating = "validatingwebhookconfiguration", "mutatingwebhookconfiguration"
	const unauthorized, forbidden = "401 Unauthorized", "403 Forbidden"
	for _, row := range []struct {
		name        string
		token       string
		group       string
		object      string
		wantVerdict string
	}{
		{"an aggregated API server", token(bound(validating, "checks", "v1", "wardle.example.com"), nil), "wardle.example.com", "flunder", "allowed"},
		{"the API server", token(bound(validating, "checks", "v1", "*"), nil), "apps", "web", "allowed"},
		{"the API server, about a pod", token(bound(validating, "checks", "v1", "*"), nil), "", "web", "allowed"},
		{"what the webhook is for", token(bound(validating, "checks", "v1", "*"), nil), "apps", "tmp-1", "denied: temporary objects are not allowed"},
		{"no attestation for the group", token(bound(validating, "checks", "v1", "wardle.example.com"), nil), "apps", "web", forbidden},
		{"no attestation for the core group", token(bound(validating, "checks", "v1", "wardle.example.com"), nil), "", "web", forbidden},
		{"two groups", token(bound(validating, "checks", "v1", "*", "apps"), nil), "apps", "web", forbidden},
		{"an attestation of nothing", token(bound(validating, "checks", "v1", ""), nil), "", "web", forbidden},
		{"another configuration", token(bound(validating, "others", "v2", "*"), nil), "apps", "web", forbidden},
		{"a mutating one of the same name", token(bound(mutating, "checks", "m1", "*"), nil), "apps", "web", forbidden},
		{"not bound", token(nil, nil), "apps", "web", forbidden},
		{"not bound, and attested", token(object{"attestations": object{"admissionReviewAPIGroups": []string{"*"}}}, nil), "apps", "web", forbidden},
		{"a pod's", token(object{"pod": object{"name": "apiserver", "uid": "p1"}}, nil), "apps", "web", forbidden},
		{"no attestations", token(object{validating: object{"name": "checks", "uid": "v1"}}, nil), "apps", "web", unauthorized},
		{"a configuration that was made anew", token(bound(validating, "checks", "v0", "*"), nil), "apps", "web", unauthorized},
		{"for another webhook", token(bound(validating, "checks", "v1", "*"), object{"aud": []string{"https://others.default.svc:443/"}}), "apps", "web", unauthorized},
		{"for the API server", token(bound(validating, "checks", "v1", "*"), object{"aud": []string{issuerURL}}), "apps", "web", unauthorized},
		{"of an hour ago", token(bound(validating, "checks", "v1", "*"), object{"exp": time.Now().Add(-time.Hour).Unix()}), "apps", "web", unauthorized},
		{"of somebody else's key", authntest.NewIssuer(t).Sign("ES256", object{"iss": issuerURL, "aud": audience}, nil), "apps", "web", unauthorized},
		{"no token", "x", "apps", "web", unauthorized},
	} {
		require.Equal(t, row.wantVerdict, post(t, webhook.Client(), webhook.URL, row.token, row.group, row.object), row.name)
	}

	s.Stop() // whom nobody could ask is not let in: it may come again
	fresh := token(bound(validating, "checks", "v1", "*"), object{"jti": "fresh"})
	require.Equal(t, "503 Service Unavailable", post(t, webhook.Client(), webhook.URL, fresh, "apps", "web"))
}

// What is no review of the version that the answer is of is not answered.
func TestReviews(t *testing.T) {
	u := &user.DefaultInfo{Name: "system:serviceaccount:kube-system:apiserver", Extra: map[string][]string{
		serviceaccount.ValidatingWebhookName: {"checks"}, serviceaccount.AttestedAPIGroups: {"*"},
	}}
	for text, want := range map[string]int{
		`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"r1"}}`:      http.StatusOK,
		`{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"r1"}}`: http.StatusBadRequest,
		`{"apiVersion":"admission.k8s.io/v1","kind":"TokenReview","request":{"uid":"r1"}}`:          http.StatusBadRequest,
		`{"request":{"uid":"r1"}}`:                                      http.StatusBadRequest,
		`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`: http.StatusBadRequest,
		`null`: http.StatusBadRequest,
		``:     http.StatusBadRequest,
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(text))
		review(w, r.WithContext(authn.WithUser(r.Context(), u)), "checks")
		require.Equal(t, want, w.Code, text)
	}
}
