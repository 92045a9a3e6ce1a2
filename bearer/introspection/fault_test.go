package introspection_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer/introspection"
)

// server is a real one, whose answers are h's.
func server(t *testing.T, h http.Handler) (*authntest.Reviewer, *introspection.Authenticator) {
	t.Helper()
	s := authntest.NewReviewer(t)
	s.Serve(h)
	return s, asking(t, nil, func(c *introspection.Config, o *introspection.Options) { c.URL, o.Client = s.URL(), s.Client() })
}

// hijack returns a handler that writes text where an answer belongs and then closes
// the connection, or resets it if there is no text.
func hijack(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, text)
		if text == "" {
			_ = conn.(*tls.Conn).NetConn().(*net.TCPConn).SetLinger(0)
			conn.(*tls.Conn).NetConn().Close()
		}
		conn.Close()
	})
}

// A server that breaks makes tokens unavailable, says so in the health check, and is
// well again when it answers.
func TestFaults(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	full := active() + strings.Repeat(" ", 1<<20-len(active()))
	tests := []struct {
		name  string
		serve http.Handler
		err   string // the end of it
	}{
		{"reset", hijack(""), ""},
		{"closed", hijack("HTTP/1.1 200"), "unexpected EOF"},
		{"no HTTP", hijack("SSH-2.0-OpenSSH_9\r\n\r\n"), `malformed HTTP response "SSH-2.0-OpenSSH_9"`},
		{"body cut", hijack(head + "Content-Length: 500\r\n\r\n" + active()), "reading the answer: unexpected EOF"},
		{"chunk cut", hijack(head + "Transfer-Encoding: chunked\r\n\r\n500\r\n" + active()), "reading the answer: unexpected EOF"},
		{"no gzip", hijack(head + "Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n0123456789"), "reading the answer: gzip: invalid header"},
		{"too long", says(200, full+" "), "the answer has more than 1048576 bytes"},
		{"endless", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for _, err := io.WriteString(w, full); err == nil; _, err = io.WriteString(w, full) {
			}
		}), "the answer has more than 1048576 bytes"},
		{"redirect", http.RedirectHandler("/elsewhere", http.StatusTemporaryRedirect), "status 307"},
		{"500", authntest.Status(500), "status 500"},
		{"404", authntest.Status(404), "status 404"},
		{"garbage", says(200, "garbage"), "not a JSON object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, a := server(t, tt.serve)
			got := ask(t, a, token)
			require.Equal(t, authn.Unavailable, got.reason)
			require.True(t, strings.HasSuffix(got.text, tt.err), got.text)
			require.ErrorContains(t, a.HealthCheck(), "introspection: not answered since 2026-01-01T12:00:00Z: ")
			s.Serve(says(200, full))
			require.Equal(t, isUser("jane"), ask(t, a, token))
			require.NoError(t, a.HealthCheck())
		})
	}
}

func TestNotThere(t *testing.T) {
	s, a := server(t, says(200, active()))
	s.Stop()
	require.Equal(t, unavailable(fmt.Sprintf("POST %s: dial tcp %s: connect: connection refused", s.URL(), strings.TrimPrefix(s.URL(), "https://"))), ask(t, a, token))
	s.Start()
	require.Equal(t, isUser("jane"), ask(t, a, token))
}

// A server that closes a connection that was kept, just when it is used again, is
// asked again: nobody need notice.
func TestKeptConnectionIsClosed(t *testing.T) {
	var asked atomic.Int32
	_, a := server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 2 {
			hijack("").ServeHTTP(w, r)
			return
		}
		says(200, active()).ServeHTTP(w, r)
	}))
	require.Equal(t, isUser("jane"), ask(t, a, token))
	require.Equal(t, isUser("jane"), ask(t, a, token))
	require.Equal(t, int32(3), asked.Load())
}

// A server of another authority is not asked.
func TestOtherCertificate(t *testing.T) {
	s, _ := server(t, says(200, active()))
	a := asking(t, nil, func(c *introspection.Config, o *introspection.Options) {
		c.URL, o.Client = s.URL(), authntest.NewReviewer(t).Client()
	})
	require.Contains(t, ask(t, a, token).text, "certificate signed by unknown authority")
}

// hanging is a network on which nobody answers.
var hanging = roundTrip(func(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
})

