package listers_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/bootstrap"
	"github.com/authnchain/authnchain/bearer/bootstrap/listers"
)

const token = "abc123.c4n4ryc4n4ryc4n4"

// secret is the one of token, in a namespace.
func secret(namespace string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "bootstrap-token-abc123", Namespace: namespace},
		Type:       corev1.SecretTypeBootstrapToken,
		Data: map[string][]byte{
			"token-id": []byte("abc123"), "token-secret": []byte("c4n4ryc4n4ryc4n4"), "usage-bootstrap-authentication": []byte("true"),
			"auth-extra-groups": []byte("system:bootstrappers:kubeadm:default-node-token"),
		},
	}
}

// store is what an informer fills, and a lister reads.
func store() (cache.Indexer, corelisters.SecretNamespaceLister) {
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	return indexer, corelisters.NewSecretLister(indexer).Secrets("kube-system")
}

// ask returns the groups of token's user, or what the trace has.
func ask(t *testing.T, auth *bootstrap.Authenticator) ([]string, string) {
	t.Helper()
	ctx, trace := authn.WithTrace(t.Context())
	resp, ok, _ := authn.AskToken(ctx, auth, token)
	require.NotContains(t, trace.String(), "c4n4ry")
	link := trace.Result().Links[0]
	if !ok {
		return nil, string(link.Verdict) + ": " + link.Detail
	}
	require.Equal(t, "system:bootstrap:abc123", resp.User.GetName())
	return resp.User.GetGroups(), ""
}

// What the informer learns counts at once.
func TestSecrets(t *testing.T) {
	indexer, lister := store()
	auth := bootstrap.New(listers.New(lister, nil), nil)
	require.NoError(t, authn.HealthOf(auth))
	deleted, opaque := secret("kube-system"), secret("kube-system")
	deleted.DeletionTimestamp, opaque.Type = &metav1.Time{}, corev1.SecretTypeOpaque
	for _, step := range []struct {
		name   string
		do     func() error
		groups []string
		why    string
	}{
		{"none", func() error { return nil }, nil, "not mine: there is no Secret of its id"},
		{"in another namespace", func() error { return indexer.Add(secret("default")) }, nil, "not mine: there is no Secret of its id"},
		{"good", func() error { return indexer.Add(secret("kube-system")) }, []string{"system:bootstrappers", "system:bootstrappers:kubeadm:default-node-token"}, ""},
		{"being deleted", func() error { return indexer.Update(deleted) }, nil, "not mine: Secret bootstrap-token-abc123: it is being deleted"},
		{"of another type", func() error { return indexer.Update(opaque) }, nil, `not mine: Secret bootstrap-token-abc123: its type is "Opaque", not bootstrap.kubernetes.io/token`},
		{"gone", func() error { return indexer.Delete(secret("kube-system")) }, nil, "not mine: there is no Secret of its id"},
	} {
		require.NoError(t, step.do())
		groups, why := ask(t, auth)
		require.Equal(t, step.groups, groups, step.name)
		require.Equal(t, step.why, why, step.name)
	}
}

// Before the informer has synced, what is not there may be.
func TestHasSynced(t *testing.T) {
	indexer, lister := store()
	synced := false
	auth := bootstrap.New(listers.New(lister, &listers.Options{HasSynced: func() bool { return synced }}), nil)
	require.EqualError(t, authn.HealthOf(auth), "bootstrap: the informer has not synced yet")
	_, why := ask(t, auth)
	require.Equal(t, "unavailable: Secrets cannot be looked up: the informer has not synced yet", why)
	require.NoError(t, indexer.Add(secret("kube-system")))
	groups, _ := ask(t, auth)
	require.Len(t, groups, 2)
	require.NoError(t, indexer.Delete(secret("kube-system")))
	synced = true
	_, why = ask(t, auth)
	require.Equal(t, "not mine: there is no Secret of its id", why)
	require.NoError(t, authn.HealthOf(auth))
}

type broken struct {
	corelisters.SecretNamespaceLister
}

func (broken) Get(string) (*corev1.Secret, error)             { return nil, errors.New("on fire") }
func (broken) List(labels.Selector) ([]*corev1.Secret, error) { return nil, nil }

func TestErrors(t *testing.T) {
	_, why := ask(t, bootstrap.New(listers.New(broken{}, nil), nil))
	require.Equal(t, "unavailable: Secrets cannot be looked up: on fire", why)
	require.PanicsWithValue(t, "listers.New: lister is nil", func() { listers.New(nil, nil) })
}
