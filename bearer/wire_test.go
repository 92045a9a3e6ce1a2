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
)

// What clients can put on the wire, net/http has a part in.
func TestWire(t *testing.T) {
	m := authn.Middleware{
		Authenticator: anonymous.New(bearer.New(echo)),
		Unauthorized: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, string(authn.ReasonOf(err)), http.StatusUnauthorized)
		},
	}
	srv := httptest.NewServer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := authn.UserFrom(r.Context())
		fmt.Fprint(w, u.GetName())
		require.Empty(t, r.Header["Authorization"])
	})))
	defer srv.Close()

	const (
		ann       = "200 ann"
		nobody    = "200 system:anonymous"
		malformed = "401 Malformed"
		bad       = "400" // by net/http
	)
	tests := []struct{ name, lines, want string }{
		{"plain", "Authorization: Bearer ann\r\n", ann},
		{"none", "", nobody},
		{"empty", "Authorization:\r\n", nobody},
		{"blanks", "Authorization: \t \r\n", nobody},
		{"lower-case name", "authorization: Bearer ann\r\n", ann},
		{"upper-case name", "AUTHORIZATION: Bearer ann\r\n", ann},
		{"lower-case scheme", "Authorization: bearer ann\r\n", ann},
		{"no blank after the colon", "Authorization:Bearer ann\r\n", ann},
		{"blanks around", "Authorization: \t Bearer ann \t \r\n", ann},
		{"bare LF", "Authorization: Bearer ann\n", ann},
		{"two blanks", "Authorization: Bearer  ann\r\n", malformed},
		{"tab for the blank", "Authorization: Bearer\tann\r\n", malformed},
		{"tab after the blank", "Authorization: Bearer \tann\r\n", malformed},
		{"tab inside", "Authorization: Bearer an\tn\r\n", malformed},
		{"two parts", "Authorization: Bearer ann bob\r\n", malformed},
		{"a list", "Authorization: Bearer ann, Bearer bob\r\n", malformed},
		{"scheme alone", "Authorization: Bearer\r\n", malformed},
		{"scheme and a blank", "Authorization: Bearer \r\n", malformed},
		{"not ASCII", "Authorization: Bearer ann\xc3\xa9\r\n", malformed},
		{"two headers", "Authorization: Bearer ann\r\nAuthorization: Bearer ann\r\n", malformed},
		{"two headers, other cases", "Authorization: Bearer ann\r\nauthorization: Bearer bob\r\n", malformed},
		{"Basic, then Bearer", "Authorization: Basic YTpi\r\nAuthorization: Bearer ann\r\n", malformed},
		{"empty, then Bearer", "Authorization:\r\nAuthorization: Bearer ann\r\n", malformed},
		{"Basic", "Authorization: Basic YTpi\r\n", nobody},
		{"another scheme", "Authorization: Bearerish ann\r\n", nobody},
		{"folded before the scheme", "Authorization:\r\n Bearer ann\r\n", ann},
		{"folded after the scheme", "Authorization: Bearer\r\n ann\r\n", ann}, // RFC 9112, section 5.2: a fold is a blank
		{"folded by more", "Authorization: Bearer \r\n\t  ann\r\n", ann},
		{"folded inside", "Authorization: Bearer an\r\n n\r\n", malformed},
		{"folded, then another header", "Authorization: Bearer ann\r\n X: y\r\n", malformed},
		{"folded from another header", "X: y\r\n Authorization: Bearer ann\r\n", nobody},
		{"blank before the colon", "Authorization : Bearer ann\r\n", bad},
		{"tab before the colon", "Authorization\t: Bearer ann\r\n", bad},
		{"blank before the name", " Authorization: Bearer ann\r\n", bad},
		{"NUL", "Authorization: Bearer ann\x00\r\n", bad},
		{"NUL for the blank", "Authorization: Bearer\x00ann\r\n", bad},
		{"CR inside", "Authorization: Bearer an\rn\r\n", bad},
		{"DEL", "Authorization: Bearer ann\x7f\r\n", bad},
		{"ESC", "Authorization: Bearer \x1bann\r\n", bad},
		{"no colon", "Authorization Bearer ann\r\n", bad},
		{"underscore", "Authorization_: Bearer ann\r\n", nobody},
		{"proxy", "Proxy-Authorization: Bearer ann\r\n", nobody},
		{"hop by hop", "Connection: Authorization\r\nAuthorization: Bearer ann\r\n", ann},
		{"in a trailer", "Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n0\r\nAuthorization: Bearer ann\r\n", nobody},
		{"long", "Authorization: Bearer " + strings.Repeat("a", bearer.MaxToken) + "\r\n", "200 " + strings.Repeat("a", bearer.MaxToken)},
		{"too long", "Authorization: Bearer " + strings.Repeat("a", bearer.MaxToken+1) + "\r\n", malformed},
		{"far too long", "Authorization: Bearer " + strings.Repeat("a", 1<<19) + "\r\n", malformed},
		{"endless", "Authorization: Bearer " + strings.Repeat("a", 1<<20+1<<13) + "\r\n", "431"},
	}
	require.GreaterOrEqual(t, len(tests), 20)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
			_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n"+tt.lines+"\r\n")
			require.NoError(t, err)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			got := fmt.Sprint(resp.StatusCode)
			if got != bad && got != "431" {
				got += " " + strings.TrimSpace(string(body))
			}
			require.Equal(t, tt.want, got)
		})
	}
}