// trickling is one on which answers come a byte a second.
var trickling = roundTrip(func(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(trickle{r.Context()}), Request: r}, nil
})

type trickle struct{ ctx context.Context }

func (t trickle) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		p[0] = ' '
		return 1, nil
	case <-t.ctx.Done():
		return 0, t.ctx.Err()
	}
}

func TestTimeout(t *testing.T) {
	second := func(_ *introspection.Config, o *introspection.Options) { o.Timeout = time.Second }
	for name, network := range map[string]roundTrip{"hangs": hanging, "trickles": trickling} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow := func(_ *introspection.Config, o *introspection.Options) { o.Client = &http.Client{Transport: network} }
				for want, a := range map[time.Duration]*introspection.Authenticator{10 * time.Second: asking(t, nil, slow), time.Second: asking(t, nil, slow, second)} {
					start := time.Now()
					got := ask(t, a, token)
					require.Equal(t, authn.Unavailable, got.reason)
					require.Contains(t, got.text, "context deadline exceeded")
					require.Equal(t, want, time.Since(start))
					require.ErrorContains(t, a.HealthCheck(), "context deadline exceeded")
				}
			})
		})
	}
}

// A caller who leaves first is not the server's fault.
func TestCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := asking(t, nil, func(_ *introspection.Config, o *introspection.Options) { o.Client = &http.Client{Transport: hanging} })
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		_, _, err := a.AuthenticateToken(ctx, token)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 3*time.Second, time.Since(start))
		require.NoError(t, a.HealthCheck())
	})
}

// There are no more questions under way than may be, and each place is given back.
func TestMaxInFlight(t *testing.T) {
	for n, setting := range map[int]int{256: 0, 2: 2} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var network atomic.Pointer[roundTrip]
				network.Store(&hanging)
				a := asking(t, nil, func(_ *introspection.Config, o *introspection.Options) {
					o.MaxInFlight = setting
					o.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) { return (*network.Load())(r) })}
				})
				var waiting sync.WaitGroup
				for range n {
					waiting.Go(func() { _, _, _ = a.AuthenticateToken(t.Context(), token) })
				}
				synctest.Wait()
				require.Equal(t, unavailable(fmt.Sprintf("%d questions are under way already", n)), ask(t, a, token))
				require.NoError(t, a.HealthCheck(), "nobody knows better yet")
				waiting.Wait()
				broken := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") })
				network.Store(&broken)
				for range 2 * n {
					require.Equal(t, unavailable("POST "+endpoint+": no network"), ask(t, a, token))
				}
			})
		})
	}
}

// The health check tells since when, and what was wrong last.
func TestHealth(t *testing.T) {
	now, h := noon, authntest.Status(500)
	a := asking(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }),
		func(_ *introspection.Config, o *introspection.Options) { o.Now = func() time.Time { return now } })
	steps := []struct {
		serve http.Handler
		want  string
	}{
		{says(200, `{"active":false}`), ""},
		{authntest.Status(500), "12:02:00Z: POST " + endpoint + ": status 500"},
		{authntest.Status(401), "12:02:00Z: POST " + endpoint + ": status 401: the server does not take the credentials of who asks"},
		{says(200, active(`"exp":1`)), ""},
		{says(200, "{}"), `12:05:00Z: the answer: claim "active": missing`},
		{says(200, active()), ""},
	}
	for _, step := range steps {
		now = now.Add(time.Minute)
		h = step.serve
		ask(t, a, token)
		if step.want == "" {
			require.NoError(t, a.HealthCheck())
			continue
		}
		require.EqualError(t, a.HealthCheck(), "introspection: not answered since 2026-01-01T"+step.want)
	}
}

// A connection on which nothing came is not used for the next question but one: over
// HTTP/2, all questions share it.
func TestSilentConnectionIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last []bool
		silent := true
		a := asking(t, says(200, active()), func(_ *introspection.Config, o *introspection.Options) {
			answers := o.Client.Transport
			o.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				last = append(last, r.Close)
				if silent {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}
				return answers.RoundTrip(r)
			})}
		})
		require.Equal(t, unavailable("POST "+endpoint+": context deadline exceeded"), ask(t, a, token))
		silent = false
		for range 2 {
			require.Equal(t, isUser("jane"), ask(t, a, token))
		}
		require.Equal(t, []bool{false, true, false}, last)
	})
}
