package jwt_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/group"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/union"
)

// The certificate of RFC 8705, appendix A, and its thumbprint.
const (
	rfcCertificate = `-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
`
	rfcX5T = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"
)

func rfcCert(t *testing.T) *tls.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(rfcCertificate))
	require.NotNil(t, block)
	return &tls.Certificate{Certificate: [][]byte{block.Bytes}}
}

var certificates = jwt.Binding{Certificates: true}

const boundToCert = "the token is bound to a client certificate: "

func TestCertificates(t *testing.T) {
	issuer, c := newIssuer(t), newClient(t)
	mine, ca := rfcCert(t), authntest.NewCA(t)
	other := ca.Issue("other", nil)
	chain := &tls.Certificate{Certificate: [][]byte{other.Certificate[0], mine.Certificate[0]}}
	token := issuer.Token(good(object{"cnf": object{"x5t#S256": rfcX5T}}))
	plain := issuer.Token(good(nil))
	both := issuer.Token(good(object{"cnf": object{"x5t#S256": rfcX5T, "jkt": c.jkt("ES256")}}))
	of := func(b jwt.Binding) authenticator.Request {
		return bound(newStatic(t, keysOf(issuer), requires(b)))
	}
	send := func(token string, cert *tls.Certificate) *http.Request {
		return authntest.Bearer(authntest.Request(pods, cert), token)
	}
	dpop := func(token string, cert *tls.Certificate) *http.Request {
		s := c.send(token)
		s.request = func(r *http.Request) { r.TLS = authntest.Request(pods, cert).TLS }
		return s.build()
	}
	withoutTLS := send(token, mine)
	withoutTLS.TLS = nil
	optional, everything := jwt.Binding{Certificates: true, Optional: true}, jwt.Binding{Certificates: true, DPoP: &jwt.DPoP{}}
	tests := []struct {
		name string
		b    jwt.Binding
		r    *http.Request
		want answer
	}{
		{"RFC 8705, appendix A", certificates, send(token, mine), isUser("jane")},
		{"another certificate", certificates, send(token, other), badProof(boundToCert + "it is another")},
		{"another certificate before it", certificates, send(token, chain), badProof(boundToCert + "it is another")},
		{"no certificate", certificates, send(token, nil), badProof(boundToCert + "the client has sent none, if the server asks for one")},
		{"no TLS", certificates, withoutTLS, badProof(boundToCert + "the connection has no TLS")},
		{"optional, and named", optional, send(token, other), badProof(boundToCert + "it is another")},
		{"optional", optional, send(plain, nil), isUser("jane")},
		{"not optional", certificates, send(plain, mine), answer{reason: authn.ClaimMissing, text: `claim "cnf": missing`}},
		{"the scheme DPoP", certificates, dpop(token, mine), badProof("the scheme is DPoP, and the token is bound to no key")},
		{"the scheme DPoP, unbound", optional, dpop(plain, mine), badProof("the scheme is DPoP, and the token is not bound to a key")},
		{"both", everything, dpop(both, mine), isUser("jane")},
		{"both, without a proof", everything, send(both, mine), badProof("the token is bound to a key, so the scheme must be DPoP")},
		{"both, without a certificate", everything, dpop(both, nil), badProof(boundToCert + "the client has sent none, if the server asks for one")},
		{"both, certificates alone are checked", certificates, dpop(both, mine), answer{reason: authn.RuleFailed, text: `claim "cnf": "jkt": is not among what is checked here`}},
		{"both, proofs alone are checked", jwt.Binding{DPoP: &jwt.DPoP{}}, dpop(both, mine), answer{reason: authn.RuleFailed, text: `claim "cnf": "x5t#S256": is not among what is checked here`}},
		{"proofs alone are checked", jwt.Binding{DPoP: &jwt.DPoP{}, Optional: true}, send(token, mine), answer{reason: authn.RuleFailed, text: `claim "cnf": "x5t#S256": is not among what is checked here`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, answerTo(t, of(tt.b), tt.r)) })
	}
}

