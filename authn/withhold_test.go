package authn_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
)

// The mark survives what errors go through, and changes nothing that they say.
func TestMine(t *testing.T) {
	expired := authn.Errorf(authn.Expired, "expired an hour ago")
	mine := authn.Mine(expired)
	for name, tt := range map[string]struct {
		err  error
		mine bool
	}{
		"nil":                  {authn.Mine(nil), false},
		"not marked":           {expired, false},
		"marked":               {mine, true},
		"wrapped":              {fmt.Errorf("remembered: %w", mine), true},
		"in a reason":          {authn.Errorf(authn.Unavailable, "%w", mine), true},
		"the second of two":    {errors.Join(errors.New("other"), mine), true},
		"two that are not":     {errors.Join(errors.New("other"), expired), false},
		"as text, and no more": {errors.New(mine.Error()), false},
	} {
		require.Equal(t, tt.mine, authn.IsMine(tt.err), name)
	}
	require.NoError(t, authn.Mine(nil))
	require.EqualError(t, mine, "expired an hour ago")
	require.Equal(t, authn.Expired, authn.ReasonOf(mine))
	require.True(t, authn.Conclusive(mine))
	require.ErrorIs(t, mine, expired)
}

func TestWithhold(t *testing.T) {
	require.False(t, authn.Withheld(t.Context()))
	withheld := authn.Withhold(t.Context())
	require.True(t, authn.Withheld(withheld))
	require.Equal(t, withheld, authn.Withhold(withheld), "once is enough")
}
