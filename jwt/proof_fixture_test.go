package jwt_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt"
)

// client is somebody with keys who proves to have them.
type client struct {
	*authntest.Issuer
	t testing.TB
}

func newClient(t testing.TB) client { return client{newIssuer(t), t} }

func (c client) jwk(alg string) object {
	var members object
	require.NoError(c.t, json.Unmarshal(toJSON(c.t, jose.JSONWebKey{Key: c.PublicKey(alg)}), &members))
	return members
}

func (c client) jkt(alg string) string { return thumbprint(c.t, c.PublicKey(alg)) }

func thumbprint(t testing.TB, key crypto.PublicKey) string {
	sum, err := (&jose.JSONWebKey{Key: key}).Thumbprint(crypto.SHA256)
	require.NoError(t, err)
	return b64(sum)
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return b64(sum[:])
}

const pods = "https://api.test/pods"

// sent is a request with a token and a proof, as it should be until it is edited.
type sent struct {
	method, url   string
	scheme, token string
	alg           string
	signer        client
	header        object // of the proof
	claims        object
	wire          func(proof string) []string // the DPoP headers; nil: the proof
	request       func(*http.Request)         // edits the request
}

var proofsMade atomic.Int64

func (c client) send(token string) *sent {
	return &sent{
		method: "GET", url: pods, scheme: "DPoP", token: token, alg: "ES256", signer: c,
		header: object{"typ": "dpop+jwt", "alg": "ES256", "jwk": c.jwk("ES256")},
		claims: object{"jti": fmt.Sprint("jti-", proofsMade.Add(1)), "htm": "GET", "htu": pods, "iat": noon.Unix(), "ath": hashOf(token)},
	}
}

func (s *sent) proof() string {
	for _, members := range []object{s.header, s.claims} {
		maps.DeleteFunc(members, func(_ string, v any) bool { return v == nil })
	}
	return s.signer.SignRaw(s.alg, toJSON(s.signer.t, s.header), toJSON(s.signer.t, s.claims))
}

func (s *sent) build() *http.Request {
	r := authntest.Request(s.url)
	r.Method = s.method
	r.Header.Set("Authorization", s.scheme+" "+s.token)
	values := []string{s.proof()}
	if s.wire != nil {
		values = s.wire(values[0])
	}
	for _, value := range values {
		r.Header.Add("DPoP", value)
	}
	if s.request != nil {
		s.request(r)
	}
	return r
}

// requires returns the edit of a configuration that sets Binding.
func requires(b jwt.Binding) func(*jwt.Config, *jwt.Options) {
	return func(c *jwt.Config, _ *jwt.Options) { c.Binding = &b }
}

// bound returns the authenticator of requests with bound tokens.
func bound(token authenticator.Token) *bearer.Authenticator {
	return &bearer.Authenticator{Token: token, Bound: true}
}

// answerTo returns an authenticator's answer to a request, after checking what must
// hold of every answer: the texts are without "bearer: ".
func answerTo(t testing.TB, auth authenticator.Request, r *http.Request) answer {
	t.Helper()
	resp, ok, err := auth.AuthenticateRequest(r)
	switch {
	case err != nil:
		require.False(t, ok)
		require.Nil(t, resp)
		text := strings.TrimPrefix(err.Error(), "bearer: ")
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		for _, secret := range append(r.Header["Dpop"], token) {
			mustBeSilentOn(t, secret, text)
		}
		if before, after, found := strings.Cut(text, `": `); found && strings.HasPrefix(before, `jwt: issuer "`) {
			text = after
		}
		return answer{reason: authn.ReasonOf(err), text: text}
	case !ok:
		require.Nil(t, resp)
		return answer{reason: notMine}
	}
	return isUser(resp.User.GetName())
}

func badProof(text string) answer { return answer{reason: authn.BadProof, text: text} }

// opaque is an authenticator of one token, in the place of which it asks about another.
func opaque(token string, auth authenticator.Token, other string) authenticator.Token {
	return authenticator.TokenFunc(func(ctx context.Context, presented string) (*authenticator.Response, bool, error) {
		if presented != token {
			return nil, false, nil
		}
		return auth.AuthenticateToken(ctx, other)
	})
}
