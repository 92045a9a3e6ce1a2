package bearer_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// What is no WebSocket to anybody is not for this authenticator, and what is one
// to some is refused if it has a token.
func TestWebSocketUpgrade(t *testing.T) {
	tests := []struct {
		name                string
		connection, upgrade []string
		user, err           string
	}{
		{"browser", []string{"Upgrade"}, []string{"websocket"}, "ann", ""},
		{"lower case", []string{"upgrade"}, []string{"websocket"}, "ann", ""},
		{"upper case", []string{"UPGRADE"}, []string{"WEBSOCKET"}, "ann", ""},
		{"RFC 6455's", []string{"Upgrade"}, []string{"WebSocket"}, "ann", ""},
		{"Firefox", []string{"keep-alive, Upgrade"}, []string{"websocket"}, "ann", ""},
		{"two Connection headers", []string{"keep-alive", "x,\tupgrade "}, []string{"websocket"}, "ann", ""},
		{"blanks", []string{" Upgrade\t"}, []string{" websocket\t"}, "ann", ""},

		{"neither", nil, nil, "", ""},
		{"no Connection", nil, []string{"websocket"}, "", ""},
		{"no Upgrade", []string{"Upgrade"}, nil, "", ""},
		{"empty", []string{""}, []string{""}, "", ""},
		{"other Connection", []string{"keep-alive"}, []string{"websocket"}, "", ""},
		{"other Upgrade", []string{"Upgrade"}, []string{"SPDY/3.1"}, "", ""},
		{"h2c", []string{"Upgrade, HTTP2-Settings"}, []string{"h2c"}, "", ""},
		{"longer word", []string{"Upgrade"}, []string{"websockets"}, "", ""},
		{"with a version", []string{"Upgrade"}, []string{"websocket/13"}, "", ""},
		{"in two words", []string{"Upgrade"}, []string{"web socket"}, "", ""},

		{"one of two", []string{"Upgrade"}, []string{"websocket, h2c"}, "", wantUpgrade},
		{"the other of two", []string{"Upgrade"}, []string{"h2c,websocket"}, "", wantUpgrade},
		{"the first header of two", []string{"Upgrade"}, []string{"websocket", "h2c"}, "", wantUpgrade},
		{"the second header of two", []string{"Upgrade"}, []string{"h2c", "websocket"}, "", wantUpgrade},
		{"twice", []string{"Upgrade"}, []string{"websocket", "websocket"}, "", wantUpgrade},
		{"twice in one", []string{"Upgrade"}, []string{"websocket,websocket"}, "", wantUpgrade},
		{"and an empty one", []string{"Upgrade"}, []string{"websocket,"}, "", wantUpgrade},
		{"long s and Kelvin sign", []string{"Upgrade"}, []string{"web\u017foc\u212aet"}, "", wantUpgrade},
		{"inside a word", []string{"upgrade-insecure-requests"}, []string{"websocket"}, "", wantUpgrade},
		{"two words", []string{"keep-alive Upgrade"}, []string{"websocket"}, "", wantUpgrade},
		{"in quotes", []string{`"Upgrade"`}, []string{"websocket"}, "", wantUpgrade},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := webSocket(v4 + ", " + annIs)
			r.Header["Connection"], r.Header["Upgrade"] = tt.connection, tt.upgrade
			resp, ok, err := bearer.NewWebSocket(echo).AuthenticateRequest(r)
			require.Equal(t, tt.user != "", ok)
			if ok {
				require.Equal(t, tt.user, resp.User.GetName())
			}
			if tt.err == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, tt.err)
				require.Equal(t, authn.Malformed, authn.ReasonOf(err))
			}
			r.Header["Sec-Websocket-Protocol"] = []string{v4} // without a token all is well
			_, ok, err = bearer.NewWebSocket(unreachable{}).AuthenticateRequest(r)
			require.False(t, ok)
			require.NoError(t, err)
		})
	}
}

