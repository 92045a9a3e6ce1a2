package confirm_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/confirm"
)

var errAnother = errors.New("another's")

// user has a check, unless it is nil.
type user struct{ check confirm.Func }

func (u user) Confirmation() confirm.Func { return u.check }

func TestKeep(t *testing.T) {
	want := httptest.NewRequest("GET", "/", nil)
	check := func(err error) user {
		return user{func(r *http.Request, token string) error {
			require.Same(t, want, r)
			require.Equal(t, "the token", token)
			return err
		}}
	}
	tests := []struct {
		name     string
		user     any
		expected bool
		scheme   string
		want     error
	}{
		{"no check", user{}, false, "Bearer", nil},
		{"a user of another kind", "jane", false, "Bearer", nil},
		{"nobody", nil, false, "Bearer", nil},
		{"a check", check(nil), true, "Bearer", nil},
		{"a check that nobody expects", check(nil), false, "Bearer", nil},
		{"a check with DPoP", check(nil), true, "DPoP", nil},
		{"a check that fails", check(errAnother), true, "DPoP", errAnother},
		{"a check that fails and nobody expects", check(errAnother), false, "Bearer", errAnother},
		{"lost", user{}, true, "Bearer", confirm.ErrLost},
		{"lost with the user", "jane", true, "Bearer", confirm.ErrLost},
		{"lost, DPoP", "jane", true, "DPoP", confirm.ErrLost},
		{"DPoP and no check", user{}, false, "DPoP", confirm.ErrUnbound},
		{"dpop and no check", "jane", false, "dpop", confirm.ErrUnbound},
		{"a scheme that begins so", "jane", false, "DPoPs", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want.Header.Set("Authorization", tt.scheme+" the token")
			_, promise := confirm.New(t.Context())
			if tt.expected {
				promise.Expect()
			}
			require.Equal(t, tt.want, promise.Keep(tt.user, want, "the token"))
		})
	}
}

func TestOf(t *testing.T) {
	require.Nil(t, confirm.Of(nil))
	require.Nil(t, confirm.Of("jane"))
	require.Nil(t, confirm.Of(user{}))
	check := confirm.Of(user{func(*http.Request, string) error { return errAnother }})
	require.Equal(t, errAnother, check(nil, ""))
}

// A promise is found in the contexts that have it, and each has its own.
func TestFrom(t *testing.T) {
	require.Nil(t, confirm.From(t.Context()))
	require.Equal(t, t.Context(), confirm.With(t.Context(), nil))
	outer, first := confirm.New(t.Context())
	inner, second := confirm.New(outer)
	require.Same(t, first, confirm.From(outer))
	require.Same(t, second, confirm.From(inner))
	require.NotSame(t, first, second)
	require.Same(t, first, confirm.From(confirm.With(context.Background(), first)))
	require.Same(t, first, confirm.From(context.WithoutCancel(outer)))

	confirm.From(inner).Expect()
	r := httptest.NewRequest("GET", "/", nil)
	require.NoError(t, first.Keep("jane", r, ""))
	require.Equal(t, confirm.ErrLost, second.Keep("jane", r, ""))
}
