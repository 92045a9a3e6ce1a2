package bearer_test

import (
	"encoding/base64"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// What WebSocket's comment says, as patterns.
var (
	meant     = regexp.MustCompile(`[bB][aA][sS][eE]64[uU][rR][lL]\.[bB][eE][aA][rR][eE][rR]\.[aA][uU][tT][hH][oO][rR][iI][zZ][aA][tT][iI][oO][nN]\.[kK]8[sS]\.[iI][oO]`)
	listForm  = regexp.MustCompile("^[ \t]*[-!#$%&'*+.^_`|~0-9A-Za-z]+(?:[ \t]*,[ \t]*[-!#$%&'*+.^_`|~0-9A-Za-z]+)+[ \t]*$")
	carrier   = regexp.MustCompile(`(?:^|[ \t,])base64url\.bearer\.authorization\.k8s\.io\.([-_0-9A-Za-z]+)(?:[ \t,]|$)`)
	visible   = regexp.MustCompile(`^[\x21-\x7e]+$`)
	someWS    = regexp.MustCompile(`(?i)(?:^|,)[ \t]*websocket[ \t]*(?:,|$)`)
	onlyWS    = regexp.MustCompile(`^[ \t]*[wW][eE][bB][sS][oO][cC][kK][eE][tT][ \t]*$`)
	someUp    = regexp.MustCompile(`(?i)upgrade`)
	surelyUp  = regexp.MustCompile(`(?i)(?:^|,)[ \t]*upgrade[ \t]*(?:,|$)`)
	separator = regexp.MustCompile(`[ \t]*,[ \t]*`)
)

// reading is another reading of a request: a token, or none, or a refusal.
func reading(h http.Header) (token string, malformed bool) {
	lists, upgrade, connection := h["Sec-Websocket-Protocol"], strings.Join(h["Upgrade"], ","), strings.Join(h["Connection"], ",")
	all := strings.Join(lists, ",")
	if !meant.MatchString(all) || !someWS.MatchString(upgrade) || !someUp.MatchString(connection) {
		return "", false
	}
	found := carrier.FindStringSubmatch(all)
	switch {
	case len(lists) > 1, !onlyWS.MatchString(upgrade), !surelyUp.MatchString(connection),
		!listForm.MatchString(all), len(meant.FindAllString(all, 2)) != 1, found == nil:
		return "", true
	}
	decoded, err := base64.RawURLEncoding.DecodeString(found[1])
	if err != nil || base64.RawURLEncoding.EncodeToString(decoded) != found[1] || !visible.Match(decoded) || len(decoded) > bearer.MaxToken {
		return "", true
	}
	return string(decoded), false
}

// others are the subprotocols that a handler may see.
func others(lists []string) []string {
	var names []string
	for _, list := range lists {
		for _, name := range separator.Split(strings.Trim(list, " \t"), -1) {
			if name != "" && !meant.MatchString(name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func FuzzWebSocketProtocols(f *testing.F) {
	for _, seed := range []string{
		"", v4, v4 + ", " + annIs, annIs + "," + v4, " \t" + v4 + "\t,\t" + annIs + " ", annIs, annIs + ",", "," + annIs, annIs + ",," + v4,
		v4 + ", " + prefix, v4 + ", " + strings.TrimSuffix(prefix, "."), v4 + ", " + prefix + "YR", v4 + ", " + prefix + "YQ==", v4 + ", " + prefix + "Pz8_fn5-", v4 + ", " + prefix + "Pz8/fn5+", v4 + ", " + prefix + "Y",
		v4 + ", " + prefix + "YW\n5u", v4 + ", " + encode("a b"), v4 + ", " + encode("é"), v4 + ", " + encode("\xff"), annIs + ", " + bobIs + ", a", annIs + ", é", annIs + ", a b",
		v4 + ", " + strings.ToUpper(annIs), v4 + ", x" + annIs, v4 + " " + annIs, v4 + ",\u00a0" + annIs, v4 + ", base64url.bearer.authorization.\u212a8s.io.YW5u",
		v4 + ", ba\u017fe64url.bearer.authorization.k8s.io.YW5u", v4 + ", " + encode(strings.Repeat("a", bearer.MaxToken)), v4 + ", " + encode(strings.Repeat("a", bearer.MaxToken+1)),
	} {
		f.Add(seed, "", "Upgrade", "websocket", false)
		f.Add(seed, v4, "keep-alive, upgrade", "WebSocket", true)
		f.Add(v4, seed, "upgrade-insecure-requests", "websocket", true)
		f.Add(seed, "", "keep-alive Upgrade", "websocket", false)
		f.Add(seed, "", "Upgrade", "h2c, websocket", false)
		f.Add(seed, "", "Upgrade", "web\u017foc\u212aet", false)
		f.Add(seed, "", "keep-alive\nUpgrade", "websocket", false)
		f.Add(seed, "", "Upgrade", "websocket\nh2c", false)
		f.Add(seed, "", "", "websocket", false)
		f.Add(seed, "", "Upgrade", "websocket/13", false)
	}
	f.Fuzz(func(t *testing.T, first, second, connection, upgrade string, two bool) {
		lists := []string{first}
		if two {
			lists = append(lists, second)
		}
		r := webSocket(lists...)
		r.Header["Connection"], r.Header["Upgrade"] = strings.Split(connection, "\n"), strings.Split(upgrade, "\n")
		caller := r.Header.Clone()

		token, ok, err := bearer.FromWebSocket(r)
		want, malformed := reading(r.Header)
		require.Equal(t, want, token)
		require.Equal(t, want != "", ok)
		if malformed {
			require.Equal(t, authn.Malformed, authn.ReasonOf(err))
			require.Less(t, len(err.Error()), 200)
		} else {
			require.NoError(t, err)
		}

		seen, err := authn.Middleware{Authenticator: authntest.As(authntest.User("ann"))}.Authenticate(r)
		require.NoError(t, err)
		require.Equal(t, others(lists), others(seen.Header["Sec-Websocket-Protocol"]))
		require.False(t, meant.MatchString(strings.Join(seen.Header["Sec-Websocket-Protocol"], ",")))
		require.Equal(t, caller, r.Header)
	})
}

// A bad token is never anonymous, whatever it is a part of.
func TestWebSocketIsNeverAnonymous(t *testing.T) {
	names := []string{v4, v4, v4, v4, v4, "a", "", "é", annIs, bobIs, encode("pass"), encode("refuse"), encode("a b"), prefix, prefix + "YR", strings.ToUpper(annIs), "x" + annIs}
	connections := []string{"Upgrade", "Upgrade", "Upgrade", "keep-alive, upgrade", "keep-alive", "upgrading"}
	upgrades := []string{"websocket", "websocket", "websocket", "WebSocket", "h2c", "h2c, websocket"}
	m := authn.Middleware{Authenticator: anonymous.New(union.Requests(bearer.New(echo), bearer.NewWebSocket(echo)))}
	answers := map[string]int{}
	for seed := range uint64(20_000) {
		random := rand.New(rand.NewPCG(seed, 0))
		pick := func(from []string) string { return from[random.IntN(len(from))] }
		r := webSocket()
		r.Header["Connection"], r.Header["Upgrade"] = []string{pick(connections)}, []string{pick(upgrades)}
		for range 1 + random.IntN(5)/4 {
			var list []string
			for range 1 + random.IntN(2) + random.IntN(2) {
				list = append(list, pick(names))
			}
			r.Header["Sec-Websocket-Protocol"] = append(r.Header["Sec-Websocket-Protocol"], strings.Join(list, ","))
		}
		token, malformed := reading(r.Header)
		want := map[string]string{"": "system:anonymous", "ann": "ann", "bob": "bob", "pass": "UnknownToken", "refuse": "Expired"}[token]
		if malformed {
			want = "Malformed"
		}
		got, err := m.Authenticate(r)
		answer := string(authn.ReasonOf(err))
		if err == nil {
			u, _ := authn.UserFrom(got.Context())
			answer = u.GetName()
			require.False(t, slices.ContainsFunc(got.Header["Sec-Websocket-Protocol"], meant.MatchString), "seed %d", seed)
		}
		require.Equal(t, want, answer, "seed %d: %q", seed, r.Header)
		answers[answer]++
	}
	for _, answer := range []string{"ann", "bob", "system:anonymous", "UnknownToken", "Expired", "Malformed"} {
		require.Greater(t, answers[answer], 100, "the requests are not random enough: %v", answers)
	}
}