// upgrading takes the connection of a WebSocket as RFC 6455, section 4.2.2, has
// it, but for the digest of the key, and says who is there.
func upgrading(w http.ResponseWriter, r *http.Request) {
	u, _ := authn.UserFrom(r.Context())
	seen := fmt.Sprintf("%s %q", u.GetName(), r.Header["Sec-Websocket-Protocol"])
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		fmt.Fprint(w, seen)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	protocol, _, _ := strings.Cut(r.Header.Get("Sec-Websocket-Protocol"), ",")
	fmt.Fprintf(buffered, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: %s\r\n\r\n", protocol)
	fmt.Fprintf(buffered, "\x81%c%s", len(seen), seen) // one frame of text (section 5.2)
	buffered.Flush()
}

// The whole way of a token: over TCP, through the chain and up to the handler,
// which has taken the connection.
func TestWebSocketWire(t *testing.T) {
	m := authn.Middleware{
		Authenticator: anonymous.New(union.Requests(bearer.New(echo), bearer.NewWebSocket(echo))),
		Unauthorized: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, string(authn.ReasonOf(err)), http.StatusUnauthorized)
		},
	}
	srv := httptest.NewServer(m.Wrap(http.HandlerFunc(upgrading)))
	defer srv.Close()

	const (
		upgrade   = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
		header    = "Sec-WebSocket-Protocol: "
		malformed = "401 Malformed"
		bad       = "400" // by net/http
	)
	tests := []struct{ name, lines, want string }{
		{"browser", upgrade + header + v4 + ", " + annIs + "\r\n", `101 v4.channel.k8s.io ann ["v4.channel.k8s.io"]`},
		{"token first", upgrade + header + annIs + ", b, a\r\n", `101 b ann ["b, a"]`},
		{"lower-case names", strings.ToLower(upgrade+header) + v4 + "," + annIs + "\r\n", `101 v4.channel.k8s.io ann ["v4.channel.k8s.io"]`},
		{"blanks around", upgrade + header + "\t " + v4 + " ,\t" + annIs + " \t\r\n", `101 v4.channel.k8s.io ann ["v4.channel.k8s.io"]`},
		{"folded after a comma", upgrade + header + v4 + ",\r\n " + annIs + "\r\n", `101 v4.channel.k8s.io ann ["v4.channel.k8s.io"]`},
		{"no token", upgrade + header + v4 + "\r\n", `101 v4.channel.k8s.io system:anonymous ["v4.channel.k8s.io"]`},
		{"no header", upgrade, `101  system:anonymous []`},
		{"empty header", upgrade + header + "\r\n", `101  system:anonymous [""]`},
		{"no upgrade", header + v4 + ", " + annIs + "\r\n", `200 system:anonymous ["v4.channel.k8s.io"]`},
		{"no Connection", "Upgrade: websocket\r\n" + header + v4 + ", " + annIs + "\r\n", `101 v4.channel.k8s.io system:anonymous ["v4.channel.k8s.io"]`},
		{"underscores", upgrade + "Sec_WebSocket_Protocol: " + v4 + ", " + annIs + "\r\n", `101  system:anonymous []`},
		{"and an Authorization header", upgrade + "Authorization: Bearer bob\r\n" + header + v4 + ", " + annIs + "\r\n", `101 v4.channel.k8s.io bob ["v4.channel.k8s.io"]`},
		{"and a bad Authorization header", upgrade + "Authorization: Bearer\r\n" + header + v4 + ", " + annIs + "\r\n", `101 v4.channel.k8s.io ann ["v4.channel.k8s.io"]`},
		{"an Authorization header and a bad token", upgrade + "Authorization: Bearer bob\r\n" + header + annIs + "\r\n", `101  bob []`},
		{"unknown", upgrade + header + v4 + ", " + encode("pass") + "\r\n", "401 UnknownToken"},
		{"refused", upgrade + header + v4 + ", " + encode("refuse") + "\r\n", "401 Expired"},
		{"alone", upgrade + header + annIs + "\r\n", malformed},
		{"with an empty one", upgrade + header + annIs + ",\r\n", malformed},
		{"two headers", upgrade + header + v4 + "\r\n" + header + annIs + "\r\n", malformed},
		{"two headers of other cases", upgrade + header + v4 + "\r\n" + strings.ToLower(header) + annIs + "\r\n", malformed},
		{"two tokens", upgrade + header + v4 + ", " + annIs + ", " + bobIs + "\r\n", malformed},
		{"empty token", upgrade + header + v4 + ", " + prefix + "\r\n", malformed},
		{"upper case", upgrade + header + v4 + ", " + strings.ToUpper(prefix) + "YW5u\r\n", malformed},
		{"padding", upgrade + header + v4 + ", " + prefix + "YQ==\r\n", malformed},
		{"stray bits", upgrade + header + v4 + ", " + prefix + "YR\r\n", malformed},
		{"folded inside", upgrade + header + v4 + ", " + prefix + "YW\r\n 5u\r\n", malformed},
		{"no-break space", upgrade + header + v4 + ",\u00a0" + annIs + "\r\n", malformed},
		{"two Upgrade headers", upgrade + "Upgrade: h2c\r\n" + header + v4 + ", " + annIs + "\r\n", malformed},
		{"upgrade inside a word", "Connection: upgrade-insecure-requests\r\nUpgrade: websocket\r\n" + header + v4 + ", " + annIs + "\r\n", malformed},
		{"long", upgrade + header + v4 + ", " + encode(strings.Repeat("a", bearer.MaxToken+1)) + "\r\n", malformed},
		{"NUL", upgrade + header + v4 + ", " + annIs + "\x00\r\n", bad},
		{"CR", upgrade + header + v4 + ", " + prefix + "YW\r5u\r\n", bad},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
			_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n"+tt.lines+"\r\n")
			require.NoError(t, err)
			require.Equal(t, tt.want, answer(t, bufio.NewReader(conn)))
		})
	}
}

// answer is the status, the subprotocol that the server has chosen, and the body
// or the first frame.
func answer(t *testing.T, conn *bufio.Reader) string {
	resp, err := http.ReadResponse(conn, nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusSwitchingProtocols:
		var head [2]byte
		_, err := io.ReadFull(conn, head[:])
		require.NoError(t, err)
		frame := make([]byte, head[1])
		_, err = io.ReadFull(conn, frame)
		require.NoError(t, err)
		return fmt.Sprintf("101 %s %s", resp.Header.Get("Sec-WebSocket-Protocol"), frame)
	case http.StatusBadRequest:
		return "400"
	}
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(body)))
}
