package main

import (
	"context"
	"fmt"
	"net/http"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer/bootstrap"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

const (
	clusterIssuer  = "https://kubernetes.default.svc.cluster.local"
	bootstrapID    = "07401b"
	bootstrapToken = bootstrapID + ".f395accd246ae52d"
)

// newCluster returns an API server that has keys, the account "web" of the
// namespace "shop", and one pod of it.
func newCluster(p *process) *authntest.Issuer {
	api := authntest.NewIssuer(p)
	api.Handle("/openid/v1/jwks", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(api.KeySet()) }))
	api.Handle("/api/v1/namespaces/shop/serviceaccounts/web", object("ServiceAccount", "web", "account-1"))
	api.Handle("/api/v1/namespaces/shop/pods/web-1", object("PartialObjectMetadata", "web-1", "pod-1"))
	api.Handle("/api/v1/namespaces/shop/pods/web-0", notFound())
	return api
}

// object answers as an API server does that has an object.
func object(kind, name, uid string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"kind":%q,"metadata":{"namespace":"shop","name":%q,"uid":%q}}`, kind, name, uid)
	}
}

// notFound answers as an API server does that has no such object.
func notFound() http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`)
	}
}

// podToken is what the kubelet of the cluster gives a pod for the tour's audience.
func (w *world) podToken(name, uid string) string {
	return w.cluster.Sign("ES256", map[string]any{
		"iss": clusterIssuer, "aud": []string{audience}, "sub": "system:serviceaccount:shop:web",
		"kubernetes.io": map[string]any{
			"namespace":      "shop",
			"serviceaccount": map[string]any{"name": "web", "uid": "account-1"},
			"pod":            map[string]any{"name": name, "uid": uid},
		},
	}, nil)
}

// pods authenticates the cluster's tokens.
func (w *world) pods() (*serviceaccount.Authenticator, error) {
	cluster, err := serviceaccount.NewCluster(&serviceaccount.ClusterOptions{URL: w.cluster.URL(), Client: w.cluster.Client()})
	if err != nil {
		return nil, err
	}
	return serviceaccount.New(serviceaccount.Config{
		Issuers: []string{clusterIssuer}, Audiences: authenticator.Audiences{audience}, Keys: cluster.Keys(), Objects: cluster,
	}, nil)
}

// secrets has one bootstrap token. A server has them in a folder or an informer.
type secrets struct{}

func (secrets) Secret(_ context.Context, name string) (*bootstrap.Secret, error) {
	if name != bootstrap.Prefix+bootstrapID {
		return nil, bootstrap.ErrNotFound
	}
	return &bootstrap.Secret{Type: bootstrap.Type, Data: map[string][]byte{
		"token-id":                       []byte(bootstrapID),
		"token-secret":                   []byte(bootstrapToken[len(bootstrapID)+1:]),
		"usage-bootstrap-authentication": []byte("true"),
		"auth-extra-groups":              []byte("system:bootstrappers:racks"),
	}}, nil
}
