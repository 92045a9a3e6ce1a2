package fetch_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/fetch"
)

// serve starts a server that answers with h.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestClientIsACopy(t *testing.T) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	own := &http.Client{
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return nil },
		Jar:           jar,
		Timeout:       time.Minute,
	}
	c := fetch.Client(own)
	require.NotSame(t, own, c)
	require.Same(t, own.Transport, c.Transport)
	require.Equal(t, time.Minute, c.Timeout)
	require.Nil(t, c.Jar)
	require.ErrorIs(t, c.CheckRedirect(nil, nil), http.ErrUseLastResponse)

	require.NoError(t, own.CheckRedirect(nil, nil))
	require.Equal(t, http.CookieJar(jar), own.Jar)
	require.Equal(t, int64(64<<10), fetch.Client(&http.Client{}).Transport.(*http.Transport).MaxResponseHeaderBytes)
}

func TestDefaultClient(t *testing.T) {
	before := http.DefaultTransport.(*http.Transport).MaxResponseHeaderBytes
	c := fetch.Client(nil)
	transport, ok := c.Transport.(*http.Transport)
	require.True(t, ok)
	require.NotSame(t, http.DefaultTransport, c.Transport)
	require.Equal(t, int64(64<<10), transport.MaxResponseHeaderBytes)
	require.NotNil(t, transport.Proxy)
	require.Equal(t, transport.MaxIdleConns, transport.MaxIdleConnsPerHost)
	require.Positive(t, transport.MaxIdleConns)
	require.Zero(t, c.Timeout)
	require.Equal(t, before, http.DefaultTransport.(*http.Transport).MaxResponseHeaderBytes)
	require.NotSame(t, c.Transport, fetch.Client(nil).Transport)
}

// A program may have another default transport, of which nothing is known.
func TestOtherDefaultTransport(t *testing.T) {
	type other struct{ http.RoundTripper }
	before := http.DefaultTransport
	http.DefaultTransport = other{before}
	defer func() { http.DefaultTransport = before }()
	c := fetch.Client(nil)
	require.Nil(t, c.Transport)
	require.ErrorIs(t, c.CheckRedirect(nil, nil), http.ErrUseLastResponse)
}

func TestNoRedirects(t *testing.T) {
	var asked atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		code := http.StatusFound
		_, _ = fmt.Sscan(strings.TrimPrefix(r.URL.Path, "/"), &code)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(code)
	})
	for n, code := range []int{301, 302, 303, 307, 308} {
		url := fmt.Sprint(s.URL, "/", code)
		answer, err := get(t.Context(), fetch.Client(s.Client()), url)
		require.EqualError(t, err, fmt.Sprintf("GET %s: status %d", url, code))
		require.Nil(t, answer)
		require.Equal(t, int32(n+1), asked.Load())
	}
}

func TestNoCookies(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		_, _ = io.WriteString(w, r.Header.Get("Cookie"))
	})
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	jar.SetCookies(u, []*http.Cookie{{Name: "caller", Value: "1"}})
	own := s.Client()
	own.Jar = jar
	c := fetch.Client(own)
	for range 2 {
		answer, err := get(t.Context(), c, s.URL)
		require.NoError(t, err)
		require.Empty(t, string(answer.Body))
	}
	require.Len(t, jar.Cookies(u), 1)
}

func TestGet(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		fmt.Fprint(w, r.Method, " ", r.RequestURI, " ", r.Header.Get("Accept"))
	})
	answer, err := get(t.Context(), fetch.Client(nil), s.URL+"/a?b=c")
	require.NoError(t, err)
	require.Equal(t, "GET /a?b=c application/json", string(answer.Body))
	require.Equal(t, "max-age=60", answer.Header.Get("Cache-Control"))

	answer, err = get(t.Context(), fetch.Client(nil), "https://%")
	require.EqualError(t, err, `parse "https://%": invalid URL escape "%"`)
	require.Nil(t, answer)
}

func TestStatuses(t *testing.T) {
	tests := []struct {
		code int
		want []int
		ok   bool
	}{
		{200, []int{200}, true},
		{200, []int{200, 201}, true},
		{201, []int{200, 201}, true},
		{201, []int{200}, false},
		{202, []int{200, 201}, false},
		{204, []int{200}, false},
		{200, nil, false},
		{200, []int{404}, false},
		{404, []int{404}, true},
		{304, []int{200}, false},
		{401, []int{200}, false},
		{429, []int{200}, false},
		{500, []int{200}, false},
		{999, []int{200}, false},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.code, " of ", tt.want), func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.code)
				_, _ = io.WriteString(w, "body")
			})
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL, strings.NewReader("x"))
			require.NoError(t, err)
			answer, err := fetch.Do(fetch.Client(nil), req, tt.want...)
			if !tt.ok {
				require.EqualError(t, err, fmt.Sprintf("PUT %s: status %d", s.URL, tt.code))
				require.Nil(t, answer)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "body", string(answer.Body))
		})
	}
}

func TestBodies(t *testing.T) {
	send := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, n)) }
	}
	bomb := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		for range 64 {
			_, _ = z.Write(make([]byte, 1<<20))
		}
		z.Close()
	}
	endless := func(w http.ResponseWriter, _ *http.Request) {
		for err := error(nil); err == nil; _, err = w.Write(make([]byte, 1<<16)) {
		}
	}
	require.Equal(t, 1<<20, fetch.MaxBody)
	tests := []struct {
		name  string
		serve http.HandlerFunc
		size  int // -1: too large
	}{
		{"none", send(0), 0},
		{"one byte", send(1), 1},
		{"as large as may be", send(fetch.MaxBody), fetch.MaxBody},
		{"a byte more", send(fetch.MaxBody + 1), -1},
		{"endless", endless, -1},
		{"small before it is unpacked", bomb, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, tt.serve)
			answer, err := get(t.Context(), fetch.Client(nil), s.URL)
			if tt.size < 0 {
				require.EqualError(t, err, "GET "+s.URL+": the answer has more than 1048576 bytes")
				require.Nil(t, answer)
				return
			}
			require.NoError(t, err)
			require.Len(t, answer.Body, tt.size)
		})
	}
}

// get asks once.
func get(ctx context.Context, c *http.Client, url string) (*fetch.Answer, error) {
	var n fetch.Renewal
	return n.Get(ctx, c, url, "application/json")
}
