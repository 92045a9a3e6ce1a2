// Package listers looks the Secrets of bootstrap tokens up in what a client-go
// informer knows, as kube-apiserver does.
//
// A look-up asks no server: it is as fast as a map, and knows of a change when the
// informer does, well within a second as long as it is connected. [bootstrap.Secrets]
// of this package do not know when they have changed, so a cache around the
// authenticator remembers an answer for its TTL, also that a token was not known.
//
// Let the informer see no more than it needs: the namespace kube-system, and of that
// the Secrets whose type is bootstrap.kubernetes.io/token (a field selector on "type").
// The program needs the right to list and watch them, with which it can read all
// bootstrap tokens.
//
//	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace("kube-system"),
//		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.FieldSelector = "type=" + bootstrap.Type }))
//	secrets := factory.Core().V1().Secrets()
//	synced := secrets.Informer().HasSynced
//	auth := bootstrap.New(listers.New(secrets.Lister().Secrets("kube-system"), &listers.Options{HasSynced: synced}), nil)
//	factory.Start(ctx.Done())
package listers

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corelisters "k8s.io/client-go/listers/core/v1"

	"github.com/authnchain/authnchain/bearer/bootstrap"
)

// Options are the settings that are rarely needed.
type Options struct {
	// HasSynced is the informer's. Until it returns true, a token whose Secret is not
	// there is unavailable, and [Secrets.HealthCheck] says so. Nil means that who makes
	// the Secrets has waited for it: before, good tokens would look unknown.
	HasSynced func() bool
}

// Secrets implements [bootstrap.Secrets]. [New] makes one.
type Secrets struct {
	lister    corelisters.SecretNamespaceLister
	hasSynced func() bool
}

var errNotSynced = errors.New("the informer has not synced yet")

// New returns the Secrets that lister has, which must be that of the namespace
// kube-system, such as informers.Core().V1().Secrets().Lister().Secrets("kube-system").
// o may be nil. It panics if lister is nil.
func New(lister corelisters.SecretNamespaceLister, o *Options) *Secrets {
	if lister == nil {
		panic("listers.New: lister is nil")
	}
	s := &Secrets{lister: lister}
	if o != nil {
		s.hasSynced = o.HasSynced
	}
	return s
}

// Secret implements [bootstrap.Secrets].
func (s *Secrets) Secret(_ context.Context, name string) (*bootstrap.Secret, error) {
	synced := s.HealthCheck() // before looking, lest it sync between the two
	found, err := s.lister.Get(name)
	switch {
	case apierrors.IsNotFound(err) && synced != nil:
		return nil, synced
	case apierrors.IsNotFound(err):
		return nil, bootstrap.ErrNotFound
	case err != nil:
		return nil, err
	}
	return &bootstrap.Secret{Type: string(found.Type), Data: found.Data, Deleted: found.DeletionTimestamp != nil}, nil
}

// HealthCheck returns nil once the informer has synced, if it was said how to tell.
func (s *Secrets) HealthCheck() error {
	if s.hasSynced != nil && !s.hasSynced() {
		return errNotSynced
	}
	return nil
}
