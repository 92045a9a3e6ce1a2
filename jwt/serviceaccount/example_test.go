package serviceaccount_test

import (
	"context"
	"fmt"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

// program is the authntest.T of a program that is no test.
type program struct{ cleanups []func() }

func (*program) Helper()                           {}
func (*program) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (p *program) Cleanup(f func())                { p.cleanups = append(p.cleanups, f) }
func (p *program) end() {
	for _, f := range p.cleanups {
		f()
	}
}

// pods is a cluster in which pods come and go.
type pods map[string]string

func (p pods) Object(_ context.Context, r serviceaccount.Reference) (serviceaccount.Object, error) {
	uid, ok := p[r.Name]
	if !ok {
		return serviceaccount.Object{}, serviceaccount.ErrNotFound
	}
	return serviceaccount.Object{UID: uid}, nil
}

// A pod's token is good as long as the pod is there.
func ExampleNew() {
	p := &program{}
	defer p.end()
	cluster := authntest.NewIssuer(p)                       // in real life: the API server
	there := pods{"web": "6f9a", "web-7d5b4-x2x9n": "c1d2"} // in real life: a serviceaccount.Cluster, or listers.Objects
	keys, err := jwt.URL(cluster.URL()+"/keys", &jwt.URLOptions{Client: cluster.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}

	auth, err := serviceaccount.New(serviceaccount.Config{
		Issuers:   []string{cluster.URL()},
		Audiences: authenticator.Audiences{"my-service"},
		Keys:      keys,
		Objects:   there,
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	token := cluster.Token(map[string]any{
		"sub": "system:serviceaccount:shop:web", "aud": "my-service", "kubernetes.io": map[string]any{
			"namespace":      "shop",
			"serviceaccount": map[string]any{"name": "web", "uid": "6f9a"},
			"pod":            map[string]any{"name": "web-7d5b4-x2x9n", "uid": "c1d2"},
		},
	})
	resp, ok, err := auth.AuthenticateToken(context.Background(), token)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.User.GetName(), resp.User.GetExtra()[serviceaccount.PodName], ok)

	delete(there, "web-7d5b4-x2x9n")
	_, ok, err = auth.AuthenticateToken(context.Background(), token)
	fmt.Println(ok, authn.ReasonOf(err))
	// Output:
	// system:serviceaccount:shop:web [web-7d5b4-x2x9n] true
	// false Revoked
}
