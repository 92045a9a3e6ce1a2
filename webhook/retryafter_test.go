package webhook_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// TestRetryAfter passes a reviewer's wish to be left alone on.
func TestRetryAfter(t *testing.T) {
	rv := authntest.NewReviewer(t)
	a := asking(t, rv, nil)
	for header, want := range map[string]time.Duration{"": 0, "30": 30 * time.Second, "86400": 5 * time.Minute} {
		rv.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusTooManyRequests)
		}))
		_, _, err := a.AuthenticateToken(t.Context(), "token")
		var e *authn.Error
		require.True(t, errors.As(err, &e))
		require.Equal(t, authn.Unavailable, e.Reason)
		require.Equal(t, want, e.RetryAfter, "Retry-After: %s", header)
	}
}
