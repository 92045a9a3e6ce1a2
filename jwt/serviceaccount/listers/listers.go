// Package listers looks up what service account tokens depend on in the caches of
// client-go, for package serviceaccount:
//
//	cluster, err := serviceaccount.NewCluster(nil)
//	client, err := kubernetes.NewForConfig(config) // of rest.InClusterConfig
//	factory := informers.NewSharedInformerFactory(client, 0)
//	accounts, running := factory.Core().V1().ServiceAccounts(), factory.Core().V1().Pods()
//	objects := &listers.Objects{
//		ServiceAccounts: accounts.Lister(),
//		Pods:            running.Lister(),
//		HasSynced:       func() bool { return accounts.Informer().HasSynced() && running.Informer().HasSynced() },
//		Live:            cluster,
//	}
//	pods, err := serviceaccount.New(serviceaccount.Config{
//		Issuers: issuers, Audiences: audiences, Keys: cluster.Keys(), Objects: objects,
//	}, nil)
//	factory.Start(ctx.Done())
//
// A cache is behind the cluster, by little as a rule. What is not in it, or is there with
// another UID than the token's, is looked up where [Objects].Live says, so that the token
// of a new pod is good at once. What is in it is believed: that something was deleted is
// noticed when the cache is told.
//
// Whoever looks up must be allowed to: list and watch for the caches, and get for Live, of
// the kinds that tokens may be bound to. A client that does so with a token of a service
// account must not do so at a server that has its tokens judged by these Objects.
package listers

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	admissionlisters "k8s.io/client-go/listers/admissionregistration/v1"
	corelisters "k8s.io/client-go/listers/core/v1"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

// Objects are the objects of a cluster in caches, and where they come from. A kind without
// a lister is looked up by Live alone; if that is nil too, tokens that depend on it are
// [authn.Unavailable]. They must not be changed once they are in use.
type Objects struct {
	ServiceAccounts corelisters.ServiceAccountLister
	Secrets         corelisters.SecretLister
	Pods            corelisters.PodLister
	Nodes           corelisters.NodeLister

	ValidatingWebhookConfigurations admissionlisters.ValidatingWebhookConfigurationLister
	MutatingWebhookConfigurations   admissionlisters.MutatingWebhookConfigurationLister

	// HasSynced reports whether the caches have been filled, as the HasSynced of informers do.
	// Until then, what they have not got makes a token [authn.Unavailable], unless Live
	// knows. Nil means that they are full.
	HasSynced func() bool

	// Live is asked about what the caches have not got, or have with another UID: a
	// [serviceaccount.Cluster], or another. Nil means that nobody is asked, and that the token
	// of a new account, or of one made anew, is refused until the cache has heard of it.
	Live serviceaccount.Objects

	// Timeout is how long Live is waited for. Zero means five seconds.
	Timeout time.Duration
}

const defaultTimeout = 5 * time.Second

// Object implements [serviceaccount.Objects].
func (o *Objects) Object(ctx context.Context, r serviceaccount.Reference) (serviceaccount.Object, error) {
	late := o.HealthCheck() // before looking, lest they be filled between the two
	found, err := o.cached(r)
	if err == nil && (r.UID == "" || found.UID == r.UID) {
		return found, nil
	}
	if o.Live != nil {
		return o.live(ctx, r)
	}
	if late != nil {
		return serviceaccount.Object{}, authn.Errorf(authn.Unavailable, "the caches are not full yet")
	}
	return found, err
}

// live asks where the objects come from.
func (o *Objects) live(ctx context.Context, r serviceaccount.Reference) (serviceaccount.Object, error) {
	timeout := o.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return o.Live.Object(ctx, r)
}

// HealthCheck returns an error until the caches are full.
func (o *Objects) HealthCheck() error {
	if o.HasSynced != nil && !o.HasSynced() {
		return errors.New("objects: the caches are not full yet")
	}
	return nil
}

// cached looks in the cache for the kind.
func (o *Objects) cached(r serviceaccount.Reference) (serviceaccount.Object, error) {
	switch r.Kind {
	case serviceaccount.ServiceAccount:
		if o.ServiceAccounts != nil {
			return fromAccount(o.ServiceAccounts.ServiceAccounts(r.Namespace).Get(r.Name))
		}
	case serviceaccount.Secret:
		if o.Secrets != nil {
			return fromSecret(o.Secrets.Secrets(r.Namespace).Get(r.Name))
		}
	case serviceaccount.Pod:
		if o.Pods != nil {
			return from(o.Pods.Pods(r.Namespace).Get(r.Name))
		}
	case serviceaccount.Node:
		if o.Nodes != nil {
			return from(o.Nodes.Get(r.Name))
		}
	case serviceaccount.ValidatingWebhookConfiguration:
		if o.ValidatingWebhookConfigurations != nil {
			return from(o.ValidatingWebhookConfigurations.Get(r.Name))
		}
	case serviceaccount.MutatingWebhookConfiguration:
		if o.MutatingWebhookConfigurations != nil {
			return from(o.MutatingWebhookConfigurations.Get(r.Name))
		}
	}
	return serviceaccount.Object{}, authn.Errorf(authn.Unavailable, "there is no lister of this kind")
}

// from returns what counts of an object that was found, or why it was not.
func from[T metav1.Object](object T, err error) (found serviceaccount.Object, _ error) {
	switch {
	case apierrors.IsNotFound(err):
		return found, serviceaccount.ErrNotFound
	case err != nil:
		return found, fmt.Errorf("look-up: %w", err)
	}
	found.UID = string(object.GetUID())
	if deleted := object.GetDeletionTimestamp(); deleted != nil {
		if found.Deleted = deleted.Time; deleted.IsZero() { // which would count as none
			return serviceaccount.Object{}, errors.New("it was deleted, and nobody knows when")
		}
	}
	return found, nil
}

func fromAccount(account *corev1.ServiceAccount, err error) (serviceaccount.Object, error) {
	found, err := from(account, err)
	if err != nil {
		return found, err
	}
	for _, secret := range account.Secrets {
		found.Secrets = append(found.Secrets, secret.Name)
	}
	return found, nil
}

func fromSecret(secret *corev1.Secret, err error) (serviceaccount.Object, error) {
	found, err := from(secret, err)
	if err != nil {
		return found, err
	}
	found.Token = secret.Data[corev1.ServiceAccountTokenKey]
	found.InvalidSince = secret.Labels["kubernetes.io/legacy-token-invalid-since"]
	found.LastUsed = secret.Labels["kubernetes.io/legacy-token-last-used"]
	return found, nil
}
