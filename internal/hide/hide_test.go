package hide_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/hide"
)

func TestText(t *testing.T) {
	tests := []struct {
		text    string
		secrets []string
		want    string
	}{
		{"expired", []string{"abc-123"}, "expired"},
		{"token abc-123 is expired", []string{"abc-123"}, "token [token] is expired"},
		{"abc-123abc-123", []string{"abc-123"}, "[token][token]"},
		{"no token", []string{""}, "no token"},
		{"no token", nil, "no token"},
		{"x 01234567 y 789abcde z", []string{"0123456789abcdef"}, "x [token] y [token] z"},
		{"x 0123456 y 1234568 z", []string{"0123456789abcdef"}, "x 0123456 y 1234568 z"},
		{"first 01234567, second qrstuvwx", []string{"0123456789abcdef", "", "qrstuvwxyz"}, "first [token], second [token]"},
		{strings.Repeat("x", 1000), []string{"abc-123"}, strings.Repeat("x", 512)},
		{strings.Repeat("x", 500) + "0123456789abcdef", []string{"0123456789abcdef"}, strings.Repeat("x", 500) + "[token]"},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, hide.Text(tt.text, tt.secrets...))
	}
}

type echo struct{ token string }

func (e *echo) Error() string { return "bad " + e.token }

// Nothing is left to unwrap but the end of a context.
func TestError(t *testing.T) {
	const token = "0123456789abcdef"
	err := hide.Error(fmt.Errorf("asking: %w", &echo{token}), token)
	require.EqualError(t, err, "asking: bad [token]")
	var inner *echo
	require.False(t, errors.As(err, &inner))
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		err = hide.Error(fmt.Errorf("asking %w: %w", &echo{token}, end), token)
		require.EqualError(t, err, "asking bad [token]: "+end.Error())
		require.ErrorIs(t, err, end)
		require.False(t, errors.As(err, &inner))
	}
}

// No text has a part of a secret left in it that is worth something. What stands in
// its place may be a part of another.
func FuzzText(f *testing.F) {
	for _, seed := range [][2]string{{"", ""}, {"a", "a"}, {"token 0123456789 there", "0123456789"}, {"01234567012345678", "0123456789"}, {"\xff\x00", "\xff"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, secret string) {
		got := hide.Text(text, secret)
		for _, kept := range strings.Split(got, "[token]") {
			for i := range max(0, len(kept)-7) {
				require.NotContains(t, secret, kept[i:i+8])
			}
		}
	})
}
