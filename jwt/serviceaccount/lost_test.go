package serviceaccount_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

// hole is a connection that loses what is sent once somebody says so, as one to a machine
// that is gone does.
type hole struct {
	net.Conn
	lost *atomic.Bool
}

func (h hole) Write(b []byte) (int, error) {
	if h.lost.Load() {
		return len(b), nil
	}
	return h.Conn.Write(b)
}

// pipes is a network of one server.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }
func (p pipes) Close() error {
	close(p)
	return nil
}

// The API server's machine is gone, and with it the connection that all requests share:
// the next requests go to another one within half a minute.
func TestPodClientLostConnection(t *testing.T) {
	ca, folder := authntest.NewCA(t), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "ca.crt"), ca.PEM(), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "token"), []byte("t"), 0o600))
	certificate := ca.IssueServer([]string{"api.example.com"})
	client, err := serviceaccount.PodClient(folder, "api.example.com")
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(certificate.Leaf.NotBefore.Add(time.Minute)))
		network, dials, lost := make(pipes), 0, &atomic.Bool{}
		server := &http.Server{
			TLSConfig: &tls.Config{Certificates: []tls.Certificate{*certificate}, NextProtos: []string{"h2"}},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, `{"kind":"Node","metadata":{"name":"n","uid":%q}}`, r.Proto)
			}),
		}
		go func() { _ = server.ServeTLS(network, "", "") }()
		transport, err := serviceaccount.SetDial(client, func(context.Context, string, string) (net.Conn, error) {
			dials++
			ours, theirs := net.Pipe()
			network <- theirs
			return hole{ours, lost}, nil
		})
		require.NoError(t, err)
		c, err := serviceaccount.NewCluster(&serviceaccount.ClusterOptions{URL: "https://api.example.com", Client: client})
		require.NoError(t, err)
		ask := func() error {
			o, err := c.Object(t.Context(), serviceaccount.Reference{Kind: serviceaccount.Node, Name: "n"})
			if err == nil {
				require.Equal(t, "HTTP/2.0", o.UID)
			}
			return err
		}
		require.NoError(t, ask())
		time.Sleep(time.Minute) // a connection that lives is kept
		require.NoError(t, ask())
		require.Equal(t, 1, dials)

		lost.Store(true)
		require.ErrorIs(t, ask(), context.DeadlineExceeded)
		time.Sleep(25 * time.Second)
		lost = &atomic.Bool{}
		require.NoError(t, ask())
		require.Equal(t, 2, dials)
		transport.CloseIdleConnections()
		require.NoError(t, server.Close())
	})
}
