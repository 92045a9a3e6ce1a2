// Package authntest makes what a test of authentication needs: certificates,
// signed tokens, and the servers that stand behind them.
//
//   - [NewCA] is a certificate authority. It issues client and server
//     certificates, intermediates and revocation lists.
//   - [NewIssuer] is an OpenID provider. It signs tokens with any of ten
//     algorithms, rotates its keys, and can be late, broken or gone.
//   - [NewReviewer] is a TokenReview server, with the same ways to fail.
//   - [Request], [Bearer], [User] and [As] are the small things: a request that
//     came in over TLS, a token on it, a user, and an authenticator that says
//     yes to everybody.
//
// # Honest credentials
//
// Everything is minted with the standard library and nothing of this project,
// so a fixture shares no mistake with the code it tests. What a fixture makes
// by default is valid, but that a token is for whom and of whom the test says
// ("aud" and "sub"); a test asks by name for what is wrong:
//
//	issuer.Token(map[string]any{"sub": "ann", "aud": "my-api"})
//	issuer.Token(map[string]any{"sub": "ann", "aud": "my-api", "exp": nil})
//	issuer.Sign("RS256", claims, map[string]any{"kid": "nobody's"})
//	ca.Issue("ann", nil, authntest.Expired)
//
// # Life of a fixture
//
// Servers listen on 127.0.0.1 over TLS, in this process, and end with
// T.Cleanup. Everything here may be used from several goroutines at once. Keys
// are fresh each time and never leave the process unless a test writes them
// out; they protect nothing.
//
// # Outside of tests
//
// The package does not import testing. A program, such as a demonstration,
// brings a [T] of its own.
package authntest

// T is the part of testing.TB that fixtures need. A program that is no test
// brings its own.
//
// Fatalf must not return: it ends the test, the goroutine or the program.
// Cleanup keeps a function to call when the fixtures are no longer needed.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}
