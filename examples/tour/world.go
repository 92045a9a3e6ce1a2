package main

import (
	"crypto/tls"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/bearer/bootstrap"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/webhook"
	"github.com/authnchain/authnchain/x509"
)

const (
	audience     = "tour"
	prefix       = "oidc:" // so that nobody is admin by a name that an issuer made up
	staticToken  = "static-token-of-ci"
	webhookToken = "opaque-token-that-only-the-webhook-knows"
)

// world is everything that the server trusts, and some that it must not.
type world struct {
	clients  *authntest.CA
	stranger *authntest.CA
	issuer   *authntest.Issuer
	forger   *authntest.Issuer
	down     *authntest.Issuer
	cluster  *authntest.Issuer
	reviewer *authntest.Reviewer
}

func newWorld(p *process) *world {
	w := &world{
		clients:  authntest.NewCA(p),
		stranger: authntest.NewCA(p),
		issuer:   authntest.NewIssuer(p),
		forger:   authntest.NewIssuer(p),
		down:     authntest.NewIssuer(p),
		cluster:  newCluster(p),
		reviewer: authntest.NewReviewer(p),
	}
	w.down.Stop()
	w.reviewer.Accept(webhookToken, authntest.User("deployer", "robots"))
	return w
}

// chain is what an own server would have too: certificates, then bearer tokens
// of five kinds, in a header or for a WebSocket, and nobody at all on /healthz only.
func (w *world) chain() (authenticator.Request, error) {
	static, err := bearer.ParseTokens(strings.NewReader(staticToken + `,ci,42,"robots,builders"` + "\n"))
	if err != nil {
		return nil, err
	}
	people, err := w.people(w.issuer)
	if err != nil {
		return nil, err
	}
	others, err := w.people(w.down)
	if err != nil {
		return nil, err
	}
	issuers, err := jwt.NewMux(people, others)
	if err != nil {
		return nil, err
	}
	pods, err := w.pods()
	if err != nil {
		return nil, err
	}
	reviewer, err := webhook.New(webhook.Config{URL: w.reviewer.URL()}, &webhook.Options{Client: w.reviewer.Client()})
	if err != nil {
		return nil, err
	}
	tokens := union.Tokens(static, bootstrap.New(secrets{}, nil), issuers, pods, reviewer)
	requests := union.Requests(x509.New(w.clients.Roots()), bearer.New(tokens), bearer.NewWebSocket(tokens))
	return anonymous.New(requests, "/healthz"), nil
}

func (w *world) people(issuer *authntest.Issuer) (*jwt.Authenticator, error) {
	return jwt.New(jwt.Config{
		Issuer:    issuer.URL(),
		Audiences: []string{audience},
		User: jwt.ClaimMappings{
			Username: jwt.Claim("email").WithPrefix(prefix),
			Groups:   jwt.Claim("groups").WithPrefix(prefix),
		}.User,
	}, &jwt.Options{Client: issuer.Client()})
}

func claims(name, group string) map[string]any {
	return map[string]any{"sub": name, "aud": audience, "email": name + "@example.com", "email_verified": true, "groups": []string{group}}
}

func with(claims map[string]any, name string, value any) map[string]any {
	claims[name] = value
	return claims
}

// row is one request of the table, and what must come of it.
type row struct {
	credential string
	file       string // what curl's files for it are called; empty: not for curl
	path       string
	cert       *tls.Certificate
	token      string
	socket     bool // the token comes with a WebSocket
	status     int
	user       string
}

func (w *world) rows() []row {
	const me, platform, health = "/whoami", "/platform", "/healthz"
	var none *tls.Certificate
	ago := time.Now().Add(-192 * time.Second).Unix()
	bad := w.stranger.Issue("mallory", []string{"engineering"})
	janeCert := w.clients.Issue("jane", []string{"engineering"})
	jane := func() map[string]any { return claims("jane", "engineering") }
	janeToken := w.issuer.Token(jane())
	admin := w.issuer.Token(claims("admin", operators))
	expired := w.issuer.Token(with(jane(), "exp", ago))
	payroll := w.issuer.Token(with(jane(), "aud", "payroll"))
	forged := w.forger.Sign("RS256", with(jane(), "iss", w.issuer.URL()), map[string]any{"kid": w.issuer.KeyID("RS256")})
	return []row{
		{"jane's certificate, O=engineering", "jane", me, janeCert, "", false, 200, "jane"},
		{"jane's ID token", "jane", me, none, janeToken, false, 200, "oidc:jane@example.com"},
		{"admin's ID token", "admin", me, none, admin, false, 200, "oidc:admin@example.com"},
		{"a static token", "static", me, none, staticToken, false, 200, "ci"},
		{"a token that a webhook knows", "webhook", me, none, webhookToken, false, 200, "deployer"},
		{"a pod's service account token", "pod", me, none, w.podToken("web-1", "pod-1"), false, 200, "system:serviceaccount:shop:web"},
		{"a bootstrap token", "bootstrap", me, none, bootstrapToken, false, 200, "system:bootstrap:" + bootstrapID},
		{"jane's ID token, with a WebSocket", "", me, none, janeToken, true, 200, "oidc:jane@example.com"},
		{"nobody, on /healthz", "nobody", health, none, "", false, 200, "system:anonymous"},
		{"nobody, elsewhere", "nobody", me, none, "", false, 401, ""},
		{"an expired token", "expired", me, none, expired, false, 401, ""},
		{"an expired token, on /healthz", "", health, none, expired, false, 401, ""},
		{"a token for another audience", "payroll", me, none, payroll, false, 401, ""},
		{"a token with a forged signature", "forged", me, none, forged, false, 401, ""},
		{"a token that nobody knows", "", me, none, "guess", false, 401, ""},
		{"the token of a pod that is gone", "gone", me, none, w.podToken("web-0", "pod-0"), false, 401, ""},
		{"a certificate of an unknown CA", "mallory", me, bad, "", false, 401, ""},
		{"that certificate, and jane's token", "", me, bad, janeToken, false, 200, "oidc:jane@example.com"},
		{"jane's certificate, an expired token", "", me, janeCert, expired, false, 200, "jane"},
		{"a token of an issuer that is down", "down", me, none, w.down.Token(jane()), false, 503, ""},
		{"admin's ID token, on /platform", "admin", platform, none, admin, false, 200, "oidc:admin@example.com"},
		{"jane's ID token, on /platform", "jane", platform, none, janeToken, false, 403, "oidc:jane@example.com"},
	}
}
