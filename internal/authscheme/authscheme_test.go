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

func TestDPoP(t *testing.T) {
	for _, tt := range []struct {
		header, rest string
		ok           bool
	}{
		{"", "", false},
		{"DPoP", "", true},
		{"DPoP a", " a", true},
		{"dpop a", " a", true},
		{"DPOP a", " a", true},
		{" \tDPoP a", " a", true},
		{"DPoP,a", ",a", true},
		{"DPoPs a", "", false},
		{"DPoP-a", "", false},
		{"DPo", "", false},
		{"Bearer a", "", false},
		{"Bearer DPoP a", "", false},
		{"\uff24PoP a", "", false}, // full width
	} {
		rest, ok := authscheme.DPoP(tt.header)
		require.Equal(t, tt.ok, ok, "%q", tt.header)
		if ok {
			require.Equal(t, tt.rest, rest, "%q", tt.header)
		}
	}
}
