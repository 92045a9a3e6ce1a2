package spelling_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/spelling"
)

func TestSameAndBegins(t *testing.T) {
	for _, tt := range []struct {
		name, other  string
		same, begins bool
	}{
		{"", "", true, true},
		{"X-Remote-User", "x_remote.USER", true, true},
		{"X-Remote-User", "X-Remote-Use", false, true},
		{"X-Remote-Use", "X-Remote-User", false, false},
		{"X-Remote-Users", "x.remote_user", false, true},
		{"XRemoteUser", "X-Remote-User", false, false},
		{"X Remote User", "X-Remote-User", false, false},
		{"X\u2010Remote", "X-Remote", false, false},
		{"\u212aey", "key", false, false}, // the Kelvin sign
	} {
		require.Equal(t, tt.same, spelling.Same(tt.name, tt.other), "%q, %q", tt.name, tt.other)
		require.Equal(t, tt.begins, spelling.Begins(tt.name, tt.other), "%q, %q", tt.name, tt.other)
	}
}