func TestConfirmationClaim(t *testing.T) {
	issuer := newIssuer(t)
	const names = `claim "cnf": names neither a certificate ("x5t#S256") nor a key ("jkt")`
	missing := func(text string) answer { return answer{reason: authn.ClaimMissing, text: text} }
	failed := func(text string) answer { return answer{reason: authn.RuleFailed, text: text} }
	const noHash = `claim "cnf": "x5t#S256": is no SHA-256 in base64url`
	tests := []struct {
		name string
		cnf  any
		want answer
	}{
		{"as it should be", object{"x5t#S256": rfcX5T}, isUser("jane")},
		{"with what is not understood", object{"x5t#S256": rfcX5T, "kid": "x", "x5t#S1": 1}, isUser("jane")},
		{"null", raw("null"), missing(`claim "cnf": not an object`)},
		{"a text", rfcX5T, missing(`claim "cnf": not an object`)},
		{"a list", []object{{"x5t#S256": rfcX5T}}, missing(`claim "cnf": not an object`)},
		{"a number", 1, missing(`claim "cnf": not an object`)},
		{"empty", object{}, failed(names)},
		{"kid alone", object{"kid": "x"}, failed(names)},
		{"jwk alone", object{"jwk": object{"kty": "oct"}}, failed(names)},
		{"jku alone", object{"jku": "https://evil.test"}, failed(names)},
		{"x5t#S1 alone", object{"x5t#S1": rfcX5T}, failed(names)},
		{"in another case", object{"X5T#S256": rfcX5T}, failed(names)},
		{"x5t#S256 null", object{"x5t#S256": raw("null")}, missing(`claim "cnf": "x5t#S256": not a string`)},
		{"x5t#S256 a list", object{"x5t#S256": []string{rfcX5T}}, missing(`claim "cnf": "x5t#S256": not a string`)},
		{"x5t#S256 empty", object{"x5t#S256": ""}, missing(noHash)},
		{"x5t#S256 with padding", object{"x5t#S256": rfcX5T + "="}, missing(noHash)},
		{"x5t#S256 cut", object{"x5t#S256": rfcX5T[1:]}, missing(noHash)},
		{"x5t#S256 in plain base64", object{"x5t#S256": "+" + rfcX5T[1:]}, missing(noHash)},
		{"x5t#S256 with bits of no byte", object{"x5t#S256": rfcX5T[:42] + "1"}, missing(noHash)},
		{"x5t#S256 in hex", object{"x5t#S256": strings.Repeat("0a", 32)}, missing(noHash)},
		{"jkt null beside", object{"x5t#S256": rfcX5T, "jkt": raw("null")}, failed(`claim "cnf": "jkt": is not among what is checked here`)},
	}
	for _, optional := range []bool{false, true} {
		auth := bound(newStatic(t, keysOf(issuer), requires(jwt.Binding{Certificates: true, Optional: optional})))
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				r := authntest.Bearer(authntest.Request(pods, rfcCert(t)), issuer.Token(good(object{"cnf": tt.cnf})))
				require.Equal(t, tt.want, answerTo(t, auth, r))
			})
		}
	}
}

const nobodyChecks = "the token is bound to its sender, and nobody here would check that: set bearer.Authenticator's Bound"

