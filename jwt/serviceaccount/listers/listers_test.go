package listers_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	admissionlisters "k8s.io/client-go/listers/admissionregistration/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
	"github.com/authnchain/authnchain/jwt/serviceaccount/listers"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// indexer is a cache with these objects in it.
func indexer(t *testing.T, objects ...any) cache.Indexer {
	t.Helper()
	i := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for _, o := range objects {
		require.NoError(t, i.Add(o))
	}
	return i
}

func meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(name + "-uid")}
}

// full are caches with one object of each kind.
func full(t *testing.T) *listers.Objects {
	t.Helper()
	secret := &corev1.Secret{ObjectMeta: meta("ns", "s"), Data: map[string][]byte{"token": []byte("tok"), "x": []byte("y")}}
	secret.Labels = map[string]string{"kubernetes.io/legacy-token-invalid-since": "2025-12-01", "kubernetes.io/legacy-token-last-used": "2025-11-30"}
	pod := &corev1.Pod{ObjectMeta: meta("ns", "p")}
	pod.DeletionTimestamp = &metav1.Time{Time: noon}
	return &listers.Objects{
		ServiceAccounts: corelisters.NewServiceAccountLister(indexer(t, &corev1.ServiceAccount{ObjectMeta: meta("ns", "a"), Secrets: []corev1.ObjectReference{{Name: "s"}, {Name: "t"}}})),
		Secrets:         corelisters.NewSecretLister(indexer(t, secret)),
		Pods:            corelisters.NewPodLister(indexer(t, pod)),
		Nodes:           corelisters.NewNodeLister(indexer(t, &corev1.Node{ObjectMeta: meta("", "n")})),
		ValidatingWebhookConfigurations: admissionlisters.NewValidatingWebhookConfigurationLister(
			indexer(t, &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: meta("", "v")})),
		MutatingWebhookConfigurations: admissionlisters.NewMutatingWebhookConfigurationLister(
			indexer(t, &admissionv1.MutatingWebhookConfiguration{ObjectMeta: meta("", "m")})),
	}
}

// references are of the objects in full.
func references() []serviceaccount.Reference {
	return []serviceaccount.Reference{
		{Kind: serviceaccount.ServiceAccount, Namespace: "ns", Name: "a"}, {Kind: serviceaccount.Secret, Namespace: "ns", Name: "s"},
		{Kind: serviceaccount.Pod, Namespace: "ns", Name: "p"}, {Kind: serviceaccount.Node, Name: "n"},
		{Kind: serviceaccount.ValidatingWebhookConfiguration, Name: "v"}, {Kind: serviceaccount.MutatingWebhookConfiguration, Name: "m"},
	}
}

func TestCaches(t *testing.T) {
	objects := full(t)
	want := map[string]serviceaccount.Object{
		"a": {UID: "a-uid", Secrets: []string{"s", "t"}},
		"s": {UID: "s-uid", Token: []byte("tok"), InvalidSince: "2025-12-01", LastUsed: "2025-11-30"},
		"p": {UID: "p-uid", Deleted: noon},
		"n": {UID: "n-uid"}, "v": {UID: "v-uid"}, "m": {UID: "m-uid"},
	}
	for _, r := range references() {
		got, err := objects.Object(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, want[r.Name], got)

		absent := r
		absent.Name = "other"
		_, err = objects.Object(t.Context(), absent)
		require.ErrorIs(t, err, serviceaccount.ErrNotFound)

		_, err = (&listers.Objects{}).Object(t.Context(), r)
		require.EqualError(t, err, "there is no lister of this kind")
		require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	}
	_, err := objects.Object(t.Context(), serviceaccount.Reference{Kind: "Gadget", Name: "g"})
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	_, err = objects.Object(t.Context(), serviceaccount.Reference{Kind: serviceaccount.Pod, Namespace: "other", Name: "p"})
	require.ErrorIs(t, err, serviceaccount.ErrNotFound)
}

// live is a look-up that a test makes up.
type live func(context.Context, serviceaccount.Reference) (serviceaccount.Object, error)

func (l live) Object(ctx context.Context, r serviceaccount.Reference) (serviceaccount.Object, error) {
	return l(ctx, r)
}

