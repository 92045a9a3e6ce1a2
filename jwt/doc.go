// Package jwt authenticates JSON Web Tokens (RFC 7519) that OpenID Connect
// issuers sign.
//
// [New] makes an [Authenticator] for the tokens of one issuer: it finds the
// issuer's keys, by discovery if nothing else is said, verifies a token and maps
// its claims to a user by a func; [ClaimMappings] makes the usual one. A [Mux] holds
// the authenticators of many issuers and finds the one for a token in constant time.
//
// # What is checked, in this order
//
//  1. The token is a JWS in compact form (RFC 7515, section 7.1) of at most
//     16 KiB ([Options].MaxBytes): three parts of unpadded base64url. Its payload
//     is one JSON object without duplicate members and at most 64 levels deep.
//     What has no readable "iss", or another than the issuer, is not this
//     authenticator's; what has this one and is broken elsewhere is refused.
//     Nothing but "iss" is believed before the signature.
//  2. The header, of at most 2 KiB: it has no "crit", "b64" or "zip"; "typ" is one
//     of [Config].Types or absent, and at+jwt with [Config].AccessTokens; "alg" is one
//     of the algorithms. Keys in the header ("jwk", "x5c", "jku", "x5u") are never
//     used.
//  3. The signature, with a key of the issuer that "kid" names and that fits the
//     algorithm. Without "kid", up to 16 keys that fit are tried, fewer
//     if they are slow.
//  4. "aud" holds one of the audiences; "exp" is there and in the future; "nbf"
//     and "iat", if there, are not in the future. With [Config].AccessTokens all
//     claims of RFC 9068, section 2.2, are there.
//  5. The user that the claims are mapped to ([Config].User) has a name that is one.
//  6. With [Config].Binding, "cnf" names a certificate or a key. That the sender has it
//     is checked by the bearer.Authenticator around, on every request.
//
// What fails first is the reason that is given. But if the keys cannot be had and a
// claim of step 4 is bad, that is the reason: no key could make the token good.
//
// A [ClaimMappings] looks at nothing else. That a token has been seen before does not
// matter; a bearer.Cached around remembers answers.
//
// # Keys
//
// A key set is fetched when the first token needs it; there is nothing to start
// and nothing to close. A fetch takes five seconds and reads a megabyte and 256
// keys at most, and one per issuer is under way at a time. It is for all who wait
// for it, and no request's context reaches the [Options].Client. Where the set
// is, is discovered anew every hour and when it is no longer where it was; with
// [Config].KeysURL it is there and nowhere else.
//
// A token with an unknown "kid", or a bad signature under a known one, triggers a
// fetch, at most every 30 seconds. If a fetch finds other keys, one more may
// follow at once, eight times in an hour. A "kid" that cannot be looked up until
// then makes a token [authn.Unavailable], unless it was looked up in vain in the
// last ten minutes.
//
// A set lives for ten minutes, or the max-age between one and sixty minutes that
// the issuer gave, or one minute if it said no-cache or no-store. In the last
// fifth of that, somebody's request fetches it anew in the background; after it,
// requests wait for that. If it fails the last good set goes on for 24 hours
// ([Options].MaxStale), nobody waits, and [Authenticator.HealthCheck] says so.
// Tokens that cannot be judged for want of keys are [authn.Unavailable], unless
// no key could make them good: what has expired or is for others is refused.
//
// [Options].Keys gives an Authenticator other keys: [StaticKeys], which [ParseKeys]
// reads from a JWK Set, a JWK or PEM; those of a [File] that is followed; or a
// [KeySet] of one's own. Whoever keeps answers asks [Authenticator.Generation]
// whether the keys are still the same.
//
// # Other kinds of tokens
//
// A [Verifier] verifies signatures of issuers that share their keys, those at a [URL] for
// instance, and leaves the claims to who uses it. Package serviceaccount does, for the
// tokens of Kubernetes' service accounts.
package jwt
