package parity

import (
	"context"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	"k8s.io/apiserver/pkg/authentication/group"
	upstreamanonymous "k8s.io/apiserver/pkg/authentication/request/anonymous"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	requestunion "k8s.io/apiserver/pkg/authentication/request/union"
	upstreamx509 "k8s.io/apiserver/pkg/authentication/request/x509"
	tokencache "k8s.io/apiserver/pkg/authentication/token/cache"
	"k8s.io/apiserver/pkg/authentication/token/tokenfile"
	tokenunion "k8s.io/apiserver/pkg/authentication/token/union"
	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/request"
	upstreamwebhook "k8s.io/apiserver/plugin/pkg/authenticator/token/webhook"
	"k8s.io/client-go/rest"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/webhook"
	ourx509 "github.com/authnchain/authnchain/x509"
)

// setting is what an operator chooses.
type setting struct {
	anonymous string   // "off", "on" or "paths"
	audiences []string // of the API
	plain     bool     // ours answers with authn.PlainUnauthorized
}

// openPaths are those of the setting "paths".
var openPaths = []string{"/healthz", "/livez/", "/a/b"}

func settings() (all []setting) {
	for _, anonymous := range []string{"off", "on", "paths"} {
		for _, audiences := range [][]string{nil, {"api", "web"}} {
			all = append(all, setting{anonymous, audiences, false}, setting{anonymous, audiences, true})
		}
	}
	return all
}

// chains are the handlers of one setting.
type chains struct {
	setting
	upstream, ours http.Handler
}

// parts are what the chains are made of, but for the setting.
type parts struct {
	roots         *x509.CertPool
	jwt           sides
	upstreamFile  authenticator.Token
	ourFile       authenticator.Token
	reviewerURL   string
	reviewerRoots []byte // PEM
	reviewer      *http.Client
}

// requestConfig has a mapping by claims and one by expressions.
const requestConfig = `
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer: {url: "https://login.example.com", audiences: [api]}
  claimMappings:
    username: {claim: sub, prefix: "oidc:"}
    groups: {claim: groups, prefix: "oidc:"}
- issuer: {url: "https://idp.example.net/tenant/7c1f/v2.0", audiences: [web, api], audienceMatchPolicy: MatchAny}
  claimMappings:
    username: {expression: '"idp:" + claims.sub'}
    groups: {expression: claims.groups}
    uid: {claim: uid}
    extra: [{key: example.com/tenant, valueExpression: claims.tenant}]
`

func newParts(t *testing.T, ring *keyRing, roots *x509.CertPool) *parts {
	t.Helper()
	c := &configuration{issuers: []int{0, 5}, yaml: requestConfig}
	p := &parts{roots: roots, jwt: newSides(t, c, ring, authenticationcel.NewDefaultCompiler())}
	path := filepath.Join(t.TempDir(), "tokens.csv")
	require.NoError(t, os.WriteFile(path, []byte(tokenFile()), 0o600))
	var err error
	p.upstreamFile, err = tokenfile.NewCSV(path)
	require.NoError(t, err)
	p.ourFile, err = bearer.LoadTokens(path)
	require.NoError(t, err)
	p.review(t)
	return p
}

func (p *parts) chains(t *testing.T, s setting) *chains {
	t.Helper()
	return &chains{s, p.upstream(t, s), p.ours(t, s)}
}

// upstream is put together in the order of kube-apiserver (pkg/kubeapiserver
// and its authenticator.Config, which cannot be imported), of the links that ours
// has too.
func (p *parts) upstream(t *testing.T, s setting) http.Handler {
	t.Helper()
	hook, err := upstreamwebhook.New(&rest.Config{Host: p.reviewerURL, TLSClientConfig: rest.TLSClientConfig{CAData: p.reviewerRoots}, QPS: -1}, "v1", s.audiences, wait.Backoff{Steps: 1})
	require.NoError(t, err)
	tokens := tokenunion.New(
		authenticator.WrapAudienceAgnosticToken(s.audiences, p.upstreamFile),
		authenticator.WrapAudienceAgnosticToken(s.audiences, p.jwt.upstream),
		tokencache.New(hook, false, 2*time.Minute, 2*time.Minute),
	)
	certificates := upstreamx509.NewDynamic(func() (x509.VerifyOptions, bool) {
		options := upstreamx509.DefaultVerifyOptions()
		options.Roots = p.roots
		return options, true
	}, upstreamx509.CommonNameUserConversion)
	auth := group.NewAuthenticatedGroupAdder(requestunion.New(certificates, bearertoken.New(tokencache.New(tokens, true, 10*time.Second, 0))))
	if s.anonymous != "off" {
		var conditions []apiserver.AnonymousAuthCondition
		for _, path := range s.paths() {
			conditions = append(conditions, apiserver.AnonymousAuthCondition{Path: path})
		}
		auth = requestunion.NewFailOnError(auth, upstreamanonymous.NewAuthenticator(conditions))
	}
	inner := sight(func(ctx context.Context) (authnUser, bool) { return request.UserFrom(ctx) })
	handler := filters.WithAuthentication(inner, auth, filters.Unauthorized(statusCodecs()), s.audiences, nil)
	return filters.WithRequestInfo(handler, &request.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")})
}

func (p *parts) ours(t *testing.T, s setting) http.Handler {
	t.Helper()
	hook, err := webhook.New(webhook.Config{URL: p.reviewerURL, Audiences: s.audiences}, &webhook.Options{Client: p.reviewer})
	require.NoError(t, err)
	auth := union.Requests(ourx509.New(p.roots), bearer.New(union.Tokens(p.ourFile, p.jwt.ours, hook)))
	if s.anonymous != "off" {
		auth = anonymous.New(auth, s.paths()...)
	}
	m := authn.Middleware{Authenticator: auth, Audiences: s.audiences, Observe: func(ctx context.Context, o authn.Outcome) { seenIn(ctx).err = o.Err }}
	if s.plain {
		m.Unauthorized = authn.PlainUnauthorized
	}
	return m.Wrap(sight(func(ctx context.Context) (authnUser, bool) { return authn.UserFrom(ctx) }))
}

func (s setting) paths() []string {
	if s.anonymous == "paths" {
		return openPaths
	}
	return nil
}

// statusCodecs write metav1.Status.
func statusCodecs() serializer.CodecFactory {
	scheme := runtime.NewScheme()
	v1 := schema.GroupVersion{Version: "v1"}
	metav1.AddToGroupVersion(scheme, v1)
	scheme.AddUnversionedTypes(v1, &metav1.Status{})
	return serializer.NewCodecFactory(scheme)
}

// longToken is more than ours reads.
var longToken = "static-" + strings.Repeat("l", 17_000)

// tokenFile is one that both read in the same way.
func tokenFile() string {
	return strings.Join([]string{
		`static-jane,jane,u-1,"dev,ops"`,
		`static-bob,bob,`,
		`static-carol,carol,u-3,dev`,
		`static-dave,dave,u-4,""`,
		`static-known,known,u-5,"system:authenticated,dev"`,
		`static-guest,guest,u-6,system:unauthenticated`,
		`static-nobody,system:anonymous,`,
		longToken + `,long,u-7`,
	}, "\n") + "\n"
}
