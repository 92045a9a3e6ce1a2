// Package authn tells an HTTP server who is calling.
//
// An authenticator is a Kubernetes [authenticator.Request]: it accepts a
// request, refuses it, or says that the request carries nothing for it. The
// other packages of this module make authenticators (client certificates, JSON
// Web Tokens, bearer tokens, TokenReview webhooks), package union asks several
// in turn, and a [Middleware] puts the answer in front of an [http.Handler].
//
// # Verdicts
//
// An authenticator gives one of Kubernetes' three answers:
//
//   - (response, true, nil): accepted;
//   - (nil, false, err): refused; the credential was meant for it and is bad;
//   - (nil, false, nil): not mine.
//
// A fourth verdict hides in the second answer: an error whose [Reason] is
// [Unavailable] says that the credential may be good, but that what is needed to
// judge it (a key set, a webhook) could not be reached. Such a request is
// answered 503 with Retry-After, never 401.
//
// # Reasons and traces
//
// Every error of this module carries a [Reason], a stable word for logs and
// metrics; [ReasonOf] finds it. A [Trace] holds what every link of a chain said
// of one request and how long it took; [Explain] makes one:
//
//	refused in 61µs
//	  x509        not mine   no client certificate
//	  bearer      refused    Expired
//	    jwt       refused    issuer "https://login.example.com": expired 3m12s ago (exp 2026-11-23T11:50:03Z)
//	  anonymous   not tried  an authenticator refused the credential
//
// Reasons, errors and traces are for the operator. The client is told the
// status and the challenge of RFC 6750, and nothing else.
//
// # Writing an authenticator
//
// Any [authenticator.Request] or [authenticator.Token] will do. One that is at
// home here
//
//   - answers (nil, false, nil) to a request that carries nothing for it, after a
//     [Note] that says so;
//   - refuses with [Errorf] and a Reason, in a text that names the thing, the
//     place and the rule, and holds nothing of the credential;
//   - says [Unavailable] for what it cannot judge now;
//   - says in the extra attribute [user.CredentialIDKey] what the credential is called,
//     so that [Revocations] can take it back, and gives users who tell what [ExpiryOf],
//     [IssuedOf] and [CertificateOf] ask, as far as it knows;
//   - has a method String, which is its name in traces;
//   - does not change the request, and gives each one a user of its own or a
//     [ReadOnly] one.
//
// A header that it looks at goes into [Middleware].CredentialHeaders.
//
// # What is promised
//
//   - An accepted request has a user with a name that is not empty, is UTF-8 and
//     has no control characters.
//   - A request that an authenticator refused is never anonymous.
//   - The handler behind a Middleware sees no Authorization, Proxy-Authorization,
//     DPoP or X-Remote-* header, nor any of CredentialHeaders, in whatever spelling,
//     and in Sec-WebSocket-Protocol no protocol that carries a bearer token.
//     It may change the user that it is given without harm to other requests.
//     (Cookies, Impersonate-* and X-Forwarded-* headers are not this module's,
//     and trailers are not looked at.)
//   - The caller's request is not changed by anything in this module.
//   - Error texts hold no token, and at most 512 bytes of any one thing that a
//     client or a remote server sent.
package authn
