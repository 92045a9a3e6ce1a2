package frontproxy_test

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The frames of HTTP/2 that matter here (RFC 9113, section 6).
const (
	frameData     = 0x0
	frameHeaders  = 0x1
	frameReset    = 0x3
	frameSettings = 0x4
	frameGoAway   = 0x7

	endStream  = 0x1
	endHeaders = 0x4
)

func frame(kind, flags byte, stream uint32, payload string) string {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	head = append(head, flags)
	return string(binary.BigEndian.AppendUint32(head, stream)) + payload
}

// field is one of HPACK that is not indexed and has a name of its own (RFC 7541,
// section 6.2.2), neither longer than 126 bytes.
func field(line string) string {
	name, value, _ := strings.Cut(line[1:], ": ")
	name = line[:1] + name
	return "\x00" + string(rune(len(name))) + name + string(rune(len(value))) + value
}

// exchange2 sends header fields over HTTP/2, as they are, and returns the answer's
// body, or how the server refused to take them for a request.
func exchange2(t *testing.T, conn *tls.Conn, fields ...string) string {
	t.Helper()
	var block strings.Builder
	for _, line := range fields {
		block.WriteString(field(line))
	}
	_, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+frame(frameSettings, 0, 0, "")+frame(frameHeaders, endStream|endHeaders, 1, block.String()))
	require.NoError(t, err)
	var body strings.Builder
	for {
		var head [9]byte
		_, err := io.ReadFull(conn, head[:])
		require.NoError(t, err)
		payload := make([]byte, binary.BigEndian.Uint32(head[:4])>>8)
		_, err = io.ReadFull(conn, payload)
		require.NoError(t, err)
		switch kind, stream := head[3], binary.BigEndian.Uint32(head[5:]); {
		case kind == frameReset:
			return fmt.Sprintf("reset %d", binary.BigEndian.Uint32(payload))
		case kind == frameGoAway && binary.BigEndian.Uint32(payload[4:]) != 0:
			return fmt.Sprintf("go away %d", binary.BigEndian.Uint32(payload[4:]))
		case kind == frameData && stream == 1:
			body.Write(payload)
		}
		if ends := head[4]&endStream != 0; ends && (head[3] == frameData || head[3] == frameHeaders) {
			return body.String()
		}
	}
}

// HTTP/2 has other ways to send a name twice, and lets more through than HTTP/1.1.
func TestSmugglingOverHTTP2(t *testing.T) {
	const user = "x-remote-user: ann"
	const broken = "reset 1"                                                                                       // a protocol error, to everybody
	invalid := func(name string) string { return fmt.Sprintf("request header %q is not valid in HTTP/2\n", name) } // likewise
	tests := []struct {
		name   string
		fields []string
		want   string // of the answer to a proxy
	}{
		{"a user", []string{user}, ann},
		{"all of it", []string{user, "x-remote-uid: 7", "x-remote-group: a", "x-remote-group: b", "x-remote-extra-a%2fb: x"}, `ann uid=7 groups=["a" "b"] a/b=["x"] sees []`},
		{"two users", []string{user, "x-remote-user: root"}, "X-Remote-User: there 2 times"},
		{"underscores", []string{user, "x_remote_user: root"}, spelling("X_remote_user")},
		{"dots", []string{user, "x.remote.group: root"}, spelling("X.remote.group")},
		{"a capital letter", []string{user, "X-remote-group: root"}, broken},
		{"capitals", []string{"X-REMOTE-USER: root"}, broken},
		{"a pseudo-header", []string{user, ":x-remote-user: root"}, broken},
		{"another pseudo-header", []string{user, ":user: root"}, broken},
		{"a pseudo-header after the others", []string{user, ":path: /other"}, broken},
		{"Connection", []string{user, "connection: x-remote-user"}, invalid("Connection")},
		{"Transfer-Encoding", []string{user, "transfer-encoding: chunked"}, invalid("Transfer-Encoding")},
		{"a blank in the name", []string{user, "x-remote-group : a"}, broken},
		{"a line feed in the name", []string{user, "x\nx-remote-group: a"}, broken},
		{"a line feed in the value", []string{"x-remote-user: ann\nx-remote-group: a"}, broken},
		{"NUL in the value", []string{"x-remote-user: ann\x00"}, broken},
		{"a tab in the value", []string{"x-remote-user: a\tb"}, "X-Remote-User: a control character in it"},
		{"a blank before the value", []string{"x-remote-user:  ann"}, "X-Remote-User: blanks around its value"},
		{"a blank after the value", []string{user, "x-remote-group: a "}, "X-Remote-Group: blanks around its value"},
		{"an empty user", []string{"x-remote-user: "}, nobody},
		{"cookies, which are joined", []string{"cookie: a", "cookie: x-remote-user=root"}, nobody},
	}
	w := newWorld(t)
	s := serve(t, w)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fields := append([]string{":method: GET", ":scheme: https", ":authority: example.com", ":path: /"}, tt.fields...)
			require.Equal(t, tt.want, exchange2(t, dial(t, s, "h2", w.proxy), fields...))
			jane, none := `jane groups=["engineering"]`, `system:anonymous groups=["system:unauthenticated"]`
			if tt.want == broken || strings.HasPrefix(tt.want, "request header") {
				jane, none = tt.want, tt.want
			}
			for want, cert := range map[string]*tls.Certificate{jane: w.jane, none: nil} {
				got, sees, _ := strings.Cut(exchange2(t, dial(t, s, "h2", cert), fields...), " sees ")
				require.Equal(t, want, got)
				require.NotRegexp(t, leaked, sees)
			}
		})
	}
}
