package authscheme_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/authscheme"
)

func TestBearer(t *testing.T) {
	for _, tt := range []struct {
		header, rest string
		ok           bool
	}{
		{"", "", false},
		{"Bearer", "", true},
		{"Bearer a", " a", true},
		{"bEARER a", " a", true},
		{" \tBearer a", " a", true},
		{"Bearer\ta", "\ta", true},
		{"Bearer,a", ",a", true},
		{"Bearer=a", "=a", true},
		{"Bearer\"a", "\"a", true},
		{"Bearerish a", "", false},
		{"Bearer-a", "", false},
		{"Bearer2 a", "", false},
		{"Beare", "", false},
		{"Basic a", "", false},
		{"Bear\u212aer a", "", false}, // the Kelvin sign is a k to EqualFold
	} {
		rest, ok := authscheme.Bearer(tt.header)
		require.Equal(t, tt.ok, ok, "%q", tt.header)
		if ok {
			require.Equal(t, tt.rest, rest, "%q", tt.header)
		}
	}
}
