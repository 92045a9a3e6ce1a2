package frontproxy_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/x509"
)

// serve answers with who is calling and the headers that the handler sees, or with
// what the authenticator of proxies had against the request.
func serve(t *testing.T, w *world) *httptest.Server {
	t.Helper()
	a := w.authenticator(t, two)
	chain := anonymous.New(union.Requests(a, x509.New(w.clientCA.Roots())))
	m := authn.Middleware{Authenticator: chain, CredentialHeaders: a.Headers()}
	m.Unauthorized = func(rw http.ResponseWriter, _ *http.Request, err error) {
		rw.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(rw, said(err))
	}
	s := httptest.NewUnstartedServer(m.Wrap(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		u, _ := authn.UserFrom(r.Context())
		fmt.Fprint(rw, words(u), " sees ", slices.Sorted(maps.Keys(r.Header)))
	})))
	s.TLS = x509.TLSConfig()
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// dial connects as a client with or without a certificate.
func dial(t *testing.T, s *httptest.Server, protocol string, cert *tls.Certificate) *tls.Conn {
	t.Helper()
	c := &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com", NextProtos: []string{protocol}}
	if cert != nil {
		c.Certificates = []tls.Certificate{*cert}
	}
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), c)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// exchange sends bytes and returns the answer's status, if it is not 200, and body.
func exchange(t *testing.T, conn *tls.Conn, raw string) string {
	t.Helper()
	_, err := io.WriteString(conn, raw)
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	switch resp.StatusCode {
	case http.StatusOK, http.StatusUnauthorized:
		return string(body)
	}
	return fmt.Sprint(resp.StatusCode)
}

// leaked is a header that names users, among those that a handler sees.
const leaked = `(?i)x[-_.](remote|forwarded)[-_.](user|uid|group|extra[-_.][^ ]*)[\] ]`

// What the rows say of the answer to a proxy.
const (
	ann     = "ann sees []"
	nobody  = "not mine" // then package x509 refuses the proxy's certificate
	broken  = "400"      // net/http's, to everybody
	unknown = "501"      // likewise
)

func spelling(name string) string {
	return name + ": another spelling of a header that names users"
}

func hopByHop(name string) string {
	return "Connection: " + name + " names users, and is not for one connection alone"
}

