// Package authconfig authenticates JSON Web Tokens as a kube-apiserver's
// AuthenticationConfiguration says (KEP-3331): the file that is given to
// --authentication-config means here what it means there.
//
//	tokens, err := authconfig.File("/etc/kubernetes/auth-config.yaml", nil)
//	...
//	auth := tokens.Anonymous(union.Requests(x509.New(roots), bearer.New(tokens)))
//
// [File] follows a file, [Parse] and [New] take a configuration that does not
// change, and [Flags] are the --oidc-* flags of kube-apiserver that mean one.
// Configurations are read and validated by kube-apiserver's own code, of the
// version of k8s.io/apiserver in the program (this module knows the fields of
// v0.37); expressions are compiled in its CEL environment. Tokens are package jwt's.
//
// # What is checked, in this order
//
//  1. What package jwt checks: the form, the signature, the audience, the times.
//  2. Distributed claims, for claimMappings.groups.claim alone, are looked up; see
//     [DistributedClaims].
//  3. claimMappings, in the order username, groups, uid, extra; then
//     claimValidationRules by claim, those by expression, and userValidationRules.
//     The first that fails refuses the token.
//
// # Expressions
//
// The variable "claims" is the claims that were verified, from the same parse. A
// string or list expression may give null, "" or [] for nothing.
//
// All expressions of one token have [MaxEvaluation] together, in two attempts of
// half of it, and each the cost limit of kube-apiserver. What takes longer makes the
// token [authn.Unavailable], since that may be the machine's fault; what costs more
// refuses it. Nobody waits for an expression after the request's context has ended.
//
// # Where it differs from kube-apiserver
//
// Everywhere that package jwt is stricter, and in a few places of its own. All are
// listed, with the settings of [Options] that restore kube-apiserver's way, in
// docs/differences.md of this module.
package authconfig
