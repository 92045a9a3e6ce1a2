package parity

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/group"
	upstreamanonymous "k8s.io/apiserver/pkg/authentication/request/anonymous"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	requestunion "k8s.io/apiserver/pkg/authentication/request/union"
	"k8s.io/apiserver/pkg/authentication/request/websocket"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/request"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// TestWebSockets makes requests with bearer tokens among their subprotocols, and
// in an Authorization header, and sends them through both chains. It makes as many
// as -pairs says.
func TestWebSockets(t *testing.T) {
	silent(t)
	s, both := newRequestSurvey(), []*chains{socketChains("off"), socketChains("on")}
	first, last := 0, *count
	if *only >= 0 {
		first, last = *only, *only+1
	}
	carried := 0 // by subprotocols alone
	for i := first; i < last; i++ {
		x := newSocket(random(i, 0), i, both)
		before := x.header.Clone()
		x.upstream, x.ours = x.send(x.chains.upstream), x.send(x.chains.ours)
		require.Equal(t, before, x.header)
		x.expect(socketDeviations(x))
		s.add(x)
		if u := x.ours.user; u != nil && u.GetName() != user.Anonymous && x.header["Authorization"] == nil {
			carried++
		}
	}
	s.check(t, socketDeviations(&exchange{}))
	if *only < 0 {
		require.GreaterOrEqual(t, 6*carried, s.requests, "too few tokens come in subprotocols for the run to mean much")
	}
}

// Users are told of every deviation.
func TestWebSocketDeviationsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/differences.md")
	require.NoError(t, err)
	for _, d := range socketDeviations(&exchange{}) {
		require.NotEmpty(t, d.reason, d.name)
		if !strings.Contains(string(text), d.line) {
			t.Errorf("%s: docs/differences.md does not have\n%s", d.name, d.line)
		}
	}
}

// known accepts tokens that no file could have too: both ask it.
var known = authenticator.TokenFunc(func(_ context.Context, token string) (*authenticator.Response, bool, error) {
	name, ok := socketTokens[token]
	if !ok {
		return nil, false, nil
	}
	return &authenticator.Response{User: &user.DefaultInfo{Name: name}}, true, nil
})

var socketTokens = map[string]string{
	"static-jane": "jane", "static-bob": "bob", "x": "x", "a.b-c_d~e/f=": "odd", strings.Repeat("w", 16<<10): "longest",
	"a b": "blank", "é": "foreign", "a\x00": "control", "a\n": "line", strings.Repeat("w", 16<<10+1): "long",
}

func socketChains(anonymousAuth string) *chains {
	s := setting{anonymousAuth, nil, true}
	upstream := group.NewAuthenticatedGroupAdder(requestunion.New(bearertoken.New(known), websocket.NewProtocolAuthenticator(known)))
	ours := union.Requests(bearer.New(known), bearer.NewWebSocket(known))
	if anonymousAuth != "off" {
		upstream = requestunion.NewFailOnError(upstream, upstreamanonymous.NewAuthenticator([]apiserver.AnonymousAuthCondition{}))
		ours = anonymous.New(ours)
	}
	inner := inOneForm(sight(func(ctx context.Context) (authnUser, bool) { return request.UserFrom(ctx) }))
	handler := filters.WithAuthentication(inner, upstream, filters.Unauthorized(statusCodecs()), nil, nil)
	handler = filters.WithRequestInfo(handler, &request.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")})
	m := authn.Middleware{Authenticator: ours, Unauthorized: authn.PlainUnauthorized, Observe: func(ctx context.Context, o authn.Outcome) { seenIn(ctx).err = o.Err }}
	return &chains{s, handler, m.Wrap(inOneForm(sight(func(ctx context.Context) (authnUser, bool) { return authn.UserFrom(ctx) })))}
}

// inOneForm shows a handler the subprotocols that are left as one list: whether
// they are in one header or several, and how they are set apart, is nobody's concern
// (RFC 6455, section 11.3.4).
func inOneForm(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		for name, lists := range r.Header {
			if isProtocols(name) {
				setProtocols(r.Header, name, protocolsIn(lists))
			}
		}
		h.ServeHTTP(w, r)
	})
}

const carrier = "base64url.bearer.authorization.k8s.io"

