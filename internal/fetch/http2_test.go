package fetch_test

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/internal/fetch"
)

// frame returns an HTTP/2 frame (RFC 9113, section 4.1).
func frame(kind, flags byte, stream uint32, payload string) string {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	head = binary.BigEndian.AppendUint32(append(head, flags), stream)
	return string(head) + payload
}

// Over HTTP/2 a server can say something when it hangs up (RFC 9113, section
// 6.8), and net/http repeats it.
func TestHostileGoAway(t *testing.T) {
	const data, headers, settings, goAway = 0, 1, 4, 7
	bye := frame(goAway, 0, 0, "\x00\x00\x00\x01\x00\x00\x00\x00"+strings.Repeat("x\x1b\n", 4<<10))
	ok := frame(headers, 4, 1, "\x88") // :status 200, by RFC 7541's table
	tests := []struct {
		name, frames, err string
	}{
		{"instead of an answer", bye, "http2: server sent GOAWAY and closed the connection"},
		{"in an answer", ok + frame(data, 0, 1, "{") + bye, "reading the answer: http2: server sent GOAWAY and closed the connection"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ca := authntest.NewCA(t)
			l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
				Certificates: []tls.Certificate{*ca.IssueServer([]string{"127.0.0.1"})},
				NextProtos:   []string{"h2"},
			})
			require.NoError(t, err)
			t.Cleanup(func() { l.Close() })
			go func() {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				talk(conn, frame(settings, 0, 0, "")+tt.frames)
			}()
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Roots()}, ForceAttemptHTTP2: true}
			t.Cleanup(transport.CloseIdleConnections)

			answer, err := get(t.Context(), fetch.Client(&http.Client{Transport: transport}), "https://"+l.Addr().String())
			require.ErrorContains(t, err, tt.err)
			require.Nil(t, answer)
			require.LessOrEqual(t, len(err.Error()), 1024)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// talk reads frames up to the request's, answers and waits for the end of the
// client's half.
func talk(conn net.Conn, answer string) {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" // RFC 9113, section 3.4
	if _, err := io.CopyN(io.Discard, conn, int64(len(preface))); err != nil {
		return
	}
	for head := make([]byte, 9); head[3] != 1; { // headers
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		length := int64(binary.BigEndian.Uint32(head) >> 8)
		if _, err := io.CopyN(io.Discard, conn, length); err != nil {
			return
		}
	}
	if _, err := io.WriteString(conn, answer); err == nil {
		_ = conn.(*tls.Conn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	}
}