// Each row is sent by a proxy, by jane with her certificate, and by nobody. The last
// two stay who they are, unless it is no HTTP, and no handler sees a header that
// names users.
func TestSmuggling(t *testing.T) {
	const user = "X-Remote-User: ann\r\n"
	const extra = "X-Remote-Extra-"
	tests := []struct {
		name string
		raw  string // what follows the Host line
		want string // of the answer to a proxy
	}{
		{"a user", user, ann},
		{"lower case", "x-remote-user: ann\r\n", ann},
		{"upper case", "X-REMOTE-USER: ann\r\n", ann},
		{"mixed case", "x-ReMoTe-uSeR: ann\r\n", ann},
		{"no blank after the colon", "X-Remote-User:ann\r\n", ann},
		{"blanks and tabs around", "X-Remote-User: \t ann\t \r\n", ann},
		{"bare line feeds", "X-Remote-User: ann\n", ann},
		{"all of it", user + "X-Remote-Uid: 7\r\nX-Remote-Group: a\r\nx-remote-group: b\r\n" + extra + "Team: x\r\n", `ann uid=7 groups=["a" "b"] team=["x"] sees []`},
		{"of the second kind", "X-Forwarded-User: ann\r\nX-Forwarded-Group: a\r\nX-Forwarded-Extra-Team: x\r\n", `ann groups=["a"] team=["x"] sees []`},
		{"other headers stay", user + "Accept: x\r\nX-Remote-Users: x\r\nX-Remote: x\r\n", "ann sees [Accept X-Remote X-Remote-Users]"},
		{"no user", "Accept: x\r\n", nobody},
		{"a group alone", "X-Remote-Group: system:masters\r\n", nobody},
		{"an empty user", "X-Remote-User:\r\n", nobody},
		{"a user of blanks", "X-Remote-User: \t \r\n", nobody},

		{"two users", user + "X-Remote-User: root\r\n", "X-Remote-User: there 2 times"},
		{"two users, in other cases", user + "x-remote-user: root\r\n", "X-Remote-User: there 2 times"},
		{"two users apart", user + "Accept: x\r\nX-REMOTE-USER: root\r\n", "X-Remote-User: there 2 times"},
		{"one user twice", user + user, "X-Remote-User: there 2 times"},
		{"one is empty", "X-Remote-User:\r\n" + user, "X-Remote-User: there 2 times"},
		{"in a list", "X-Remote-User: ann, root\r\n", "ann, root sees []"},
		{"of both kinds", user + "X-Forwarded-User: root\r\n", "X-Remote-User and X-Forwarded-User: they differ"},
		{"of both kinds, the same", user + "X-Forwarded-User: ann\r\n", ann},
		{"two uids", user + "X-Remote-Uid: 7\r\nx-remote-uid: 8\r\n", "X-Remote-Uid: there 2 times"},
		{"two uids of both kinds", user + "X-Remote-Uid: 7\r\nX-Forwarded-Uid: 8\r\n", "X-Remote-Uid and X-Forwarded-Uid: they differ"},

		{"underscores", "X_Remote_User: root\r\n", spelling("X_remote_user")},
		{"underscores beside", user + "X_Remote_User: root\r\n", spelling("X_remote_user")},
		{"underscores before", "X_Remote_User: root\r\n" + user, spelling("X_remote_user")},
		{"one underscore", user + "X-Remote_User: root\r\n", spelling("X-Remote_user")},
		{"dots", user + "X.Remote.User: root\r\n", spelling("X.remote.user")},
		{"a dot and an underscore", user + "x.remote_user: root\r\n", spelling("X.remote_user")},
		{"a group with underscores", user + "X_Remote_Group: system:masters\r\n", spelling("X_remote_group")},
		{"a uid with dots", user + "X.Remote.Uid: 0\r\n", spelling("X.remote.uid")},
		{"an attribute with underscores", user + "X_Remote_Extra_Team: x\r\n", spelling("X_remote_extra_team")},
		{"an attribute with a dot", user + "X-Remote-Extra.Team: x\r\n", spelling("X-Remote-Extra.team")},
		{"the second kind with underscores", user + "X_Forwarded_User: root\r\n", spelling("X_forwarded_user")},
		{"with other characters", user + "X~Remote~User: root\r\nX+Remote+User: root\r\n", "ann sees [X+remote+user X~remote~user]"},
		{"with a tail", user + "X-Remote-User-: root\r\nX-Remote-User-Name: root\r\n", "ann sees [X-Remote-User- X-Remote-User-Name]"},

		{"Connection", user + "Connection: X-Remote-User\r\n", hopByHop("X-Remote-User")},
		{"Connection before", "Connection: close, X-Remote-User\r\n" + user, hopByHop("X-Remote-User")},
		{"Connection in lower case", user + "connection: keep-alive,x-remote-user\r\n", hopByHop("x-remote-user")},
		{"Connection, underscores", user + "Connection: x_remote_user\r\n", hopByHop("x_remote_user")},
		{"Connection, a group that is gone", user + "Connection: X-Remote-Group\r\n", hopByHop("X-Remote-Group")},
		{"Connection, an attribute", user + "Connection: X-Remote-Extra-Team\r\n", hopByHop("X-Remote-Extra-Team")},
		{"Connection, twice", user + "Connection: keep-alive\r\nConnection: X-Forwarded-Uid\r\n", hopByHop("X-Forwarded-Uid")},
		{"Connection, tabs", user + "Connection: close\t,\tX-Remote-Uid\t\r\n", hopByHop("X-Remote-Uid")},
		{"Connection, others", user + "Connection: keep-alive, X-Other\r\n", "ann sees [Connection]"},

		{"a folded line", user + " root\r\n", "ann root sees []"},
		{"a folded line with a tab", user + "\troot\r\n", "ann root sees []"},
		{"a folded name", "X-Remote\r\n -User: root\r\n", broken},
		{"a folded line of another header", "Accept: x\r\n X-Remote-User: root\r\n", nobody},
		{"a blank before the name", " X-Remote-User: root\r\n", broken},
		{"a blank before the colon", "X-Remote-User : root\r\n", broken},
		{"a tab before the colon", "X-Remote-User\t: root\r\n", broken},
		{"a blank in the name", "X-Remote User: root\r\n", broken},
		{"no colon", "X-Remote-User root\r\n", broken},
		{"no name", ": root\r\n", broken},
		{"NUL in the value", "X-Remote-User: ann\x00root\r\n", broken},
		{"NUL in the name", "X-Remote-User\x00: root\r\n", broken},
		{"a carriage return in the value", "X-Remote-User: ann\rX-Remote-Group: a\r\n", broken},
		{"DEL in the value", "X-Remote-User: ann\x7f\r\n", broken},
		{"a name that is not ASCII", "X-Remote-Usér: root\r\n", broken},
		{"a Kelvin sign in the name", "X-Forwarded-User\u212a: root\r\n", broken},
		{"a tab in the value", "X-Remote-User: ann\troot\r\n", "X-Remote-User: a control character in it"},
		{"next line in the value", "X-Remote-User: ann\u0085root\r\n", "X-Remote-User: a control character in it"},
		{"Latin-1", "X-Remote-User: \xe4nn\r\n", "X-Remote-User: not valid UTF-8"},
		{"UTF-8 of two kinds", "X-Remote-User: \xc0\xafann\r\n", "X-Remote-User: not valid UTF-8"},
		{"a tab in a group", user + "X-Remote-Group: a\tb\r\n", "X-Remote-Group: a control character in it"},

		{"an attribute's key encoded", user + extra + "A%2Fb: x\r\n", `ann a/b=["x"] sees []`},
		{"one key twice, by case", user + extra + "Team: x\r\n" + extra + "TEAM: y\r\n", `ann team=["x" "y"] sees []`},
		{"one key twice, by an escape", user + extra + "Team: x\r\n" + extra + "%54eam: y\r\n", extra + "%54eam: what follows the prefix is no %-encoded key in lower case"},
		{"one key twice, by a small one's escape", user + extra + "Team: x\r\n" + extra + "%74eam: y\r\n", extra + "Team: another header has the same key"},
		{"an escape cut off", user + extra + "A%2: x\r\n", extra + "A%2: what follows the prefix is no %-encoded key in lower case"},
		{"a line feed in a key", user + extra + "A%0AX-Remote-Group: x\r\n", "the key of " + extra + "A%0ax-Remote-Group: a control character in it"},
		{"NUL in a key", user + extra + "A%00: x\r\n", "the key of " + extra + "A%00: a control character in it"},
		{"an empty key", user + extra + ": x\r\n", extra + ": what follows the prefix is no %-encoded key in lower case"},
		{"a credential's ID", user + extra + "Authentication.kubernetes.io%2fcredential-id: JTI=7\r\n", `ann authentication.kubernetes.io/credential-id=["JTI=7"] sees []`},

		{"two lengths", user + "Content-Length: 0\r\nContent-Length: 5\r\n", broken},
		{"a length and chunks", "Content-Length: 30\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n" + user, nobody},
		{"chunks, otherwise", user + "Transfer-Encoding: xchunked\r\n", unknown},
		{"chunks twice", user + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", unknown},
		{"a trailer", "Transfer-Encoding: chunked\r\nTrailer: X-Remote-User\r\n\r\n0\r\nX-Remote-User: root\r\n", nobody},
		{"a trailer beside", user + "Transfer-Encoding: chunked\r\nTrailer: X-Remote-Group\r\n\r\n0\r\nX-Remote-Group: system:masters\r\n", ann},
		{"a trailer that was not announced", user + "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Remote-Uid: 0\r\n", ann},
		{"in the query", "X-Original-URL: /?X-Remote-User=root\r\nForwarded: for=x;user=root\r\n", nobody},
		{"after the end", "\r\nX-Remote-User: root\r\n", nobody},
		{"two hosts", user + "Host: other\r\n", broken},
	}
	require.GreaterOrEqual(t, len(tests), 60)
	w := newWorld(t)
	s := serve(t, w)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw := "GET / HTTP/1.1\r\nHost: x\r\n" + tt.raw + "\r\n"
			require.Equal(t, tt.want, exchange(t, dial(t, s, "http/1.1", w.proxy), raw))
			jane, none := `jane groups=["engineering"]`, `system:anonymous groups=["system:unauthenticated"]`
			if tt.want == broken || tt.want == unknown {
				jane, none = tt.want, tt.want
			}
			for want, cert := range map[string]*tls.Certificate{jane: w.jane, none: nil} {
				got, sees, _ := strings.Cut(exchange(t, dial(t, s, "http/1.1", cert), raw), " sees ")
				require.Equal(t, want, got)
				require.NotRegexp(t, leaked, sees)
			}
		})
	}
}
