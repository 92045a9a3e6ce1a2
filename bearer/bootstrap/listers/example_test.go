package listers_test

import (
	"context"
	"fmt"

	"github.com/authnchain/authnchain/bearer/bootstrap"
	"github.com/authnchain/authnchain/bearer/bootstrap/listers"
)

// Here a store stands for the informer that fills it in a program.
func ExampleNew() {
	informer, lister := store()
	auth := bootstrap.New(listers.New(lister, nil), nil)

	for range 2 {
		resp, ok, err := auth.AuthenticateToken(context.Background(), token)
		if !ok {
			fmt.Println("not mine", err)
		} else {
			fmt.Println(resp.User.GetName(), resp.User.GetGroups())
		}
		if err := informer.Add(secret("kube-system")); err != nil {
			panic(err)
		}
	}
	// Output:
	// not mine <nil>
	// system:bootstrap:abc123 [system:bootstrappers system:bootstrappers:kubeadm:default-node-token]
}
