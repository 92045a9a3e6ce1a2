package anonymous_test

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
	"github.com/authnchain/authnchain/authn/authntest"
)

// serve runs a server that is open to anonymous on the paths, and says how it
// answers a raw request.
func serve(t *testing.T, paths ...string) func(request string) string {
	auth := anonymous.New(authntest.As(nil), paths...)
	h := authn.Middleware{Authenticator: auth}.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := authn.UserFrom(r.Context())
		fmt.Fprint(w, u.GetName(), " ", r.URL.Path)
	}))
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return func(request string) string {
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		_, err = io.WriteString(conn, request)
		require.NoError(t, err)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return strings.TrimSpace(fmt.Sprint(resp.StatusCode, " ", string(body)))
	}
}

// What net/http hands to a handler decides, to the letter.
func TestPaths(t *testing.T) {
	ask := serve(t, "/healthz", "/livez/", "/a b", "/ü")
	const (
		open   = "200 system:anonymous /healthz"
		closed = "401 Unauthorized"
		bad    = "400 400 Bad Request"
	)
	tests := []struct{ target, want string }{
		{"/healthz", open},
		{"/healthz?", open},
		{"/healthz?verbose", open},
		{"/healthz?x=/../secret", open},
		{"/healthz?%2f%00", open},
		{"http://x/healthz", open},
		{"http://elsewhere.test/healthz?a=b", open},
		{"https://x:1/healthz", open},
		{"HTTP://x/healthz", open},
		{"http:///healthz", open},
		{"ftp://x/healthz", open},
		{"/livez/", "200 system:anonymous /livez/"},
		{"/a%20b", "200 system:anonymous /a b"},
		{"/%C3%BC", "200 system:anonymous /ü"},
		{"/", closed},
		{"//", closed},
		{"/health", closed},
		{"/healthzz", closed},
		{"/healthz/", closed},
		{"/healthz//", closed},
		{"/healthz/.", closed},
		{"/healthz/./", closed},
		{"/healthz/x", closed},
		{"/healthz/../healthz", closed},
		{"/healthz/../secret", closed},
		{"/healthz/..%2fsecret", closed},
		{"//healthz", closed},
		{"///healthz", closed},
		{"/./healthz", closed},
		{"/../healthz", closed},
		{"/x/../healthz", closed},
		{"/%2e/healthz", closed},
		{"/x/%2e%2e/healthz", closed},
		{"/%68ealthz", closed},
		{"/%48ealthz", closed},
		{"/%2568ealthz", closed},
		{"/healthz%2f", closed},
		{"/healthz%2F", closed},
		{"%2fhealthz", bad},
		{"/%2fhealthz", closed},
		{"/healthz%3f", closed},
		{"/healthz%00", closed},
		{"/healthz%0a", closed},
		{"/healthz%20", closed},
		{"/healthz;a", closed},
		{"/healthz;", closed},
		{"/healthz#", closed},
		{"/healthz#x", closed},
		{"/healthz,", closed},
		{"/healthz.", closed},
		{`/healthz\`, closed},
		{`\healthz`, bad},
		{"/HEALTHZ", closed},
		{"/Healthz", closed},
		{"/livez", closed},
		{"/livez//", closed},
		{"/a+b", closed},
		{"/a%20b/", closed},
		{"/\xc3\xbc", closed}, // the same path in another spelling than the usual one
		{"/%c3%bc", closed},
		{"http://x//healthz", closed},
		{"http://x/healthz/", closed},
		{"http://x/%68ealthz", closed},
		{"http://x", closed},
		{"http://healthz", closed},
		{"http:/healthz/../secret", closed},
		{"mailto:healthz", closed},
		{"healthz", bad},
		{"/healthz%", bad},
		{"/healthz%zz", bad},
		{"*", closed},
	}
	require.GreaterOrEqual(t, len(tests), 30)
	for _, tt := range tests {
		t.Run(tt.target, func(t *testing.T) {
			require.Equal(t, tt.want, ask("GET "+tt.target+" HTTP/1.1\r\nHost: x\r\n\r\n"))
		})
	}
}

// Nothing but the path of the request line counts.
func TestHeadersAndMethods(t *testing.T) {
	ask := serve(t, "/healthz")
	const (
		open   = "200 system:anonymous /healthz"
		closed = "401 Unauthorized"
	)
	tests := []struct{ line, header, want string }{
		{"GET /secret", "X-Original-URL: /healthz", closed},
		{"GET /secret", "X-Rewrite-URL: /healthz", closed},
		{"GET /secret", "X-Forwarded-Uri: /healthz", closed},
		{"GET /secret", "Referer: http://x/healthz", closed},
		{"GET /healthz", "X-Original-URL: /secret", open},
		{"POST /healthz", "X-HTTP-Method-Override: DELETE", open},
		{"GET /secret?/healthz", "Accept: */*", closed},
		{"GET /healthz", "X-Remote-User: root", open},
		{"GET /healthz", "Authorization: Basic YTpi", open},
		{"DELETE /healthz", "Content-Length: 0", open},
		{"OPTIONS *", "Accept: */*", "200"}, // net/http answers by itself
		{"CONNECT /healthz", "Accept: */*", open},
		{"CONNECT healthz:443", "Accept: */*", closed},
	}
	for _, tt := range tests {
		t.Run(tt.line+" "+tt.header, func(t *testing.T) {
			require.Equal(t, tt.want, ask(tt.line+" HTTP/1.1\r\nHost: x\r\n"+tt.header+"\r\n\r\n"))
		})
	}
}

func TestEveryPath(t *testing.T) {
	ask := serve(t)
	for _, target := range []string{"/", "/secret", "//x", "/%2f", "/a/../b"} {
		require.Contains(t, ask("GET "+target+" HTTP/1.1\r\nHost: x\r\n\r\n"), "200 system:anonymous ")
	}
	require.Equal(t, "200 system:anonymous *", ask("GET * HTTP/1.1\r\nHost: x\r\n\r\n"))
}