// What the caches have not got, or have with another uid, is looked up live, and what
// they have is not.
func TestLive(t *testing.T) {
	asked := 0
	objects := full(t)
	objects.Live = live(func(_ context.Context, r serviceaccount.Reference) (serviceaccount.Object, error) {
		asked++
		return serviceaccount.Object{UID: r.UID}, nil
	})
	for i, r := range references() {
		r.UID = r.Name + "-uid"
		_, err := objects.Object(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, 3*i, asked)

		for _, other := range []serviceaccount.Reference{
			{Kind: r.Kind, Namespace: r.Namespace, Name: r.Name, UID: "new"}, {Kind: r.Kind, Namespace: r.Namespace, Name: "other", UID: "new"},
		} {
			got, err := objects.Object(t.Context(), other)
			require.NoError(t, err)
			require.Equal(t, serviceaccount.Object{UID: "new"}, got)
		}
		got, err := (&listers.Objects{Live: objects.Live}).Object(t.Context(), r) // without a cache
		require.NoError(t, err)
		require.Equal(t, serviceaccount.Object{UID: r.UID}, got)
	}
	down := errors.New("down")
	objects.Live = live(func(context.Context, serviceaccount.Reference) (serviceaccount.Object, error) {
		return serviceaccount.Object{}, down
	})
	_, err := objects.Object(t.Context(), serviceaccount.Reference{Kind: serviceaccount.Pod, Namespace: "ns", Name: "other"})
	require.ErrorIs(t, err, down)
}

// A live look-up that hangs is waited for only so long.
func TestLiveTimeout(t *testing.T) {
	for set, want := range map[time.Duration]time.Duration{0: 5 * time.Second, time.Minute: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			objects := &listers.Objects{Timeout: set, Live: live(func(ctx context.Context, _ serviceaccount.Reference) (serviceaccount.Object, error) {
				<-ctx.Done()
				return serviceaccount.Object{}, ctx.Err()
			})}
			start := time.Now()
			_, err := objects.Object(t.Context(), references()[0])
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, want, time.Since(start))
		})
	}
}

// Until the caches are full, what is not in them is unavailable and not gone.
func TestSynced(t *testing.T) {
	objects, synced := full(t), false
	objects.HasSynced = func() bool { return synced }
	absent := serviceaccount.Reference{Kind: serviceaccount.Pod, Namespace: "ns", Name: "other"}
	_, err := objects.Object(t.Context(), absent)
	require.EqualError(t, err, "the caches are not full yet")
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	require.EqualError(t, objects.HealthCheck(), "objects: the caches are not full yet")
	_, err = objects.Object(t.Context(), references()[0])
	require.NoError(t, err)

	synced = true
	require.NoError(t, objects.HealthCheck())
	_, err = objects.Object(t.Context(), absent)
	require.ErrorIs(t, err, serviceaccount.ErrNotFound)
}

// Caches that are filled between the look and the question do not make an object gone.
func TestSyncedMeanwhile(t *testing.T) {
	nodes, filled := indexer(t), false
	fill := func() {
		require.NoError(t, nodes.Add(&corev1.Node{ObjectMeta: meta("", "n")}))
		filled = true
	}
	objects := &listers.Objects{Nodes: late{corelisters.NewNodeLister(nodes), fill}, HasSynced: func() bool { return filled }}
	n := serviceaccount.Reference{Kind: serviceaccount.Node, Name: "n"}
	_, err := objects.Object(t.Context(), n)
	require.EqualError(t, err, "the caches are not full yet")
	_, err = objects.Object(t.Context(), n)
	require.NoError(t, err)
}

// late is a lister of a cache that is filled when it has been looked in.
type late struct {
	corelisters.NodeLister
	fill func()
}

func (l late) Get(name string) (*corev1.Node, error) {
	defer l.fill()
	return l.NodeLister.Get(name)
}

// An object that was deleted, at whatever time, is not one that nobody has deleted.
func TestDeletedAtNoTime(t *testing.T) {
	node := &corev1.Node{ObjectMeta: meta("", "n")}
	node.DeletionTimestamp = &metav1.Time{}
	objects := &listers.Objects{Nodes: corelisters.NewNodeLister(indexer(t, node))}
	_, err := objects.Object(t.Context(), serviceaccount.Reference{Kind: serviceaccount.Node, Name: "n"})
	require.EqualError(t, err, "it was deleted, and nobody knows when")
}

// failing is a lister that cannot look.
type failing struct{ corelisters.NodeLister }

func (failing) Get(string) (*corev1.Node, error) { return nil, errors.New("broken index") }

func TestBrokenCache(t *testing.T) {
	objects := &listers.Objects{Nodes: failing{}}
	_, err := objects.Object(t.Context(), serviceaccount.Reference{Kind: serviceaccount.Node, Name: "n"})
	require.EqualError(t, err, "look-up: broken index")
	require.NotErrorIs(t, err, serviceaccount.ErrNotFound)
}
