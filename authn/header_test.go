package authn_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// identities are spellings that some server or CGI script takes for a credential
// or identity header.
var identities = []string{
	"Authorization", "authorization", "AUTHORIZATION", "aUTHORIZATION",
	"Dpop", "DPoP", "dpop", "DPOP",
	"X-Remote-User", "x-remote-user", "X-REMOTE-USER", "X_Remote_User", "x_remote_user", "X.Remote.User", "x.remote-user", "X-Remote_User", "X_REMOTE.USER",
	"X-Remote-Uid", "X-Remote-UID", "X_Remote_Uid", "x.remote.uid", "X-Remote.Uid",
	"X-Remote-Group", "X_Remote_Group", "x.remote.group", "X-REMOTE_GROUP",
	"X-Remote-Extra-Foo", "x-remote-extra-foo", "X_Remote_Extra_Foo", "X.Remote.Extra.Foo", "X-Remote-Extra_Foo", "X-Remote_Extra-Foo", "X-Remote-Extra-", "X-Remote-Extra-Scopes%2ffoo", "X-REMOTE-EXTRA-é",
}

// innocents look alike and are none.
var innocents = []string{
	"Accept", "Cookie", "X-Remote", "X-Remote-Users", "X-Remote-Use", "X-Remote-Extra", "X-Remotes-Extra-Foo",
	"Xremoteuser", "X-Remoteuser", "X--Remote-User", "X-Remote-User-", "-X-Remote-User", "X+Remote+User", "Authorizations", "Authorizatio", "Www-Authorization",
	"D-Pop", "Dpops", "Dpo", "Dpop-Nonce", "X-Dpop",
}

func TestCredentialHeaders(t *testing.T) {
	require.GreaterOrEqual(t, len(identities), 25)
	for _, name := range append(slices.Clone(identities), innocents...) {
		t.Run(name, func(t *testing.T) {
			r := request()
			r.Header = http.Header{name: {"a", "b"}, "Keep": {"it"}}
			caller := r.Header.Clone()
			var asked http.Header
			m := authn.Middleware{Authenticator: authenticator.RequestFunc(func(r *http.Request) (*authenticator.Response, bool, error) {
				asked = r.Header.Clone()
				return &authenticator.Response{User: authntest.User("ann")}, true, nil
			})}
			got, err := m.Authenticate(r)
			require.NoError(t, err)
			require.Equal(t, caller, asked) // the chain sees what came
			want := http.Header{"Keep": {"it"}}
			if slices.Contains(innocents, name) {
				want = caller
			}
			require.Equal(t, want, got.Header)
			require.Equal(t, caller, r.Header)
		})
	}
}

// Over the wire, all of them at once.
func TestCredentialHeadersOverTCP(t *testing.T) {
	m := authn.Middleware{Authenticator: authntest.As(authntest.User("ann"))}
	srv := httptest.NewServer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(slices.Sorted(maps.Keys(r.Header)))
	})))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: X-Remote-User\r\nKeep: it\r\n")
	for _, name := range identities {
		if !strings.Contains(name, "é") { // no name on the wire
			fmt.Fprintf(conn, "%s: a\r\n", name)
		}
	}
	fmt.Fprint(conn, "\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	var names []string
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&names))
	require.Equal(t, []string{"Connection", "Keep"}, names)
}

// Kubernetes' authenticators take the header off the request that they are
// given. The caller's is another.
func TestCallersRequestIsUnchanged(t *testing.T) {
	token := accepts("token", authntest.User("ann"))
	greedy := authenticator.RequestFunc(func(r *http.Request) (*authenticator.Response, bool, error) {
		r.Header.Del("Authorization")
		r.Header.Set("Sec-Websocket-Protocol", "rest")
		return nil, false, nil
	})
	tests := []struct {
		name   string
		auth   authenticator.Request
		header http.Header
	}{
		{"upstream's bearer", bearertoken.New(token), http.Header{"Authorization": {"Bearer x"}, "Keep": {"it"}}},
		{"and not mine", greedy, http.Header{"Authorization": {"Bearer x"}}},
		{"WebSocket", greedy, http.Header{"Sec-Websocket-Protocol": {"credential, rest"}}},
		{"refused", refuses("", authn.ErrNoCredential), http.Header{"Authorization": {"Bearer x"}, "X-Remote-User": {"root"}}},
		{"without a credential", authntest.As(authntest.User("ann")), http.Header{"Keep": {"it"}}},
		{"panic", panics("boom"), http.Header{"Authorization": {"Bearer x"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request()
			r.Header = tt.header.Clone()
			ctx, before := r.Context(), *r
			unchanged := func() {
				t.Helper()
				require.Equal(t, tt.header, r.Header)
				require.Equal(t, ctx, r.Context())
				require.Equal(t, before.URL, r.URL)
				_, ok := authn.UserFrom(r.Context())
				require.False(t, ok)
			}
			m := authn.Middleware{Authenticator: tt.auth, Audiences: []string{"a"}}
			if got, err := m.Authenticate(r); err == nil {
				require.NotSame(t, r, got)
				require.Empty(t, got.Header["Authorization"])
			}
			unchanged()
			serve(m, r)
			unchanged()
			authn.Explain(tt.auth, r)
			unchanged()
		})
	}
}
