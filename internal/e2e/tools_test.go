//go:build !windows

package e2e_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// need skips the test where a tool is missing, or fails it where
// AUTHNCHAIN_E2E=1 demands the tools. Whoever needs npm needs its packages too.
func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, fmt.Sprintf("%s is not installed", tool))
		}
		if tool != "npm" {
			continue
		}
		if err := packages(); err != nil {
			missing(t, err.Error())
		}
	}
}

func missing(t *testing.T, what string) {
	t.Helper()
	if demanded() {
		require.Fail(t, what)
	}
	t.Skipf("%s: skipped, as AUTHNCHAIN_E2E is not 1", what)
}

func demanded() bool { return os.Getenv("AUTHNCHAIN_E2E") == "1" }

// packages makes sure of node_modules. It installs only what was demanded:
// a plain "go test ./..." does not reach for the network.
var packages = sync.OnceValue(func() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	if _, err := os.Stat("node_modules"); err == nil && exec.CommandContext(ctx, "npm", "ls", "--all").Run() == nil {
		return nil
	}
	if !demanded() {
		return fmt.Errorf("the npm packages of internal/e2e are not installed")
	}
	if log, err := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund").CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, log)
	}
	return nil
})

// binaries is where the tour is built, once for all tests.
var binaries string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if binaries, err = os.MkdirTemp("", "authnchain-e2e-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(binaries)
		return m.Run()
	}())
}

// tourBinary builds examples/tour and returns its path.
func tourBinary(t *testing.T) string {
	t.Helper()
	path, err := buildTour()
	require.NoError(t, err)
	return path
}

var buildTour = sync.OnceValues(func() (string, error) {
	if err := dependOnSources("../.."); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	path := filepath.Join(binaries, "tour")
	log, err := exec.CommandContext(ctx, "go", "build", "-o", path, "../../examples/tour").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build examples/tour: %w\n%s", err, log)
	}
	return path, nil
})

// dependOnSources looks at all Go files of the module. These tests import none
// of it, so without that look "go test" would take their last result for good
// after the tour or the library has changed.
func dependOnSources(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == root:
			return nil
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go"):
			_, err = os.Stat(path)
		}
		return err
	})
}
