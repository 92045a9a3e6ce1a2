package webhook_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/webhook"
)

// Only 200 and 201 are answers, whatever the body says. Of the others, those that may
// pass are asked for three times.
func TestStatusCodes(t *testing.T) {
	for _, code := range []int{200, 201, 202, 203, 204, 206, 300, 304, 400, 401, 403, 404, 407, 409, 413, 418, 429, 431, 500, 501, 502, 503, 504, 599} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			rv := authntest.NewReviewer(t)
			rv.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(code)
				_, _ = io.WriteString(w, wrapped(`{"username":"ann"}`))
			}))
			a := asking(t, rv, nil)
			if code == http.StatusOK || code == http.StatusCreated {
				resp, ok, err := a.AuthenticateToken(t.Context(), "abc-123")
				require.NoError(t, err)
				require.True(t, ok)
				require.Equal(t, "ann", resp.User.GetName())
				return
			}
			text, calls := "webhook: POST %s: status %d", 1
			if slices.Contains([]int{429, 500, 502, 503, 504}, code) {
				text, calls = "webhook: attempt 3: POST %s: status %d", 3
			}
			require.Equal(t, fmt.Sprintf(text, rv.URL(), code), failed(t, a, "abc-123", authn.Unavailable))
			require.Equal(t, calls, rv.Calls())
		})
	}
}

// A redirect is not followed, to wherever it leads.
func TestRedirects(t *testing.T) {
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var caught atomic.Int32
	go func() {
		for {
			conn, err := trap.Accept()
			if err != nil {
				return
			}
			caught.Add(1)
			conn.Close()
		}
	}()
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{"http://" + trap.Addr().String(), "https://" + trap.Addr().String(), "//" + trap.Addr().String() + "/x", "/elsewhere", ""} {
			t.Run(fmt.Sprint(code, " ", location), func(t *testing.T) {
				rv := authntest.NewReviewer(t)
				rv.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header()["Location"] = []string{location}
					w.WriteHeader(code)
				}))
				client := rv.Client()
				followed := false
				client.CheckRedirect = func(*http.Request, []*http.Request) error { followed = true; return nil }
				a, err := webhook.New(webhook.Config{URL: rv.URL()}, &webhook.Options{Client: client})
				require.NoError(t, err)
				require.Equal(t, fmt.Sprintf("webhook: POST %s: status %d", rv.URL(), code), failed(t, a, "abc-123", authn.Unavailable))
				require.Equal(t, 1, rv.Calls())
				require.False(t, followed)
			})
		}
	}
	probe, err := net.Dial("tcp", trap.Addr().String()) // the trap works, and this is all it has seen
	require.NoError(t, err)
	probe.Close()
	require.Eventually(t, func() bool { return caught.Load() > 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, trap.Close())
	require.Equal(t, int32(1), caught.Load())
}

func TestBodySizes(t *testing.T) {
	const size = 1 << 20
	head := wrapped(`{"username":"ann"}`)
	full := head + strings.Repeat(" ", size-len(head))
	gzipped := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		for range 64 {
			_, _ = io.WriteString(z, full)
		}
		z.Close()
	}
	endless := func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := io.WriteString(w, full); err != nil {
				return
			}
		}
	}
	tests := []struct {
		name  string
		serve http.Handler
		err   string
	}{
		{"1 MiB", answer(full), ""},
		{"1 MiB and a byte", answer(full + " "), "the answer has more than 1048576 bytes"},
		{"endless", http.HandlerFunc(endless), "the answer has more than 1048576 bytes"},
		{"compressed", http.HandlerFunc(gzipped), "the answer has more than 1048576 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rv := authntest.NewReviewer(t)
			rv.Serve(tt.serve)
			a := asking(t, rv, nil)
			if tt.err == "" {
				_, ok, err := a.AuthenticateToken(t.Context(), "abc-123")
				require.NoError(t, err)
				require.True(t, ok)
				return
			}
			require.Equal(t, "webhook: POST "+rv.URL()+": "+tt.err, failed(t, a, "abc-123", authn.Unavailable))
		})
	}
}

// hijack returns a handler that writes text where an answer belongs and then
// resets the connection.
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

