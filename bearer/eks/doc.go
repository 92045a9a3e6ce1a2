// Package eks authenticates the tokens of Amazon EKS: those that "aws eks get-token"
// and aws-iam-authenticator make, by which an AWS identity shows who it is without a
// password of the cluster's.
//
// # What a token is
//
// A token is the text "k8s-aws-v1." and, in base64url, a URL that its sender has
// signed with an AWS secret key: a request for GetCallerIdentity to AWS STS, good for
// fifteen minutes. Nobody but AWS can check the signature. So this server sends the
// request, and STS answers whose it is. The signature covers the header x-k8s-aws-id
// with the cluster's ID, so that a token for one cluster is none for another.
//
// # What is checked
//
// The URL comes from a stranger, and this server sends a request to it. So it is not
// parsed and judged but must be what is expected, byte by byte:
//
//   - https, one of the hosts that [Config] lists, the path "/", and nothing else:
//     no user, no port, no fragment;
//   - the eight or nine parameters of such a request, by exact name, each once and
//     escaped in the one way that Signature Version 4 has: Action=GetCallerIdentity,
//     Version=2011-06-15, X-Amz-Algorithm=AWS4-HMAC-SHA256, the signed headers "host"
//     and "x-k8s-aws-id" and no others, X-Amz-Expires between 0 and 900;
//   - X-Amz-Date no more than fifteen minutes ago and five ahead, and of the day that
//     X-Amz-Credential names.
//
// What is not so is refused without a request. The request has the cluster's ID in its
// header and nothing of the client's but the URL. No redirect is followed, and of the
// answer at most 1 MiB is read. Only what STS itself says of the token refuses it:
// throttling, an error page or no answer make it [authn.Unavailable].
//
// # What a user is made of
//
// STS tells an [Identity]: the ARN, the account and more. [Config].Mapper makes a user
// of it, and is required: any of the millions who have an AWS account can make a token
// that STS vouches for. Package awsauth is a Mapper by the ConfigMap "aws-auth".
//
// The user ends with the token ([authn.ExpiryOf]), fifteen minutes after its
// X-Amz-Date. It has aws-iam-authenticator's extra attributes: arn, canonicalArn,
// principalId, sessionName and accessKeyId. The credential is called
// "AWSACCESSKEYID=" and the id of the access key, for [authn.Revocations]: it is the
// key that makes tokens, and to deny one of them would be in vain.
//
// # What is left to others
//
// A token can be presented again until it ends; that is what it is for. STS is asked
// each time: put a bearer.Cached around, so that it is once for a token, and for one
// that is refused. Whoever can name the session of a role chooses what the session is
// called.
//
// A token does not tell its cluster before STS is asked, so each counts as this
// Authenticator's own ([authn.Mine]). Of two for two clusters in one union, the second is
// not shown what the first has refused.
package eks
