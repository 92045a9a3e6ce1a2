// Package introspection authenticates opaque tokens by asking the authorization
// server that has issued them: by token introspection (RFC 7662), or as Google's
// tokeninfo has it.
//
// [New] asks an introspection endpoint, [Google] asks Google. Both make an
// [Authenticator], an authenticator.Token. What the server answers are claims, as
// those of a JWT are, and [Config].User maps them to a user; jwt.ClaimMappings
// makes the usual one.
//
// # What is sent
//
// A token is POSTed in a form, never in a URL, with what proves to the server who
// asks ([Credentials]), over https and without following redirects. These are not
// sent, and this package has no opinion on them:
//
//   - what an authenticator before it in a union knows to be its own and has not
//     accepted (authn.Withheld);
//   - what looks like a JWT, unless [Options].JWTs is set: the server may be none
//     of its issuer's business. The authenticator of such tokens is package jwt's;
//   - what is no bearer token (RFC 6750, section 2.1), is longer than
//     [Options].MaxBytes, or does not begin with [Config].Prefix.
//
// # What is believed
//
// The answer is one JSON object of at most 1 MiB, in which no member is twice and
// names match to the letter, and its "active" is true or false. Anything else, and
// any status but 200, makes the token [authn.Unavailable] and never invalid: it may
// be good. So does 401 or 403, by which the server says that it does not take our
// own credentials; [Authenticator.HealthCheck] tells. A signed answer (RFC 9701) is
// not asked for and not read.
//
// The server knows a token that is "active" and says nothing about any other, which
// so is not this authenticator's; with a Prefix it is nobody's, and refused with
// [authn.UnknownToken]. Of one that is active these are checked, in this order:
//
//  1. "iss", if there, is [Config].Issuer.
//  2. "aud" has one of [Config].Audiences.
//  3. "token_type" is Bearer in any case. Servers introspect refresh tokens too, and
//     tell them apart by this.
//  4. There is no "cnf": a token that is bound to its sender (RFC 8705, RFC 9449) is
//     refused, since nobody here checks the sender.
//  5. "exp", "nbf" and "iat", if there, by our own clock too.
//  6. The user that the claims are mapped to has a name that is one.
//
// # What the user must do
//
// Nothing is remembered here: each request is a question to the server. Put a
// bearer.Cached around. It remembers an acceptance for its TTL and not beyond "exp",
// and a token that was taken back is good for as long; one without "exp" ends when
// its TTL does. At most 256 questions are under way, each for ten seconds.
//
// A "jti" in the answer becomes the credential's id, by which a deny list can take
// it back. Tokens without one can be denied by their user.
package introspection
