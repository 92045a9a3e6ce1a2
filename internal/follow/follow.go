// Package follow keeps up with a file that somebody else changes: it is looked
// at when somebody asks, taken as a whole or not at all, and the last good
// contents stay in use.
package follow

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Interval is how often a file is looked at, at most.
const Interval = time.Second

// MaxBytes is how long a file may be.
const MaxBytes = 4 << 20

// settled is how old a change must be before the time of the change alone tells
// that there was none since: file systems count in steps.
const settled = 3 * time.Second

// File is a file that is followed. It is safe for concurrent use.
type File struct {
	path string
	load func([]byte) error
	told func(error)
	now  func() time.Time

	next   atomic.Int64         // when to look again, in Unix nanoseconds
	late   atomic.Pointer[look] // one under way that comes after a long silence; nil if none is
	health atomic.Pointer[error]

	mu      sync.Mutex // held while somebody looks; guards all below
	info    fs.FileInfo
	read    time.Time // when info was current
	sum     [sha256.Size]byte
	loaded  time.Time // when the contents in use were loaded
	readErr error     // why the file cannot be read now
	loadErr error     // why what it holds is not in use
}

// look is one look at the file.
type look struct {
	since time.Time
	done  chan struct{} // closed when it is over
}

// Open reads a file for the first time, whose contents load must take. Later
// contents that load returns an error for are as if they had not been. told, if
// not nil, is called after every other change with what came of it, and when the
// file cannot be read any more. now is the clock.
func Open(path string, load func([]byte) error, told func(error), now func() time.Time) (*File, error) {
	f := &File{path: path, load: load, told: told, now: now}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refresh()
	f.publish()
	f.next.Store(now().Add(Interval).UnixNano())
	if err := f.err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// Check looks at the file if it is time to. Who finds a change waits until it is
// loaded. Others do not wait, unless nobody has looked for long, and then for no
// more than [Interval]: a disk that hangs holds up one of them alone.
func (f *File) Check() {
	if l := f.late.Load(); l != nil {
		l.wait()
		return
	}
	late := f.now().UnixNano() - f.next.Load()
	if late < 0 && late > -int64(2*Interval) { // else the clock has gone back
		return
	}
	if !f.mu.TryLock() {
		return
	}
	news, err := f.lookAgain()
	f.mu.Unlock()
	if news && f.told != nil {
		f.told(err)
	}
}

// wait waits for a look, but no longer than it may hold somebody up.
func (l *look) wait() {
	timer := time.NewTimer(Interval - time.Since(l.since))
	defer timer.Stop()
	select {
	case <-l.done:
	case <-timer.C:
	}
}

// lookAgain looks if nobody just has, and reports whether there is something to
// tell.
func (f *File) lookAgain() (bool, error) {
	now := f.now()
	left := f.next.Load() - now.UnixNano()
	if left > 0 && left <= int64(Interval) {
		return false, nil
	}
	if left < -int64(Interval) {
		l := &look{time.Now(), make(chan struct{})}
		f.late.Store(l)
		defer func() {
			f.late.Store(nil)
			close(l.done)
		}()
	}
	f.next.Store(now.Add(Interval).UnixNano())
	before := text(f.problem())
	changed := f.refresh()
	err := f.publish()
	return changed || text(err) != before, err
}

// HealthCheck returns why the file, as it was when somebody last looked, is not in
// use, and nil if it is.
func (f *File) HealthCheck() error { return *f.health.Load() }

// publish tells HealthCheck.
func (f *File) publish() error {
	err := f.problem()
	f.health.Store(&err)
	return err
}

func (f *File) problem() error {
	if err := f.err(); err != nil {
		return fmt.Errorf("%s: still what it held at %s: %w", f.path, f.loaded.UTC().Format(time.RFC3339), err)
	}
	return nil
}

func (f *File) err() error {
	if f.readErr != nil {
		return f.readErr
	}
	return f.loadErr
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// refresh reads the file if it may have changed, and reports whether it had.
func (f *File) refresh() bool {
	now := f.now()
	info, err := os.Stat(f.path)
	if err != nil {
		f.info, f.readErr = nil, err
		return false
	}
	if f.readErr == nil && f.info != nil && same(f.info, info) && f.read.Sub(info.ModTime()) > settled {
		return false
	}
	data, info, err := read(f.path, info)
	if err != nil {
		f.info, f.readErr = nil, err
		return false
	}
	sum := sha256.Sum256(data)
	first := f.loaded.IsZero() && f.loadErr == nil
	f.info, f.read, f.readErr = info, now, nil
	if sum == f.sum && !first {
		return false
	}
	f.sum = sum
	f.loadErr = f.safely(data)
	if f.loadErr == nil {
		f.loaded = now
	}
	return true
}

// safely is load, of which a panic is an error.
func (f *File) safely(data []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panicked with a %T", v)
		}
	}()
	return f.load(data)
}

func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// read returns the contents of a file and what was known of it when they were
// read.
func read(path string, info fs.FileInfo) ([]byte, fs.FileInfo, error) {
	if !info.Mode().IsRegular() { // to open a pipe might take for ever
		return nil, nil, errors.New("not a regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	if err != nil {
		return nil, nil, err
	}
	if len(data) > MaxBytes {
		return nil, nil, fmt.Errorf("more than %d bytes", MaxBytes)
	}
	return data, info, nil
}
