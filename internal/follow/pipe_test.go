//go:build !windows

package follow_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A pipe in the place of the file holds up nobody.
func TestPipe(t *testing.T) {
	f := newFixture(t, "a")
	file := f.open(t)
	require.NoError(t, os.Remove(f.path))
	require.NoError(t, syscall.Mkfifo(f.path, 0o600))
	f.pass(file)
	require.ErrorContains(t, file.HealthCheck(), "not a regular file")
	f.replace(t, "b")
	f.pass(file)
	require.NoError(t, file.HealthCheck())
	require.Equal(t, []string{"a", "b"}, f.loaded)
}

// Nor does one in a folder.
func TestPipeInFolder(t *testing.T) {
	f := newFolder(t, "a.txt=1")
	file := f.open(t)
	path := filepath.Join(f.path, "b.txt")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	f.pass(file)
	require.ErrorContains(t, file.HealthCheck(), "b.txt: not a regular file")
	require.NoError(t, os.Remove(path))
	f.pass(file)
	require.NoError(t, file.HealthCheck())
	require.Equal(t, []string{"a.txt=1"}, f.loaded)
}
