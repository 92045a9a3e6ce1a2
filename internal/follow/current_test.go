package follow_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/follow"
)

// The number grows with what counts as another value, and never comes back.
func TestCurrent(t *testing.T) {
	var c follow.Current[string]
	require.Zero(t, c.Number())
	for i, tt := range []struct {
		value  string
		same   func(a, b string) bool
		number uint64
	}{
		{"a", strings.EqualFold, 1},
		{"A", strings.EqualFold, 1},
		{"b", strings.EqualFold, 2},
		{"a", strings.EqualFold, 3},
		{"a", nil, 4},
	} {
		c.Set(tt.value, tt.same)
		require.Equal(t, tt.value, c.Value(), i)
		require.Equal(t, tt.number, c.Number(), i)
	}
}
