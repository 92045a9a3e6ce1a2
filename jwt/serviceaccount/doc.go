// Package serviceaccount authenticates the tokens of Kubernetes' service accounts, as
// kube-apiserver v1.37 does, without asking it about each one.
//
// [New] makes an [Authenticator] of a cluster's tokens: those that the TokenRequest API
// and projected volumes give out, and with [Config].Legacy those of Secrets. Package
// listers, below this one, looks up what they are bound to.
//
// # What is checked, in this order
//
//  1. The token is a JWT of one of the issuers; what is not is not this authenticator's.
//     Its form, "typ" and "alg" are checked as package jwt does.
//  2. The signature, with the key that "kid" names. A key without a name, as in PEM, is
//     called what Kubernetes calls it: the SHA-256 of its PKIX form in base64url. Without
//     "kid" all keys are tried, up to 16.
//  3. "aud" has one of the audiences that are asked for: those of the request's context,
//     or [Config].Audiences if it has none.
//  4. "exp" is there and "nbf" and "iat" are not in the future, all with a minute's
//     leeway.
//  5. The claim "kubernetes.io" names the account with its uid, and "sub" the same one. It
//     may name a secret, a pod, a node or an admission webhook's configuration that the
//     token is bound to, each with its uid. Other members are not looked at.
//  6. Unless [Config].SkipLookup: the account, and the secret, pod or webhook
//     configuration, exist with these uids, and none was deleted more than a minute ago.
//     So does the node, if the token is bound to it alone; the node of a pod is not looked
//     up.
//  7. A token bound to a webhook configuration attests an API group.
//
// The user is called system:serviceaccount:NAMESPACE:NAME and is in the groups
// system:serviceaccounts and system:serviceaccounts:NAMESPACE. What the token is bound to
// and its "jti" are in the extra attributes that kube-apiserver has for them.
//
// # Look-ups
//
// A token outlives what it is bound to: a pod that is deleted, an account that somebody
// took away. kube-apiserver notices, and so does an Authenticator that has [Objects]. One
// with [Config].SkipLookup notices nothing until the token expires, which for a pod's is
// an hour as a rule, or a year if the cluster extends them ([Options].Stale tells). An
// object that is not there makes a token [authn.Revoked]; one that cannot be looked up
// now makes it [authn.Unavailable].
//
// A bearer.Cached around remembers answers, for ten seconds unless told otherwise, so
// that one token is not looked up for each request. [Options].Stale and
// [Options].LegacyUsed are told when the Authenticator is asked, so for each token once
// in that time.
//
// # Legacy tokens
//
// Tokens of Secrets of the type kubernetes.io/service-account-token never expire and are
// for no audience, so they count as the API's own. They are taken if [Config].Legacy says
// so and the Secret is there, holds this very token, and is not marked invalid.
//
// # What the user must do
//
// Give the Config an audience of the server's own ([Config].Audiences), and have the
// pods that call it ask for that audience: a token for the API server is one that any
// server it is sent to can use there. Two clusters may have the same issuer; then each
// has an Authenticator with its keys, and a union asks both.
package serviceaccount