// newSocket makes the request with that index of a run.
func newSocket(r *rand.Rand, index int, both []*chains) *exchange {
	x := &exchange{index: index, test: "TestWebSockets", chains: pick(r, both), certificate: &certificate{name: "none"}, target: "/", header: http.Header{}, proto: 1}
	x.header["Upgrade"], x.header["Connection"] = []string{"websocket"}, []string{pick(r, []string{"Upgrade", "keep-alive, Upgrade", "upgrade"})}
	if r.IntN(5) == 0 {
		x.header[pick(r, []string{"Upgrade", "Connection"})] = pick(r, socketUpgrades)
	}
	if r.IntN(6) == 0 {
		x.header["Authorization"] = []string{pick(r, []string{"Bearer static-jane", "Bearer static-bob", "Bearer nobody-knows", "Basic YTpi", ""})}
	}
	lists := []string{newProtocols(r)}
	if r.IntN(12) == 0 {
		lists = append(lists, newProtocols(r))
	}
	x.header["Sec-Websocket-Protocol"] = lists
	if r.IntN(12) == 0 {
		x.header[pick(r, []string{"Sec_websocket_protocol", "Sec.websocket.protocol", "Sec-Websocket_protocol"})] = []string{newProtocols(r)}
	}
	return x
}

// newProtocols is a list with a token in it, as a rule.
func newProtocols(r *rand.Rand) string {
	all := pick(r, [][]string{{"v4.channel.k8s.io"}, {"v4.channel.k8s.io"}, {"v5.channel.k8s.io", "v4.channel.k8s.io"}, {"a"}, {}})
	all = append(all, newCarrier(r))
	if r.IntN(6) == 0 {
		all = append(all, pick(r, []string{"", "a b", `"a"`, "é", "a/b", "base64url.bearer", "x", newCarrier(r), newCarrier(r)}))
	}
	if r.IntN(20) == 0 {
		all = all[:1]
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return strings.Join(all, pick(r, []string{", ", ", ", ",", " ,\t", ",  "}))
}

func newCarrier(r *rand.Rand) string {
	token := b64(pick(r, []string{"static-jane", "static-jane", "static-bob", "x", "a.b-c_d~e/f=", "nobody-knows"}))
	if r.IntN(4) > 0 {
		return carrier + "." + token
	}
	switch r.IntN(5) {
	case 0:
		return carrier + "." + b64(pick(r, []string{"", "a b", "é", "a\x00", "a\n", "\xff", "\ufeffx", strings.Repeat("w", 16<<10), strings.Repeat("w", 16<<10+1)}))
	case 1: // other bits where none count
		return carrier + "." + pick(r, []string{"eB", "eD", "eA", "c3RhdGljLWphbmV", "c3RhdGljLWJvYg", "c3RhdGljLWJvYh"})
	case 2:
		return carrier + "." + pick(r, []string{token + "=", token + "==", "=" + token, token + ".", token + "+", "e", "eA=", "e A", token + "\u00a0", "/w", "_w"})
	case 3:
		return pick(r, []string{carrier, strings.ToUpper(carrier) + "." + token, "Base64url" + carrier[9:] + "." + token, "x" + carrier + "." + token, "x." + carrier + "." + token, carrier + token, carrier + "-" + token, `"` + carrier + "." + token + `"`, "ba\u017fe64" + carrier[6:] + "." + token})
	}
	return pick(r, []string{"base64url.bearer.authorization.k8s.i", "base64.bearer.authorization.k8s.io." + token, "bearer." + token, carrier[:20] + "." + token})
}

// socketUpgrades are values of Upgrade and Connection, without blanks around, as
// net/http gives them.
var socketUpgrades = [][]string{
	nil, {""}, {"websocket"}, {"WebSocket"}, {"h2c"}, {"websocket, h2c"}, {"h2c, websocket"}, {"websocket", "h2c"}, {"h2c", "websocket"}, {"websocket", "websocket"}, {"websocket/13"}, {"web\u017focket"},
	{"close"}, {"upgraded"}, {"no-upgrade"}, {"UPGRADE"}, {"close", "upgrade"}, {"close,upgrade"}, {"upgrade upgrade"}, {"Upgrade;a"},
}
