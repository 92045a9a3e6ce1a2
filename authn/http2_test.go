package authn_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// Nobody without a credential keeps an HTTP/2 connection busy (CVE-2023-44487).
func TestHTTP2(t *testing.T) {
	tests := []struct {
		name   string
		auth   authenticator.Request
		answer func(http.ResponseWriter, *http.Request, error)
		h2     bool
		code   int
		closed bool
	}{
		{"user", authntest.As(authntest.User("ann")), nil, true, 200, false},
		{"anonymous by name", authntest.As(authntest.User("system:anonymous")), nil, true, 200, true},
		{"anonymous by group", authntest.As(authntest.User("ann", "system:unauthenticated")), nil, true, 200, true},
		{"no credential", authntest.As(nil), nil, true, 401, true},
		{"refused", refuses("", errors.New("no")), nil, true, 401, true},
		{"refused as kube does", refuses("", errors.New("no")), authn.PlainUnauthorized, true, 401, true},
		{"unavailable", refuses("", authn.Errorf(authn.Unavailable, "down")), nil, true, 503, true},
		{"panic", panics("boom"), nil, true, 500, true},
		{"HTTP/1.1, refused", refuses("", errors.New("no")), nil, false, 401, false},
		{"HTTP/1.1, anonymous", authntest.As(authntest.User("system:anonymous")), nil, false, 200, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const rounds = 3
			var opened, closed atomic.Int32
			m := authn.Middleware{Authenticator: tt.auth, Unauthorized: tt.answer}
			srv := httptest.NewUnstartedServer(m.Wrap(http.HandlerFunc(hello)))
			srv.EnableHTTP2 = tt.h2
			srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				switch state {
				case http.StateNew:
					opened.Add(1)
				case http.StateClosed:
					closed.Add(1)
				}
			}
			srv.StartTLS()
			defer srv.Close()

			for round := range int32(rounds) {
				resp, err := srv.Client().Get(srv.URL)
				require.NoError(t, err)
				_, err = io.Copy(io.Discard, resp.Body)
				require.NoError(t, err)
				resp.Body.Close()
				require.Equal(t, tt.code, resp.StatusCode)
				require.Equal(t, tt.h2, resp.ProtoMajor == 2)
				if tt.closed {
					require.Eventually(t, func() bool { return closed.Load() == round+1 }, 10*time.Second, time.Millisecond)
				}
			}
			if tt.closed {
				require.EqualValues(t, rounds, opened.Load())
			} else {
				require.EqualValues(t, 1, opened.Load())
				require.Zero(t, closed.Load())
			}
		})
	}
}
