package webhook_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/webhook"
)

// network is connections to a reviewer that nobody sees end: a firewall forgets them, say.
type network struct {
	mu    sync.Mutex
	conns []*forgettable
	new   chan net.Conn // for the reviewer
}

// forgettable is a connection, until it is forgotten.
type forgettable struct {
	net.Conn
	written   chan []byte // which is on the way
	forgotten chan struct{}
	closed    chan struct{}
	close     sync.Once
}

// deliver has the other side read what was written, whenever it likes: who writes does not
// wait for it, as with TCP.
func (c *forgettable) deliver() {
	for {
		select {
		case p := <-c.written:
			_, _ = c.Conn.Write(p)
		case <-c.closed:
			_ = c.Conn.Close()
			return
		}
	}
}

func (c *forgettable) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	select {
	case <-c.forgotten:
		<-c.closed
		return 0, net.ErrClosed
	default:
		return n, err
	}
}

func (c *forgettable) Write(p []byte) (int, error) {
	select {
	case <-c.forgotten:
		return len(p), nil
	default:
		c.written <- bytes.Clone(p)
		return len(p), nil
	}
}

func (c *forgettable) Close() error {
	c.close.Do(func() { close(c.closed) })
	return nil
}

func (n *network) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	c := &forgettable{Conn: ours, written: make(chan []byte, 1000), forgotten: make(chan struct{}), closed: make(chan struct{})}
	go c.deliver()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns = append(n.conns, c)
	n.new <- theirs
	return c, nil
}

// forget forgets the connections that there are.
func (n *network) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		close(c.forgotten)
	}
	n.conns = nil
}

// Accept, Close and Addr implement [net.Listener].
func (n *network) Accept() (net.Conn, error) {
	if c, ok := <-n.new; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (n *network) Close() error {
	close(n.new)
	return nil
}

func (n *network) Addr() net.Addr { return &net.TCPAddr{} }

// handling is what the reviewer does.
type handling struct {
	takes atomic.Int64 // a time.Duration, for each request
	asked atomic.Int32
}

func (h *handling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.asked.Add(1)
	_, _ = io.Copy(io.Discard, r.Body) // or net/http does not look whether the client has left
	if pass(r.Context(), time.Duration(h.takes.Load())) == nil {
		_, _ = io.WriteString(w, wrapped(`{"username":"ann"}`))
	}
}

// onNetwork runs a test with a reviewer that is asked over one version of HTTP, and knows
// every token.
func onNetwork(t *testing.T, version int, f func(*testing.T, *network, *handling, *webhook.Authenticator)) {
	t.Helper()
	ca := authntest.NewCA(t)
	cert := *ca.IssueServer([]string{"reviewer.test"})
	now := time.Now() // by which the certificate is good
	synctest.Test(t, func(t *testing.T) {
		n := &network{new: make(chan net.Conn, 100)}
		rv := &handling{}
		server := &http.Server{Protocols: &http.Protocols{}, Handler: rv, ErrorLog: log.New(io.Discard, "", 0)}
		server.Protocols.SetHTTP1(version == 1)
		server.Protocols.SetHTTP2(version == 2)
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
		go func() { _ = server.ServeTLS(n, "", "") }()
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Roots(), Time: func() time.Time { return now }}, DialContext: n.dial, ForceAttemptHTTP2: true}
		a, err := webhook.New(webhook.Config{URL: reviewURL}, &webhook.Options{Client: &http.Client{Transport: transport}})
		require.NoError(t, err)
		a.SetRandom(func() float64 { return 0 })
		defer func() {
			n.forget()
			transport.CloseIdleConnections()
			require.NoError(t, server.Close())
		}()
		f(t, n, rv, a)
	})
}

var bothVersions = []int{1, 2}

