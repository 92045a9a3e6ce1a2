package folder_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/authnchain/authnchain/bearer/bootstrap"
	"github.com/authnchain/authnchain/bearer/bootstrap/folder"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	err = os.WriteFile(filepath.Join(dir, "rack-7.yaml"), []byte(`
apiVersion: v1
kind: Secret
metadata:
  name: bootstrap-token-07401b
  namespace: kube-system
type: bootstrap.kubernetes.io/token
stringData:
  token-id: 07401b
  token-secret: f395accd246ae52d
  expiration: "2126-11-24T12:00:00Z"
  usage-bootstrap-authentication: "true"
  auth-extra-groups: system:bootstrappers:racks
`), 0o600)
	if err != nil {
		panic(err)
	}
	secrets, err := folder.Open(dir, nil)
	if err != nil {
		panic(err)
	}
	auth := bootstrap.New(secrets, nil)
	for _, token := range []string{"07401b.f395accd246ae52d", "07401b.0000000000000000"} {
		resp, ok, err := auth.AuthenticateToken(context.Background(), token)
		if !ok {
			fmt.Println("not mine", err)
			continue
		}
		fmt.Println(resp.User.GetName(), resp.User.GetGroups())
	}
	// Output:
	// system:bootstrap:07401b [system:bootstrappers system:bootstrappers:racks]
	// not mine <nil>
}
