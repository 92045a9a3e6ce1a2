package awsauth_test

import (
	"context"
	"fmt"

	"github.com/authnchain/authnchain/bearer/eks"
	"github.com/authnchain/authnchain/bearer/eks/awsauth"
)

// The mappings are the Mapper of package eks.
func ExampleNew() {
	users, err := awsauth.New(map[string]string{
		"mapRoles": `
- rolearn: arn:aws:iam::111122223333:role/Admin
  username: admin:{{SessionName}}
  groups: [platform:admins]
`,
		"mapAccounts": `["444455556666"]`,
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = eks.New(eks.Config{ClusterID: "prod", Regions: []string{"eu-west-1"}, Mapper: users}, nil)
	fmt.Println(err)

	u, err := users.User(context.Background(), eks.Identity{
		CanonicalARN: "arn:aws:iam::111122223333:role/Admin", Account: "111122223333", SessionName: "jane@example.com",
	})
	fmt.Println(u.GetName(), u.GetGroups(), err)
	// Output:
	// <nil>
	// admin:jane-example.com [platform:admins] <nil>
}

// With client-go, Data gets the ConfigMap from the lister of an informer, and returns its
// Data, or nil if apierrors.IsNotFound.
func ExampleFrom() {
	lister := func() (map[string]string, error) {
		return map[string]string{"mapAccounts": `["444455556666"]`}, nil
	}
	users := awsauth.From(awsauth.SourceFunc(func(context.Context) (map[string]string, error) { return lister() }), nil)
	u, err := users.User(context.Background(), eks.Identity{CanonicalARN: "arn:aws:iam::444455556666:user/Joe", Account: "444455556666"})
	fmt.Println(u.GetName(), err)
	// Output:
	// arn:aws:iam::444455556666:user/Joe <nil>
}
