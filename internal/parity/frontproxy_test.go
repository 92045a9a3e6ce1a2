package parity

import (
	"context"
	"crypto/x509"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/authenticatorfactory"
	"k8s.io/apiserver/pkg/authentication/group"
	upstreamanonymous "k8s.io/apiserver/pkg/authentication/request/anonymous"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/request/headerrequest"
	requestunion "k8s.io/apiserver/pkg/authentication/request/union"
	upstreamx509 "k8s.io/apiserver/pkg/authentication/request/x509"
	"k8s.io/apiserver/pkg/authentication/token/tokenfile"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/request"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
	ourx509 "github.com/authnchain/authnchain/x509"
	"github.com/authnchain/authnchain/x509/frontproxy"
)

// proxyHeaders are what proxies name users in.
type proxyHeaders struct{ users, uids, groups, prefixes []string }

var allProxyHeaders = []proxyHeaders{
	{[]string{"X-Remote-User"}, []string{"X-Remote-Uid"}, []string{"X-Remote-Group"}, []string{"X-Remote-Extra-"}},
	{[]string{"X-Remote-User", "x-forwarded-user"}, []string{"X-Remote-Uid", "X-Forwarded-Uid"}, []string{"X-Forwarded-Group", "X-Remote-Group"}, []string{"X-Forwarded-Extra-", "X-Remote-Extra-"}},
	{[]string{"X-Forwarded-User"}, []string{}, []string{"X-Forwarded-Group"}, []string{}},
}

// proxyWorld has the chains, and what to send through them.
type proxyWorld struct {
	proxyRoots, clientRoots *x509.CertPool
	certificates            []*certificate
	chains                  []*chains
	headers                 map[*chains]proxyHeaders
}

func newProxyWorld(t *testing.T) *proxyWorld {
	t.Helper()
	proxies, clients, other := newRoot(t, "proxies"), newRoot(t, "clients"), newRoot(t, "proxies") // one name, two keys
	w := &proxyWorld{x509.NewCertPool(), x509.NewCertPool(), nil, nil, make(map[*chains]proxyHeaders)}
	w.proxyRoots.AddCert(proxies.cert)
	w.clientRoots.AddCert(clients.cert)
	for _, c := range []*certificate{
		{"a stranger's", 1, "", other.to(named("front-proxy"))}, // the one that everybody refuses
		{"a proxy's", 16, "", proxies.to(named("front-proxy", "system:masters"))},
		{"another proxy's", 4, "", proxies.issueCA("below").to(named("front-proxy-2"))},
		{"no proxy's", 1, "", proxies.to(named("other"))},
		{"of no name", 1, "", proxies.to(named("", "front-proxy"))},
		{"a proxy's that has expired", 1, "", proxies.to(named("front-proxy"), lasting(-2*hour, -hour))},
		{"a proxy's for servers", 1, "", proxies.to(named("front-proxy"), usage(x509.ExtKeyUsageServerAuth))},
		{"a client's of that name", 1, "", clients.to(named("front-proxy"))},
		{"jane's", 2, "", clients.to(named("jane", "dev"))},
		{"none", 3, "", nil},
	} {
		for range c.weight {
			w.certificates = append(w.certificates, c)
		}
	}
	for _, h := range allProxyHeaders {
		for _, anonymous := range []string{"off", "on"} {
			s := setting{anonymous, nil, true}
			c := &chains{s, w.upstream(t, s, h), w.ours(t, s, h)}
			w.chains, w.headers[c] = append(w.chains, c), h
		}
	}
	return w
}

