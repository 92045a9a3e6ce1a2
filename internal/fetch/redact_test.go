package fetch_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/fetch"
)

func TestRedact(t *testing.T) {
	for _, tt := range []struct{ url, want string }{
		{"", ""},
		{"https://login.example.com/a", "https://login.example.com/a"},
		{"https://login.example.com/a?code=s3cret", "https://login.example.com/a?…"},
		{"https://me@login.example.com", "…@login.example.com"},
		{"https://me:s3cret@login.example.com/a?b@c", "…@login.example.com/a?…"},
		{"https://me:s3cr%et@login.example.com/a", "…@login.example.com/a"},
		{"me:s3cret@login.example.com", "…@login.example.com"},
		{"https:/me:s3cret@x", "…@x"},
		{"://x", "://x"},
	} {
		require.Equal(t, tt.want, fetch.Redact(tt.url), tt.url)
	}
}

func TestRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		header string
		want   time.Duration
	}{
		{"", 0},
		{"30", 30 * time.Second},
		{"0", 0},
		{"-1", 0},
		{"3.5", 0},
		{"301", fetch.MaxRetryAfter},
		{"99999999999999999999", 0},
		{"Wed, 21 Oct 2026 07:28:00 GMT", 0},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", tt.header)
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		_, err := get(t.Context(), fetch.Client(s.Client()), s.URL)
		s.Close()
		var status *fetch.StatusError
		require.ErrorAs(t, err, &status, tt.header)
		require.Equal(t, fetch.StatusError{Code: 503, RetryAfter: tt.want}, *status, tt.header)
	}
}