func TestBrokenConnections(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	tests := []struct {
		name  string
		serve http.Handler
		err   string // after the URL, or the beginning of it
	}{
		{"reset", hijack(""), ""},
		{"closed", hijack("HTTP/1.1 200"), "unexpected EOF"},
		{"no HTTP", hijack("SSH-2.0-OpenSSH_9\r\n\r\n"), `net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0-OpenSSH_9"`},
		{"no number", hijack("HTTP/1.1 ok\r\n\r\n"), `net/http: HTTP/1.x transport connection broken: malformed HTTP status code "ok"`},
		{"body cut", hijack(head + "Content-Length: 500\r\n\r\n{}"), "reading the answer: unexpected EOF"},
		{"chunk cut", hijack(head + "Transfer-Encoding: chunked\r\n\r\n500\r\n{}"), "reading the answer: unexpected EOF"},
		{"chunk of no size", hijack(head + "Transfer-Encoding: chunked\r\n\r\nx\r\n{}"), "reading the answer: invalid byte in chunk length"},
		{"no gzip", hijack(head + "Connection: close\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n0123456789"), "reading the answer: gzip: invalid header"},
		{"endless header", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("x", 11<<20))
		}), "net/http: server response headers exceeded 10485760 bytes; aborted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rv := authntest.NewReviewer(t)
			rv.Serve(tt.serve)
			text := failed(t, asking(t, rv, nil), "abc-123", authn.Unavailable)
			require.Regexp(t, `^webhook: attempt 3: POST `+rv.URL()+`: `, text)
			require.True(t, strings.HasSuffix(text, tt.err), text)
			require.Equal(t, 3, rv.Calls())
		})
	}
}

func TestNotThere(t *testing.T) {
	rv := authntest.NewReviewer(t)
	rv.Accept("abc-123", authntest.User("ann"))
	a := asking(t, rv, nil)
	rv.Stop()
	text := failed(t, a, "abc-123", authn.Unavailable)
	require.Equal(t, `webhook: attempt 3: POST `+rv.URL()+`: dial tcp `+strings.TrimPrefix(rv.URL(), "https://")+": connect: connection refused", text)

	rv.Start()
	_, ok, err := a.AuthenticateToken(t.Context(), "abc-123")
	require.NoError(t, err)
	require.True(t, ok)

	other := authntest.NewReviewer(t)
	b, err := webhook.New(webhook.Config{URL: rv.URL()}, &webhook.Options{Client: other.Client()})
	require.NoError(t, err)
	require.Equal(t, `webhook: POST `+rv.URL()+`: tls: failed to verify certificate: x509: certificate signed by unknown authority`, failed(t, b, "abc-123", authn.Unavailable))
}

// late returns a handler that sends the beginning of an answer and then waits
// for the client to leave.
func late(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, "{")
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func TestHang(t *testing.T) {
	tests := []struct {
		name  string
		after http.Handler // nil: nothing comes at all
		err   string
	}{
		{"no answer", nil, `webhook: POST %s: `},
		{"half an answer", http.HandlerFunc(late), `webhook: POST %s: reading the answer: `},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rv := authntest.NewReviewer(t)
			rv.Serve(tt.after)
			if tt.after == nil {
				rv.Delay(time.Hour)
			}
			want := fmt.Sprintf(tt.err, rv.URL())

			a, err := webhook.New(webhook.Config{URL: rv.URL()}, &webhook.Options{Client: rv.Client(), Timeout: 50 * time.Millisecond})
			require.NoError(t, err)
			start := time.Now()
			_, ok, err := a.AuthenticateToken(t.Context(), "abc-123")
			require.EqualError(t, err, want+"context deadline exceeded")
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
			require.False(t, ok)
			require.GreaterOrEqual(t, time.Since(start), 25*time.Millisecond, "the half, as there is no time left for a second attempt")
			require.Equal(t, 1, rv.Calls())

			a = asking(t, rv, &webhook.Options{Timeout: time.Hour})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			_, ok, err = a.AuthenticateToken(ctx, "abc-123")
			require.EqualError(t, err, want+"context canceled")
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
			require.False(t, ok)
		})
	}
}
