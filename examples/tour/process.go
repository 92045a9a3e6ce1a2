package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// process is what the fixtures of package authntest need, outside of a test.
type process struct{ cleanups []func() }

// fatal is what Fatalf panics with.
type fatal struct{ error }

func (p *process) Helper()          {}
func (p *process) Cleanup(f func()) { p.cleanups = append(p.cleanups, f) }
func (p *process) Fatalf(format string, args ...any) {
	panic(fatal{fmt.Errorf(format, args...)})
}

// end cleans up, last first, and makes a Fatalf the error. It is deferred.
func (p *process) end(err *error) {
	switch v := recover().(type) {
	case nil:
	case fatal:
		*err = v.error
	default:
		defer panic(v)
	}
	for _, cleanup := range slices.Backward(p.cleanups) {
		cleanup()
	}
}

// isTerminal reports whether somebody looks at w who likes colours.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// patience is how long a terminal may show nothing.
const patience = time.Second

// waitFor does work, and says on a terminal what it is, with dots, if that takes
// longer than people are patient.
func waitFor(w io.Writer, what string, work func()) {
	if !isTerminal(w) {
		work()
		return
	}
	done, quiet := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(quiet)
		select {
		case <-done:
			return
		case <-time.After(patience):
		}
		fmt.Fprint(w, what)
		for {
			select {
			case <-done:
				fmt.Fprintln(w)
				return
			case <-time.After(patience / 2):
				fmt.Fprint(w, ".")
			}
		}
	}()
	defer func() { close(done); <-quiet }() // also if work panics
	work()
}
