//go:build !windows

package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// run runs a command to its end and returns what it printed on standard output.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	stdout, err := try(t, dir, name, args...)
	require.NoError(t, err)
	return stdout
}

// try is run for a command that may fail: the error shows all that it printed.
func try(t *testing.T, dir, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s%s", cmd, err, stdout, &stderr)
	}
	return string(stdout), err
}

// process is a command that runs beside the test, and is killed at its end.
type process struct {
	cmd            *exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr output
	ended          chan struct{}
}

func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute) // should a test hang
	p := &process{cmd: exec.CommandContext(ctx, name, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.WaitDelay = 5 * time.Second
	var err error
	p.stdin, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // the exit code is in ProcessState
	}()
	t.Cleanup(func() {
		cancel()
		<-p.ended
	})
	return p
}

// wait returns the exit code of the process, which ends by itself in time.
func (p *process) wait(t *testing.T, limit time.Duration) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(limit):
		require.Fail(t, "still running after "+limit.String(), p)
	}
	return p.cmd.ProcessState.ExitCode()
}

// line waits for the n-th line on standard output, counted from 0, that has a prefix.
func (p *process) line(t *testing.T, n int, prefix string) string {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		if lines := p.stdout.lines(prefix); len(lines) > n {
			return lines[n]
		}
		select {
		case <-p.ended:
			require.Fail(t, "ended early", p)
		default:
		}
	}
	require.Failf(t, "no line", "no line %d that starts with %q\n%s", n, prefix, p)
	return ""
}

// String is what a failure shows of the process.
func (p *process) String() string {
	return fmt.Sprintf("%s\n--- stdout\n%s--- stderr\n%s", p.cmd, p.stdout.String(), p.stderr.String())
}

// output is what a process has written so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// lines returns the whole lines that start with a prefix.
func (o *output) lines(prefix string) []string {
	var found []string
	for line := range strings.Lines(o.String()) {
		if strings.HasPrefix(line, prefix) && strings.HasSuffix(line, "\n") {
			found = append(found, strings.TrimSuffix(line, "\n"))
		}
	}
	return found
}
