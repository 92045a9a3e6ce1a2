// Admission is a validating admission webhook that answers nobody but API servers that
// were configured to ask it. Its callers prove that by a service account token that is
// bound to the webhook's configuration and attests the API group of the object in
// question (Kubernetes enhancement 6060, alpha in 1.37: the feature gate
// APIServerWebhookAuthenticationToken).
//
// It runs as a pod, whose account must be allowed to get serviceaccounts and
// validatingwebhookconfigurations:
//
//	admission -configuration checks.example.com -audience https://checks.default.svc:443/validate
package main

import (
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

func main() {
	issuer := flag.String("issuer", "https://kubernetes.default.svc.cluster.local", "the cluster's --service-account-issuer")
	audience := flag.String("audience", "", "the URL in the configuration, or https://NAME.NAMESPACE.svc:PORT/PATH of its service, where PORT is 443 and PATH empty if it has none")
	configuration := flag.String("configuration", "", "the name of the ValidatingWebhookConfiguration")
	listen := flag.String("listen", ":8443", "address")
	flag.Parse()
	if *audience == "" || *configuration == "" {
		log.Fatal("-audience and -configuration are required")
	}
	cluster, err := serviceaccount.NewCluster(nil)
	if err != nil {
		log.Fatal(err)
	}
	handler, err := newHandler(cluster, *issuer, *audience, *configuration)
	if err != nil {
		log.Fatal(err)
	}
	s := &http.Server{Addr: *listen, Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
	log.Fatal(s.ListenAndServeTLS("tls.crt", "tls.key"))
}

// newHandler returns the webhook.
func newHandler(cluster *serviceaccount.Cluster, issuer, audience, configuration string) (http.Handler, error) {
	tokens, err := serviceaccount.New(serviceaccount.Config{
		Issuers: []string{issuer}, Audiences: authenticator.Audiences{audience}, Keys: cluster.Keys(), Objects: cluster,
	}, nil)
	if err != nil {
		return nil, err
	}
	review := func(w http.ResponseWriter, r *http.Request) { review(w, r, configuration) }
	return authn.Middleware{Authenticator: bearer.New(bearer.Cached(tokens, nil))}.Wrap(http.HandlerFunc(review)), nil
}

// review answers an AdmissionReview, if its sender may ask about objects of this group.
func review(w http.ResponseWriter, r *http.Request, configuration string) {
	var review admissionv1.AdmissionReview
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 8<<20)).Decode(&review)
	if err != nil || review.GroupVersionKind() != admissionv1.SchemeGroupVersion.WithKind("AdmissionReview") || review.Request == nil {
		http.Error(w, "not an AdmissionReview of admission.k8s.io/v1", http.StatusBadRequest)
		return
	}
	if u, ok := authn.UserFrom(r.Context()); !ok || !attests(u, configuration, review.Request.Resource.Group) {
		http.Error(w, "not an API server that may ask this", http.StatusForbidden)
		return
	}
	review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	if strings.HasPrefix(review.Request.Name, "tmp-") { // what this webhook is for
		review.Response.Allowed, review.Response.Result = false, &metav1.Status{Message: "temporary objects are not allowed"}
	}
	review.Request = nil
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review)
}

// attests reports whether u has a token that is bound to this configuration and was made
// for reviews of this API group. The core group is called "", which nobody attests, so its
// reviews need "*", which the API server itself has.
func attests(u user.Info, configuration, group string) bool {
	names, groups := u.GetExtra()[serviceaccount.ValidatingWebhookName], u.GetExtra()[serviceaccount.AttestedAPIGroups]
	return slices.Equal(names, []string{configuration}) &&
		(slices.Equal(groups, []string{"*"}) || group != "" && slices.Equal(groups, []string{group}))
}
