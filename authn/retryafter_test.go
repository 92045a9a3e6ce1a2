package authn_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
)

func TestRetryAfterOf(t *testing.T) {
	after := func(reason authn.Reason, d time.Duration) error {
		return &authn.Error{Reason: reason, Err: errors.New("down"), RetryAfter: d}
	}
	for name, tt := range map[string]struct {
		err  error
		want time.Duration
	}{
		"nil":              {nil, 0},
		"not known":        {after(authn.Unavailable, 0), 0},
		"known":            {after(authn.Unavailable, time.Minute), time.Minute},
		"wrapped":          {authn.Mine(fmt.Errorf("keys: %w", after(authn.Unavailable, time.Minute))), time.Minute},
		"the shortest":     {errors.Join(after(authn.Unavailable, 3), after(authn.Unavailable, 2), after(authn.Unavailable, 0)), 2},
		"not unavailable":  {after(authn.Expired, time.Minute), 0},
		"of another error": {errors.Join(after(authn.Expired, 1), after(authn.Unavailable, 2)), 2},
	} {
		require.Equal(t, tt.want, authn.RetryAfterOf(tt.err), name)
	}
}
