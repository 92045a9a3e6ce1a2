//go:build !windows

package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tour is a running examples/tour.
type tour struct {
	*process
	url string
	ca  string // signed its certificate
}

func startTour(t *testing.T, ca *authority, flags ...string) *tour {
	t.Helper()
	server := ca.issue(t, "/CN=tour", "subjectAltName=IP:127.0.0.1")
	args := append([]string{"-listen", "127.0.0.1:0", "-tls-cert", server.cert, "-tls-key", server.key}, flags...)
	p := start(t, tourBinary(t), args...)
	url, _, _ := strings.Cut(strings.TrimPrefix(p.line(t, 0, "serving "), "serving "), " ")
	require.Regexp(t, `^https://127\.0\.0\.1:[1-9]\d*$`, url, p)
	return &tour{process: p, url: url, ca: ca.cert}
}

// reply is what curl got.
type reply struct {
	status int
	header http.Header
	body   string
	tour   *tour
}

// get lets curl ask for a path of the tour, with further arguments of curl's.
func (s *tour) get(t *testing.T, path string, args ...string) reply {
	t.Helper()
	dir := t.TempDir()
	head, body := filepath.Join(dir, "head"), filepath.Join(dir, "body")
	// A user's own ~/.curlrc and proxies have no say here.
	status, err := try(t, dir, "curl", append([]string{"--disable", "--noproxy", "*", "--silent", "--show-error",
		"--max-time", "20", "--cacert", s.ca, "--dump-header", head, "--output", body,
		"--write-out", "%{http_code}", s.url + path}, args...)...)
	require.NoError(t, err, s.process)
	r := reply{header: readHeader(t, head), tour: s}
	_, err = fmt.Sscan(status, &r.status)
	require.NoError(t, err)
	content, err := os.ReadFile(body)
	require.NoError(t, err)
	r.body = string(content)
	return r
}

// readHeader reads a status line and the header fields after it.
func readHeader(t *testing.T, file string) http.Header {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	reader := textproto.NewReader(bufio.NewReader(f))
	_, err = reader.ReadLine()
	require.NoError(t, err)
	fields, err := reader.ReadMIMEHeader()
	require.NoError(t, err)
	return http.Header(fields)
}

// bearer is curl's argument for a bearer token.
func bearer(token string) []string { return []string{"--header", "Authorization: Bearer " + token} }

// user is who the tour takes the caller for.
type user struct {
	Username string   `json:"username"`
	UID      string   `json:"uid"`
	Groups   []string `json:"groups"`
}

func (r reply) requireUser(t *testing.T, want user) {
	t.Helper()
	require.Equal(t, http.StatusOK, r.status, r)
	var got user
	require.NoError(t, json.Unmarshal([]byte(r.body), &got), r)
	require.Equal(t, want, got, r)
}

// extra returns the caller's further attributes.
func (r reply) extra(t *testing.T) map[string][]string {
	t.Helper()
	var got struct {
		Extra map[string][]string `json:"extra"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &got), r)
	return got.Extra
}

// requireRefused wants 401 with a challenge, RFC 9110, section 15.5.2.
func (r reply) requireRefused(t *testing.T) {
	t.Helper()
	require.Equal(t, http.StatusUnauthorized, r.status, r)
	require.Regexp(t, `^Bearer( |$)`, r.header.Get("WWW-Authenticate"), r)
}

// requireInvalidToken wants the challenge that tells of a bad token, RFC 6750, section 3.1.
func (r reply) requireInvalidToken(t *testing.T) {
	t.Helper()
	r.requireRefused(t)
	require.Contains(t, r.header.Get("WWW-Authenticate"), `error="invalid_token"`, r)
}

// String is what a failure shows of the reply.
func (r reply) String() string {
	return fmt.Sprintf("curl got %d %v\n%s\n%s", r.status, r.header, r.body, r.tour.process)
}