func (w *proxyWorld) upstream(t *testing.T, s setting, h proxyHeaders) http.Handler {
	t.Helper()
	trusting := func(roots *x509.CertPool) func() (x509.VerifyOptions, bool) {
		options := upstreamx509.DefaultVerifyOptions()
		options.Roots = roots
		return func() (x509.VerifyOptions, bool) { return options, true }
	}
	list := func(names []string) headerrequest.StringSliceProvider { return headerrequest.StaticStringSlice(names) }
	config := &authenticatorfactory.RequestHeaderConfig{UsernameHeaders: list(h.users), UIDHeaders: list(h.uids), GroupHeaders: list(h.groups), ExtraHeaderPrefixes: list(h.prefixes)}
	proxies := headerrequest.NewDynamicVerifyOptionsSecure(trusting(w.proxyRoots), list(proxyNames),
		config.UsernameHeaders, config.UIDHeaders, config.GroupHeaders, config.ExtraHeaderPrefixes)
	tokens, err := tokenfile.NewCSV(writeTokens(t))
	require.NoError(t, err)
	auth := group.NewAuthenticatedGroupAdder(requestunion.New(proxies,
		upstreamx509.NewDynamic(trusting(w.clientRoots), upstreamx509.CommonNameUserConversion), bearertoken.New(tokens)))
	if s.anonymous != "off" {
		auth = requestunion.NewFailOnError(auth, upstreamanonymous.NewAuthenticator([]apiserver.AnonymousAuthCondition{}))
	}
	inner := sight(func(ctx context.Context) (authnUser, bool) { return request.UserFrom(ctx) })
	handler := filters.WithAuthentication(inner, auth, filters.Unauthorized(statusCodecs()), nil, config)
	return filters.WithRequestInfo(handler, &request.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")})
}

func (w *proxyWorld) ours(t *testing.T, s setting, h proxyHeaders) http.Handler {
	t.Helper()
	proxies, err := frontproxy.New(frontproxy.Config{
		Proxies: ourx509.New(w.proxyRoots), Names: proxyNames,
		UserHeaders: h.users, UIDHeaders: h.uids, GroupHeaders: h.groups, ExtraPrefixes: h.prefixes,
	})
	require.NoError(t, err)
	tokens, err := bearer.LoadTokens(writeTokens(t))
	require.NoError(t, err)
	var auth authenticator.Request = union.Requests(proxies, ourx509.New(w.clientRoots), bearer.New(tokens))
	if s.anonymous != "off" {
		auth = anonymous.New(auth)
	}
	m := authn.Middleware{Authenticator: auth, CredentialHeaders: proxies.Headers(), Unauthorized: authn.PlainUnauthorized}
	m.Observe = func(ctx context.Context, o authn.Outcome) { seenIn(ctx).err = o.Err }
	return m.Wrap(sight(func(ctx context.Context) (authnUser, bool) { return authn.UserFrom(ctx) }))
}

// TestFrontProxy makes requests of proxies and others and sends them through both
// chains. It makes as many as -pairs says.
func TestFrontProxy(t *testing.T) {
	silent(t)
	w, s := newProxyWorld(t), newRequestSurvey()
	all := w.deviations()
	first, last := 0, *count
	if *only >= 0 {
		first, last = *only, *only+1
	}
	proxied := 0
	for i := first; i < last; i++ {
		x := w.newExchange(random(i, 0), i)
		before := x.header.Clone()
		x.upstream, x.ours = x.send(x.chains.upstream), x.send(x.chains.ours)
		require.Equal(t, before, x.header)
		x.expect(all)
		s.add(x)
		if u := x.ours.user; u != nil && slices.Contains(proxyUsers, u.GetName()) {
			proxied++
		}
	}
	s.check(t, all)
	t.Logf("%6d of users that a proxy names", proxied)
	if *only < 0 {
		require.GreaterOrEqual(t, 5*proxied, s.requests, "too few requests are a proxy's for the run to mean much")
	}
}

var (
	proxyNames = []string{"front-proxy", "front-proxy-2"}
	proxyUsers = []string{"ann", "Ängström 安", "ann, bob", "system:admin", "front-proxy-2"}
)

// newExchange makes the request with that index of a run.
func (w *proxyWorld) newExchange(r *rand.Rand, index int) *exchange {
	x := &exchange{index: index, test: "TestFrontProxy", chains: pick(r, w.chains), certificate: pick(r, w.certificates), target: "/", header: http.Header{}, proto: pick(r, []int{1, 2})}
	x.certs = x.certificate.certs
	if r.IntN(8) == 0 {
		x.header["Authorization"] = []string{pick(r, []string{"Bearer static-jane", "Bearer static-bob", "Bearer nobody-knows", "Basic YTpi"})}
	}
	if r.IntN(8) > 0 {
		name := pick(r, []string{"X-Remote-User", "X-Remote-User", "X-Forwarded-User"})
		x.header[name] = []string{pick(r, proxyUsers)}
		if r.IntN(8) == 0 {
			x.header["X-Forwarded-User"] = x.header[name]
		}
	}
	for range r.IntN(4) {
		x.add(r, pick(r, usualProxyHeaders), usualProxyValues)
	}
	if r.IntN(3) == 0 {
		x.add(r, pick(r, oddProxyHeaders), oddProxyValues)
	}
	return x
}

func (x *exchange) add(r *rand.Rand, name string, values []string) {
	for range pick(r, []int{1, 1, 1, 2, 3}) {
		if strings.HasSuffix(name, "-Uid") && len(x.header[name]) > 0 && r.IntN(4) > 0 {
			return
		}
		x.header[name] = append(x.header[name], pick(r, values))
	}
}

var (
	usualProxyHeaders = []string{
		"X-Remote-Uid", "X-Forwarded-Uid", "X-Remote-Group", "X-Remote-Group", "X-Forwarded-Group", "X-Remote-Extra-Team", "X-Forwarded-Extra-Tenant",
		"X-Remote-Extra-Example.com%2fA", "X-Remote-Extra-Authentication.kubernetes.io%2fcredential-Id", "X-Remote-Extra-A+b", "X-Forwarded-Extra-%E5%AE%89", "X-Remote-Extra-A%252fb", "Accept-Language",
	}
	usualProxyValues = []string{"a", "b", "a, b", "", "system:masters", "system:authenticated", "é", "7"}

	oddProxyHeaders = []string{
		"X-Remote-User", "X-Forwarded-User", "X-Remote-Uid", "X-Forwarded-Uid", "X-Remote-Group", "X-Forwarded-Group", "X-Remote-Extra-Team", "X-Forwarded-Extra-Team",
		"X_remote_user", "X.remote.user", "X-Remote_group", "X_forwarded_user", "X-Remote_extra-A", "X-Forwarded.extra-A", "X-Remote-Extra_team",
		"X-Remote-Extra-", "X-Remote-Extra-A%2", "X-Remote-Extra-A%zz", "X-Remote-Extra-A%00", "X-Remote-Extra-A%ff", "X-Remote-Extra-%54eam", "X-Remote-Extra-%74eam", "X-Forwarded-Extra-%54enant",
		"Connection", "X-Remote-Users", "X-Remote-Extra", "Impersonate-User",
	}
	oddProxyValues = []string{
		"root", "root", "", "a\tb", "\xff", " a", "a ", "system:anonymous", user.AllUnauthenticated, "front-proxy", "a\u0085",
		"keep-alive", "close, X-Remote-User", "x-remote-group", "X_Forwarded_Extra_A", "X-Remote-Extra-Team",
	}
)

func writeTokens(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokens.csv")
	require.NoError(t, os.WriteFile(path, []byte("static-jane,jane,u-1,dev\nstatic-bob,bob,u-2\n"), 0o600))
	return path
}