// Whoever would not check the sender, or loses what it is to be checked with, accepts
// nobody.
func TestNobodyChecks(t *testing.T) {
	issuer := newIssuer(t)
	auth := newStatic(t, keysOf(issuer), requires(jwt.Binding{Certificates: true, Optional: true}))
	mux, err := jwt.NewMux(auth)
	require.NoError(t, err)
	token := issuer.Token(good(object{"cnf": object{"x5t#S256": rfcX5T}}))
	unavailable := func(text string) answer { return answer{reason: authn.Unavailable, text: text} }
	const lost = "the check of the token's sender was lost on the way, by an authenticator that gives another user"
	forgetful := authenticator.TokenFunc(func(_ context.Context, token string) (*authenticator.Response, bool, error) {
		return auth.AuthenticateToken(context.Background(), token)
	})
	adder := group.NewTokenGroupAdder(auth, []string{"more"})
	cached := remembered(auth)
	tests := []struct {
		name         string
		auth         authenticator.Request
		mine, others answer
	}{
		{"as it should be", bound(auth), isUser("jane"), badProof(boundToCert + "it is another")},
		{"a mux", bound(mux), isUser("jane"), badProof(boundToCert + "it is another")},
		{"a union", bound(union.Tokens(mux)), isUser("jane"), badProof(boundToCert + "it is another")},
		{"a cache", bound(cached), isUser("jane"), badProof(boundToCert + "it is another")},
		{"a cache of a union", bound(remembered(union.Tokens(auth))), isUser("jane"), badProof(boundToCert + "it is another")},
		{"not Bound", bearer.New(auth), unavailable(nobodyChecks), unavailable(nobodyChecks)},
		{"a mux, not Bound", bearer.New(mux), unavailable(nobodyChecks), unavailable(nobodyChecks)},
		{"a cache that knows the token, not Bound", bearer.New(cached), unavailable(nobodyChecks), unavailable(nobodyChecks)},
		{"somebody else's context", bound(forgetful), unavailable(nobodyChecks), unavailable(nobodyChecks)},
		{"somebody else's user", bound(adder), unavailable(lost), unavailable(lost)},
		{"somebody else's user, of a union", bound(union.Tokens(adder)), unavailable(lost), unavailable(lost)},
		{"somebody else's user, remembered", bound(remembered(adder)), unavailable("cache: " + lost), unavailable("cache: " + lost)},
		{"somebody else's user, of one that is remembered", bound(group.NewTokenGroupAdder(remembered(auth), []string{"more"})), unavailable(lost), unavailable(lost)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 3 {
				mine := authntest.Bearer(authntest.Request(pods, rfcCert(t)), token)
				require.Equal(t, tt.mine, answerTo(t, tt.auth, mine))
				others := authntest.Bearer(authntest.Request(pods, authntest.NewCA(t).Issue("x", nil)), token)
				require.Equal(t, tt.others, answerTo(t, tt.auth, others))
			}
		})
	}
	require.Equal(t, unavailable(nobodyChecks), ask(t, auth, token)) // without any request
}

// Where senders are checked, nobody may use a token that is bound without a proof
// because its issuer's Binding was forgotten; elsewhere "cnf" is not looked at.
func TestBoundWithoutBinding(t *testing.T) {
	issuer := newIssuer(t)
	auth := newStatic(t, keysOf(issuer))
	for name, cnf := range map[string]any{"a certificate": object{"x5t#S256": rfcX5T}, "a key": object{"jkt": rfcX5T}, "null": raw("null")} {
		token := issuer.Token(good(object{"cnf": cnf}))
		r := authntest.Bearer(authntest.Request(pods), token)
		require.Equal(t, answer{reason: authn.RuleFailed, text: `claim "cnf": the token is bound to its sender, and there is no Config.Binding to say what proves that`}, answerTo(t, bound(auth), r), name)
		require.Equal(t, isUser("jane"), answerTo(t, bearer.New(auth), r), name)
	}
	require.Equal(t, isUser("jane"), answerTo(t, bound(auth), authntest.Bearer(authntest.Request(pods), issuer.Token(good(nil)))))
}

// To explain a request does not use up its proof.
func TestExplainedProof(t *testing.T) {
	issuer, c := newIssuer(t), newClient(t)
	auth := bound(newStatic(t, keysOf(issuer), requires(jwt.Binding{DPoP: &jwt.DPoP{}})))
	r := c.send(issuer.Token(good(object{"cnf": object{"jkt": c.jkt("ES256")}}))).build()
	for range 2 {
		require.Equal(t, authn.VerdictAccepted, authn.Explain(auth, r).Result().Verdict)
	}
	require.Equal(t, isUser("jane"), answerTo(t, auth, r))
	require.Equal(t, badProof("DPoP proof: it has been used before"), answerTo(t, auth, r))
	require.Equal(t, authn.BadProof, authn.Explain(auth, r).Result().Reason)
}