// Where nothing comes in half of the timeout, the other half is for another connection, of
// all that there were.
func TestForgottenConnections(t *testing.T) {
	for _, version := range bothVersions {
		t.Run(fmt.Sprint("HTTP/", version), func(t *testing.T) {
			onNetwork(t, version, func(t *testing.T, n *network, rv *handling, a *webhook.Authenticator) {
				rv.takes.Store(int64(time.Second))
				crowd(t, a, 3) // so that HTTP/1.1 has connections to spare
				rv.takes.Store(0)
				n.forget()
				require.Equal(t, verdict{name: "ann", took: 5500 * time.Millisecond}, ask(t.Context(), a, "abc-123"))
				mustAccept(t, a, "abc-124")
			})
		})
	}
}

// Others that are under way, and come all the time, do not keep a connection in use.
func TestForgottenInACrowd(t *testing.T) {
	for _, version := range bothVersions {
		t.Run(fmt.Sprint("HTTP/", version), func(t *testing.T) {
			onNetwork(t, version, func(t *testing.T, n *network, rv *handling, a *webhook.Authenticator) {
				mustAccept(t, a, "abc-123")
				n.forget()
				var all sync.WaitGroup
				for i := range 100 { // ten a second, for ten seconds
					all.Go(func() {
						v := ask(t.Context(), a, fmt.Sprint("abc-", i))
						assert.Equal(t, "ann", v.name, "%d: %v", i, v)
						assert.True(t, v.took <= 5500*time.Millisecond && (i <= 51 || v.took == 0), "%d took %s", i, v.took)
					})
					time.Sleep(100 * time.Millisecond)
				}
				all.Wait()
			})
		})
	}
}

// Callers who never wait for half of the timeout leave for a new connection too.
func TestForgottenByTheImpatient(t *testing.T) {
	for _, version := range bothVersions {
		for how, leaves := range map[string]func(context.Context, time.Duration) (context.Context, context.CancelFunc){
			"deadline": context.WithTimeout,
			"goes": func(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(d, cancel)
				return ctx, cancel
			},
		} {
			t.Run(fmt.Sprint("HTTP/", version, " ", how), func(t *testing.T) {
				onNetwork(t, version, func(t *testing.T, n *network, rv *handling, a *webhook.Authenticator) {
					mustAccept(t, a, "abc-123")
					n.forget()
					ctx, cancel := leaves(t.Context(), 2*time.Second)
					defer cancel()
					require.Equal(t, authn.Unavailable, ask(ctx, a, "abc-124").reason)
					synctest.Wait()
					mustAccept(t, a, "abc-125")
				})
			})
		}
	}
}

// A reviewer that thinks too long about one token loses nothing of what it does for others.
func TestSlowTokenBreaksNoConnection(t *testing.T) {
	for _, version := range bothVersions {
		t.Run(fmt.Sprint("HTTP/", version), func(t *testing.T) {
			onNetwork(t, version, func(t *testing.T, n *network, rv *handling, a *webhook.Authenticator) {
				rv.takes.Store(int64(time.Hour))
				var all sync.WaitGroup
				all.Go(func() {
					assert.Equal(t, out("attempt 2: POST "+reviewURL+": context deadline exceeded", 10*time.Second, 0), ask(t.Context(), a, "slow"))
				})
				for range 30 {
					time.Sleep(300 * time.Millisecond)
					rv.takes.Store(int64(4 * time.Second))
					all.Go(func() {
						v := ask(t.Context(), a, "abc-123")
						assert.Equal(t, verdict{name: "ann", took: 4 * time.Second}, v)
					})
					synctest.Wait()
					rv.takes.Store(int64(time.Hour)) // for the slow one's second attempt
				}
				all.Wait()
				require.Equal(t, int32(2+30), rv.asked.Load(), "no attempt was lost")
			})
		})
	}
}

func crowd(t *testing.T, a *webhook.Authenticator, n int) {
	t.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { assert.Equal(t, "ann", ask(t.Context(), a, fmt.Sprint("crowd-", i)).name) })
	}
	all.Wait()
}
