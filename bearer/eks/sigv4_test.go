package eks_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// unsigned is a request as Signature Version 4 sees it
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
type unsigned struct {
	method, path string
	query        map[string]string
	headers      map[string]string // in lower case
	payload      string            // its digest in hexadecimal, or what stands for it
}

const noPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func (u unsigned) signedHeaders() string {
	return strings.Join(slices.Sorted(maps.Keys(u.headers)), ";")
}

// canonical is step 1.
func (u unsigned) canonical() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", u.method, u.path, escapedQuery(u.query))
	for _, name := range slices.Sorted(maps.Keys(u.headers)) {
		fmt.Fprintf(&b, "%s:%s\n", name, strings.TrimSpace(u.headers[name]))
	}
	fmt.Fprintf(&b, "\n%s\n%s", u.signedHeaders(), u.payload)
	return b.String()
}

// sign is steps 2 to 4. scope is a day, a region, a service and aws4_request.
func (u unsigned) sign(secret, date, scope string) string {
	digest := sha256.Sum256([]byte(u.canonical()))
	toSign := "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex.EncodeToString(digest[:])
	return hex.EncodeToString(mac(signingKey(secret, scope), toSign))
}

// signingKey is step 3.
func signingKey(secret, scope string) []byte {
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	return key
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func escapedQuery(query map[string]string) string {
	var pairs []string
	for name, value := range query {
		pairs = append(pairs, escaped(name)+"="+escaped(value))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func escaped(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

const exampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

// What signs the tokens of these tests, and checks them, agrees with the examples that
// AWS has published.
func TestSignatureVersion4(t *testing.T) {
	require.Equal(t, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9",
		hex.EncodeToString(signingKey(exampleSecret, "20150830/us-east-1/iam/aws4_request")))
	tests := map[string]struct {
		unsigned
		secret, date, scope string
		want                string
	}{
		"get-vanilla of the test suite": {
			unsigned{"GET", "/", nil, map[string]string{"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}, noPayload},
			exampleSecret, "20150830T123600Z", "20150830/us-east-1/service/aws4_request",
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
		},
		"get-vanilla-query-order-key-case of the test suite": {
			unsigned{"GET", "/", map[string]string{"Param2": "value2", "Param1": "value1"}, map[string]string{"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}, noPayload},
			exampleSecret, "20150830T123600Z", "20150830/us-east-1/service/aws4_request",
			"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
		},
		"ListUsers, in the guide": {
			unsigned{"GET", "/", map[string]string{"Action": "ListUsers", "Version": "2010-05-08"}, map[string]string{
				"content-type": "application/x-www-form-urlencoded; charset=utf-8", "host": "iam.amazonaws.com", "x-amz-date": "20150830T123600Z",
			}, noPayload},
			exampleSecret, "20150830T123600Z", "20150830/us-east-1/iam/aws4_request",
			"5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
		},
		"a presigned URL of S3, in its guide": {
			unsigned{"GET", "/test.txt", map[string]string{
				"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request",
				"X-Amz-Date": "20130524T000000Z", "X-Amz-Expires": "86400", "X-Amz-SignedHeaders": "host",
			}, map[string]string{"host": "examplebucket.s3.amazonaws.com"}, "UNSIGNED-PAYLOAD"},
			"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524T000000Z", "20130524/us-east-1/s3/aws4_request",
			"aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.want, tt.sign(tt.secret, tt.date, tt.scope))
		})
	}
}
