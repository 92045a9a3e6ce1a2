package fetch_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/fetch"
)

// raw starts a server that reads a request's head and then does what it likes
// with the connection. It returns the server's URL.
func raw(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					serve(conn)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// say returns what writes text, again and again if it is endless.
func say(text string, endless bool) func(net.Conn) {
	return func(conn net.Conn) {
		_, err := io.WriteString(conn, text)
		for endless && err == nil {
			_, err = io.WriteString(conn, text)
		}
	}
}

// Whatever a server says, an error is one line that fits into a log, and the
// client stops reading.
func TestHostileServers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	long := strings.Repeat("x\x1b[31m", 4<<10)
	plain := strings.Repeat("x", 4<<10)
	lines := strings.Repeat("X: "+plain+"\r\n", 20)
	tests := []struct {
		name  string
		serve func(net.Conn)
		err   string // in the text
	}{
		{"nothing", say("", false), "EOF"},
		{"status line", say(long+"\r\n\r\n", false), "malformed HTTP response"},
		{"status code", say("HTTP/1.1 "+long+" OK\r\n\r\n", false), "malformed HTTP status code"},
		{"status text", say("HTTP/1.1 404 "+long+"\r\n\r\n", false), "status 404"},
		{"version", say("HTTP/"+long+" 200 OK\r\n\r\n", false), "malformed HTTP"},
		{"header without colon", say(ok+long+"\r\n\r\n", false), "malformed MIME header"},
		{"header's name", say(ok+long+": x\r\n\r\n", false), "malformed MIME header"},
		{"length", say(ok+"Content-Length: "+plain+"\r\n\r\n", false), "bad Content-Length"},
		{"two lengths", say(ok+"Content-Length: 1\r\nContent-Length: "+plain+"\r\n\r\n", false), "Content-Length"},
		{"transfer encoding", say(ok+"Transfer-Encoding: "+plain+"\r\n\r\n", false), "unsupported transfer encoding"},
		{"location", say("HTTP/1.1 302 Found\r\nLocation: https://["+plain+"\r\nContent-Length: 0\r\n\r\n", false), "status 302"},
		{"chunk's length", say(ok+"Transfer-Encoding: chunked\r\n\r\n"+long+"\r\n", false), "reading the answer: "},
		{"large header", say(ok+lines+"\r\n", false), "server response headers exceeded 65536 bytes"},
		{"endless header", say(ok+"X: "+plain, true), "server response headers exceeded 65536 bytes"},
		{"endless headers", say(ok+lines, true), "server response headers exceeded 65536 bytes"},
		{"endless status line", say("HTTP/1.1 200 "+plain, true), "server response headers exceeded 65536 bytes"},
		{"endless interim answers", say("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", true), "server response headers exceeded 65536 bytes"},
		{"endless chunk extension", say(ok+"Transfer-Encoding: chunked\r\n\r\n1;"+long, true), "reading the answer: "},
		{"endless tiny chunks", say(ok+"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", true), ""},
		{"endless trailer", say(ok+"Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\n"+lines, true), "reading the answer: "},
		{"cut", say(ok+"Content-Length: 10\r\n\r\nx", false), "reading the answer: unexpected EOF"},
		{"not gzip", say(ok+"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nxxxx", false), "reading the answer: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url := raw(t, tt.serve)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			for _, path := range []string{"", "/" + strings.Repeat("%1B", 1000)} {
				answer, err := get(ctx, fetch.Client(nil), url+path)
				require.Error(t, err)
				require.Nil(t, answer)
				require.NoError(t, ctx.Err())
				require.LessOrEqual(t, len(err.Error()), 1024)
				require.NotContains(t, err.Error(), "\n")
				require.NotContains(t, err.Error(), "\x1b")
				if path == "" {
					require.Contains(t, err.Error(), tt.err)
				}
			}
		})
	}
}

// The time is the context's, in each part of an answer.
func TestSlowServers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, text := range map[string]string{"nothing": "", "status": "HTTP/1.1 2", "header": ok + "X: ", "body": ok + "Content-Length: 10\r\n\r\nx"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			gone := make(chan struct{})
			url := raw(t, func(conn net.Conn) {
				defer close(gone)
				_, _ = io.WriteString(conn, text)
				time.AfterFunc(50*time.Millisecond, cancel) // and not before there is a connection
				_, _ = io.Copy(io.Discard, conn)
			})
			answer, err := get(ctx, fetch.Client(nil), url)
			require.ErrorIs(t, err, context.Canceled)
			require.Nil(t, answer)
			select {
			case <-gone:
			case <-time.After(10 * time.Second):
				t.Fatal("the connection is still open")
			}
		})
	}
}

// What is not read is not kept open: a server that goes on talking learns that
// nobody listens.
func TestClientLeaves(t *testing.T) {
	for _, status := range []string{"200 OK", "404 Not Found", "302 Found"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			gone := make(chan struct{})
			url := raw(t, func(conn net.Conn) {
				defer close(gone)
				_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\nConnection: close\r\n\r\n")
				say(strings.Repeat("x", 1<<16), true)(conn)
			})
			_, err := get(t.Context(), fetch.Client(nil), url)
			require.Error(t, err)
			select {
			case <-gone:
			case <-time.After(10 * time.Second):
				t.Fatal("the connection is still open")
			}
		})
	}
}