// A token that is remembered is proved each time.
func TestCachedProofs(t *testing.T) {
	issuer, c := newIssuer(t), newClient(t)
	calls := 0
	auth := newStatic(t, keysOf(issuer), requires(jwt.Binding{DPoP: &jwt.DPoP{}}), func(cfg *jwt.Config, _ *jwt.Options) {
		user := cfg.User
		cfg.User = func(ctx context.Context, claims jwt.Claims) (u userInfo, err error) {
			calls++
			return user(ctx, claims)
		}
	})
	cached := bound(remembered(auth))
	token := issuer.Token(good(object{"cnf": object{"jkt": c.jkt("ES256")}}))
	first := c.send(token).build()
	none := c.send(token)
	none.wire = func(string) []string { return nil }
	thief := c.send(token)
	thief.signer, thief.header["jwk"] = newClient(t), newClient(t).jwk("ES256")
	asBearer := c.send(token)
	asBearer.scheme = "Bearer"
	for _, tt := range []struct {
		name string
		r    *http.Request
		want answer
	}{
		{"good", first, isUser("jane")},
		{"none", none.build(), badProof("0 DPoP headers instead of one")},
		{"again", first, badProof("DPoP proof: it has been used before")},
		{"another's", thief.build(), badProof("DPoP proof: it is of another key than the token's")},
		{"Bearer", asBearer.build(), badProof("the token is bound to a key, so the scheme must be DPoP")},
		{"another good", c.send(token).build(), isUser("jane")},
	} {
		require.Equal(t, tt.want, answerTo(t, cached, tt.r), tt.name)
	}
	require.Equal(t, 1, calls)
}

// Without a Binding, "cnf" is not looked at, as in kube-apiserver.
func TestNoBinding(t *testing.T) {
	issuer := newIssuer(t)
	auth := newStatic(t, keysOf(issuer))
	for _, cnf := range []any{object{"x5t#S256": rfcX5T}, object{"jkt": rfcJKT}, raw("null"), "x"} {
		require.Equal(t, isUser("jane"), ask(t, auth, issuer.Token(good(object{"cnf": cnf}))))
	}
}

// Over real connections: certificates that nobody has signed, HTTP/1.1 and HTTP/2,
// resumed sessions.
func TestCertificatesOverTLS(t *testing.T) {
	issuer := newIssuer(t)
	mine, other := selfSigned(t, "mine"), selfSigned(t, "other")
	token := issuer.Token(good(object{"cnf": object{"x5t#S256": hashOf(string(mine.Certificate[0]))}}))
	m := authn.Middleware{Authenticator: bound(remembered(newStatic(t, keysOf(issuer), requires(certificates))))}
	for _, http2 := range []bool{false, true} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprint(http2, tls.VersionName(version)), func(t *testing.T) {
				srv := httptest.NewUnstartedServer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					u, _ := authn.UserFrom(r.Context())
					fmt.Fprint(w, u.GetName(), r.TLS.DidResume, r.ProtoMajor)
				})))
				srv.EnableHTTP2 = http2
				srv.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: version}
				srv.StartTLS()
				defer srv.Close()
				major := map[bool]int{false: 1, true: 2}[http2]
				client := clientOf(srv, mine)
				for _, resumed := range []bool{false, true, true} {
					code, body := get(t, client, srv.URL, token)
					require.Equal(t, 200, code)
					require.Equal(t, fmt.Sprint("jane", resumed, major), body)
					client.CloseIdleConnections()
				}
				code, _ := get(t, clientOf(srv, other), srv.URL, token)
				require.Equal(t, 401, code)
			})
		}
	}
}
