package follow_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/follow"
)

// A file may be as long as whoever opens it has said, and no longer.
func TestOpenLarge(t *testing.T) {
	const most = follow.MaxBytes + 10
	f := newFixture(t, "a")
	require.NoError(t, os.Truncate(f.path, most))
	file, err := follow.OpenLarge(f.path, most, f.load, f.tell, f.now)
	require.NoError(t, err)
	require.Len(t, f.loaded[0], most)
	require.NoError(t, os.Truncate(f.path, most+1))
	f.pass(file)
	require.ErrorContains(t, file.HealthCheck(), "more than 4194314 bytes")
	require.Len(t, f.loaded, 1)
	_, err = follow.Open(f.path, f.load, f.tell, f.now)
	require.EqualError(t, err, f.path+": more than 4194304 bytes")
}
