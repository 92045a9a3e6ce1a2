package eks_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/bearer/eks"
)

// The URLs in the tokens of those who make them, for one key. Go's and JavaScript's have
// written and signed these; botocore, which is in "aws eks get-token", has the order of
// parameters that its SigV4QueryAuth builds, and the signature that any order has.
func TestMakers(t *testing.T) {
	const (
		european = "https://sts.eu-west-1.amazonaws.com/"
		request  = "?Action=GetCallerIdentity&Version=2011-06-15"
		signer   = "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAIOSFODNN7EXAMPLE%2F20261125%2F"
		session  = "&X-Amz-Security-Token=IQoJb3JpZ2luX2VjEA%2B%2FzZ%3D%3D"
		headers  = "&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id"
		sign     = "&X-Amz-Signature="
	)
	tests := []struct{ maker, url string }{
		{"aws-iam-authenticator 0.6, global", "https://sts.amazonaws.com/" + request + signer + "us-east-1%2Fsts%2Faws4_request&X-Amz-Date=20261125T023745Z&X-Amz-Expires=0" + session + headers + sign + "1fe14e9e49e936eeddf0d91728de83a3558e7815ef3c076937f677553e023e27"},
		{"aws-iam-authenticator 0.6, regional", european + request + signer + "eu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20261125T023745Z&X-Amz-Expires=0" + session + headers + sign + "4ab90252af1002f445899b895ed7ce49a80e8f9d19afbdcb9509500514c4aabd"},
		{"aws-iam-authenticator 0.6, in China", "https://sts.cn-north-1.amazonaws.com.cn/" + request + signer + "cn-north-1%2Fsts%2Faws4_request&X-Amz-Date=20261125T023745Z&X-Amz-Expires=0" + session + headers + sign + "c7ee9fae0991f0d68ba9ac936ebcf411dae041c04d6977917894da7c4d502d79"},
		{"aws-sdk-go, a minute", "https://sts.us-east-1.amazonaws.com/" + request + signer + "us-east-1%2Fsts%2Faws4_request&X-Amz-Date=20261125T023745Z&X-Amz-Expires=60" + session + headers + sign + "ecb0758e68e4904e0612f4f65a85ba61e1744666dfcd5370b330035f5b34dbc6"},
		{"aws-sdk-go, fifteen minutes", "https://sts.us-east-1.amazonaws.com/" + request + signer + "us-east-1%2Fsts%2Faws4_request&X-Amz-Date=20261125T023745Z&X-Amz-Expires=900" + session + headers + sign + "065dae1943c56f9967dc4eca7fdb35108b04189f534cec43b5a662ad90a016a0"},
		{"aws-sdk-go-v2", european + request + signer + "eu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20261125T023745Z&X-Amz-Expires=60" + session + headers + sign + "09ab3292cd4cd5040bbb0ebaef6328b50c9ca096da551376d56cc4e9dbcccd19"},
		{"aws-sdk-go-v2, dual-stack", "https://sts.eu-west-1.api.aws/" + request + signer + "eu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20261125T023745Z&X-Amz-Expires=60" + session + headers + sign + "ede4f56c4df57c706efeea758edde5ab7f688a89c0e1176b10f2764f7f6172bc"},
		{"botocore", european + request + signer + "eu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20261125T023745Z&X-Amz-Expires=60" + headers + session + sign + "09ab3292cd4cd5040bbb0ebaef6328b50c9ca096da551376d56cc4e9dbcccd19"},
		{"smithy's signature-v4 and formatUrl", european + request + signer + "eu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20261125T023810Z&X-Amz-Expires=60" + session + sign + "c407504e721886f1a521c09e123dc7506aff4fd2ac90f201eddcca97abb18771" + headers},
		{"smithy's signature-v4 and URLSearchParams", european + request + session + signer + "eu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20261125T023810Z&X-Amz-Expires=60" + headers + sign + "c407504e721886f1a521c09e123dc7506aff4fd2ac90f201eddcca97abb18771"},
		{"aws4 of npm", "https://sts.amazonaws.com/" + request + "&X-Amz-Expires=60" + session + "&X-Amz-Date=20261125T023810Z" + signer + "us-east-1%2Fsts%2Faws4_request" + headers + sign + "246b001f505074e66d91c29d1b0b1549dbbff6e935a74d6506da0697cf8b6565"},
	}
	k := admin
	k.secret, k.security = exampleSecret, "IQoJb3JpZ2luX2VjEA+/zZ=="
	s := newSTS(t)
	s.keys[k.id] = k
	s.at(time.Date(2026, 11, 25, 2, 38, 20, 0, time.UTC))
	a := s.authenticator(func(c *eks.Config, _ *eks.Options) {
		c.Regions = append(c.Regions, "us-east-1", "cn-north-1")
		c.Hosts = append(c.Hosts, "sts.eu-west-1.api.aws")
	})
	for _, tt := range tests {
		t.Run(tt.maker, func(t *testing.T) {
			got := accepted(t, a, token(tt.url))
			require.Equal(t, "arn:aws:iam::111122223333:role/Admin", got.Name)
			_, requests := s.seen()
			sent := requests[len(requests)-1]
			require.Equal(t, tt.url, "https://"+sent.Host+sent.RequestURI)
		})
	}
}
