package listers_test

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/authnchain/authnchain/jwt/serviceaccount"
	"github.com/authnchain/authnchain/jwt/serviceaccount/listers"
)

// Here a store stands for the informer that fills it in a program.
func ExampleObjects() {
	informer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	synced := false
	objects := &listers.Objects{
		Pods:      corelisters.NewPodLister(informer),
		HasSynced: func() bool { return synced },
	}
	pod := serviceaccount.Reference{Kind: serviceaccount.Pod, Namespace: "shop", Name: "web-1", UID: "web-1-uid"}
	look := func() {
		found, err := objects.Object(context.Background(), pod)
		fmt.Printf("%q %v\n", found.UID, err)
	}

	look()
	synced = true
	look()
	if err := informer.Add(&corev1.Pod{ObjectMeta: meta("shop", "web-1")}); err != nil {
		panic(err)
	}
	look()
	// Output:
	// "" the caches are not full yet
	// "" not found
	// "web-1-uid" <nil>
}
