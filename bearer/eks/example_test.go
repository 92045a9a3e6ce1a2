package eks_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/bearer/eks"
)

// roundTrip stands in for AWS, which examples cannot ask.
type roundTrip func(*http.Request) string

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(f(r)))}, nil
}

// The users are the users of one AWS account, by their ARNs.
func ExampleNew() {
	const account = "111122223333"
	people, err := eks.New(eks.Config{
		ClusterID: "prod",                // aws eks get-token --cluster-name prod
		Regions:   []string{"eu-west-1"}, // whose STS clients may have this server ask
		Mapper: eks.MapperFunc(func(_ context.Context, id eks.Identity) (user.Info, error) {
			if id.Account != account {
				return nil, authn.Errorf(authn.RuleFailed, "an account that is not ours")
			}
			return &user.DefaultInfo{Name: "aws:" + id.CanonicalARN}, nil
		}),
	}, &eks.Options{
		Now: func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) },
		Client: &http.Client{Transport: roundTrip(func(r *http.Request) string {
			fmt.Println("asked:", r.URL.Host, r.Header.Get("x-k8s-aws-id"))
			return `{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"111122223333",` +
				`"Arn":"arn:aws:sts::111122223333:assumed-role/Admin/jane@example.com","UserId":"AROACKCEVSQ6C2EXAMPLE:jane@example.com"}}}`
		})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	tokens := bearer.Cached(people, nil) // so that STS is asked once about a token

	url := "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256" +
		"&X-Amz-Credential=ASIAIOSFODNN7EXAMPLE%2F20261124%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20261124T115900Z&X-Amz-Expires=60" +
		"&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=" + strings.Repeat("0", 64)
	for _, url := range []string{url, strings.Replace(url, "sts.eu-west-1", "evil", 1)} {
		resp, ok, err := tokens.AuthenticateToken(context.Background(), eks.Prefix+base64.RawURLEncoding.EncodeToString([]byte(url)))
		if !ok {
			fmt.Println(authn.ReasonOf(err), "-", err)
			continue
		}
		ends, _ := authn.ExpiryOf(resp.User)
		fmt.Println(resp.User.GetName(), ends.Format(time.TimeOnly))
	}
	// Output:
	// asked: sts.eu-west-1.amazonaws.com prod
	// aws:arn:aws:iam::111122223333:role/Admin 12:14:00
	// Malformed - eks: host "evil.amazonaws.com": not among those that may be asked
}
