package main

import (
	"crypto/tls"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
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
	reviewer *authntest.Reviewer
}

func newWorld(p *process) *world {
	w := &world{
		clients:  authntest.NewCA(p),
		stranger: authntest.NewCA(p),
		issuer:   authntest.NewIssuer(p),
		forger:   authntest.NewIssuer(p),
		down:     authntest.NewIssuer(p),
		reviewer: authntest.NewReviewer(p),
	}
	w.down.Stop()
	w.reviewer.Accept(webhookToken, authntest.User("deployer", "robots"))
	return w
}

// chain is what an own server would have too: certificates, then bearer tokens
// of three kinds, and nobody at all on /healthz only.
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
	reviewer, err := webhook.New(webhook.Config{URL: w.reviewer.URL()}, &webhook.Options{Client: w.reviewer.Client()})
	if err != nil {
		return nil, err
	}
	return anonymous.New(
		union.Requests(
			x509.New(w.clients.Roots()),
			bearer.New(union.Tokens(static, issuers, reviewer)),
		),
		"/healthz",
	), nil
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
		{"jane's certificate, O=engineering", "jane", me, janeCert, "", 200, "jane"},
		{"jane's ID token", "jane", me, none, janeToken, 200, "oidc:jane@example.com"},
		{"admin's ID token", "admin", me, none, admin, 200, "oidc:admin@example.com"},
		{"a static token", "static", me, none, staticToken, 200, "ci"},
		{"a token that a webhook knows", "webhook", me, none, webhookToken, 200, "deployer"},
		{"nobody, on /healthz", "nobody", health, none, "", 200, "system:anonymous"},
		{"nobody, elsewhere", "nobody", me, none, "", 401, ""},
		{"an expired token", "expired", me, none, expired, 401, ""},
		{"an expired token, on /healthz", "", health, none, expired, 401, ""},
		{"a token for another audience", "payroll", me, none, payroll, 401, ""},
		{"a token with a forged signature", "forged", me, none, forged, 401, ""},
		{"a token that nobody knows", "", me, none, "guess", 401, ""},
		{"a certificate of an unknown CA", "mallory", me, bad, "", 401, ""},
		{"that certificate, and jane's token", "", me, bad, janeToken, 200, "oidc:jane@example.com"},
		{"jane's certificate, an expired token", "", me, janeCert, expired, 200, "jane"},
		{"a token of an issuer that is down", "down", me, none, w.down.Token(jane()), 503, ""},
		{"admin's ID token, on /platform", "admin", platform, none, admin, 200, "oidc:admin@example.com"},
		{"jane's ID token, on /platform", "jane", platform, none, janeToken, 403, "oidc:jane@example.com"},
	}
}
