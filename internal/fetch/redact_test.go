package fetch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/fetch"
)

func TestRedact(t *testing.T) {
	for _, tt := range []struct{ url, want string }{
		{"", ""},
		{"https://login.example.com/a?b=c", "https://login.example.com/a?b=c"},
		{"https://me@login.example.com", "https://me@login.example.com"},
		{"https://me:s3cret@login.example.com/a", "https://me:xxxxx@login.example.com/a"},
		{"https://me:s3cr%et@login.example.com/a", "…@login.example.com/a"},
		{"://s3cret", "://s3cret"},
	} {
		require.Equal(t, tt.want, fetch.Redact(tt.url), tt.url)
	}
}
