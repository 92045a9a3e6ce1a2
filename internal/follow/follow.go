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
	"sync/atomic"
	"syscall"
	"time"
)

// Interval is how often a file is looked at, at most.
const Interval = time.Second

// MaxBytes is how long a file of [Open] may be.
const MaxBytes = 4 << 20

const (
	settled    = 3 * time.Second  // how old a change must be before its time alone tells that there was none since: file systems count in steps
	readAnyway = time.Minute      // how long the times and sizes are believed, which programs can set
	tryAgain   = 10 * time.Second // how often contents that load did not take are tried again
	tooLong    = 5 * time.Second  // how long a look may take, or the file may change, before HealthCheck says so
)

// File is a file that is followed. It is safe for concurrent use.
type File struct {
	path string
	max  int64 // how many bytes it may have
	load func([]byte) error
	told func(error)
	now  func() time.Time

	next   atomic.Int64         // when to look again, in Unix nanoseconds
	looks  atomic.Pointer[look] // the one under way; nil if none is
	health atomic.Pointer[error]

	// What follows is for who looks, alone.

	info    fs.FileInfo
	read    time.Time         // when info was current
	sum     [sha256.Size]byte // of what load was given last
	seen    [sha256.Size]byte // of what the last look found
	silent  bool              // nobody had looked for long before the one under way
	held    time.Time         // since when every look has found other contents; zero: the last did not
	tried   time.Time         // when load was last called
	loaded  time.Time         // when the contents in use were loaded
	readErr error             // why the file cannot be read now
	loadErr error             // why what it holds is not in use
}

// look is one look at the file.
type look struct {
	since time.Time
	late  bool          // it comes after a long silence, so that others wait for it
	done  chan struct{} // closed when it is over
}

// Open reads a file for the first time, whose contents load must take. Later
// contents that load returns an error for are as if they had not been. told, if
// not nil, is called after every other change with what came of it, and when the
// file cannot be read any more. now is the clock.
func Open(path string, load func([]byte) error, told func(error), now func() time.Time) (*File, error) {
	return OpenLarge(path, MaxBytes, load, told, now)
}

// OpenLarge is [Open] of a file of up to so many bytes. All of it is read whenever it
// may have changed, and once a minute.
func OpenLarge(path string, maxBytes int64, load func([]byte) error, told func(error), now func() time.Time) (*File, error) {
	f := &File{path: path, max: maxBytes, load: load, told: told, now: now}
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
	late := f.now().UnixNano() - f.next.Load()
	if l := f.looks.Load(); l != nil { // which was before next was set
		l.wait()
		return
	}
	if late < 0 && late > -int64(2*Interval) { // else the clock has gone back
		return
	}
	mine := &look{time.Now(), late > int64(Interval), make(chan struct{})}
	if !f.looks.CompareAndSwap(nil, mine) {
		if l := f.looks.Load(); l != nil {
			l.wait()
		}
		return
	}
	news, err := f.lookAgain()
	f.looks.Store(nil)
	close(mine.done)
	if news && f.told != nil {
		f.tell(err)
	}
}

// tell calls told, whose panic is not the request's.
func (f *File) tell(err error) {
	defer func() { _ = recover() }()
	f.told(err)
}

// wait waits for a look that comes after a long silence, but no longer than it may
// hold somebody up.
func (l *look) wait() {
	if !l.late {
		return
	}
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
	f.silent = left < -int64(Interval)
	f.next.Store(now.Add(Interval).UnixNano())
	before := text(f.problem())
	changed := f.refresh()
	err := f.publish()
	return changed || text(err) != before, err
}

// HealthCheck returns why the file, as it was when somebody last looked, is not in
// use, and nil if it is.
func (f *File) HealthCheck() error {
	if l := f.looks.Load(); l != nil && time.Since(l.since) > tooLong {
		return fmt.Errorf("%s: has been read for %s", f.path, time.Since(l.since).Round(time.Second))
	}
	return *f.health.Load()
}

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

// refresh reads the file if it may have changed, and reports whether load was given
// other contents.
func (f *File) refresh() bool {
	now := f.now()
	info, err := os.Stat(f.path)
	if err == nil && f.unchanged(info, now) {
		return false
	}
	var data []byte
	if err == nil {
		data, info, err = read(f.path, f.max)
	}
	if err != nil {
		f.info, f.readErr = nil, err
		return false
	}
	sum := sha256.Sum256(data)
	if f.halfWritten(info, sum, now) {
		if f.held.IsZero() {
			f.held = now
		}
		if now.Sub(f.held) > tooLong {
			f.readErr = errors.New("it changes all the time")
		}
		return false
	}
	f.held = time.Time{}
	first := f.loaded.IsZero() && f.loadErr == nil
	f.info, f.read, f.readErr = info, now, nil
	if sum == f.sum && !first && (f.loadErr == nil || now.Sub(f.tried) < tryAgain) {
		return false
	}
	changed := sum != f.sum || first
	f.sum, f.tried = sum, now
	if f.loadErr = f.safely(data); f.loadErr == nil {
		f.loaded = now
	}
	return changed
}

// unchanged reports whether the file need not be read, since it is as it was.
func (f *File) unchanged(info fs.FileInfo, now time.Time) bool {
	return f.readErr == nil && f.loadErr == nil && f.info != nil && same(f.info, info) &&
		f.read.Sub(info.ModTime()) > settled && now.Sub(f.read) < readAnyway
}

// halfWritten reports whether somebody may still be writing: the file has other
// contents than when it was looked at a moment ago. After a silence there was no
// such moment, and the time of the change has to do.
func (f *File) halfWritten(info fs.FileInfo, sum [sha256.Size]byte, now time.Time) bool {
	again := sum == f.seen
	f.seen = sum
	switch {
	case sum == f.sum || again || f.loaded.IsZero():
		return false
	case f.silent:
		return now.Sub(info.ModTime()) < Interval
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
// read. A pipe is none; to open one might take for ever, unless it need not.
func read(path string, maxBytes int64) ([]byte, fs.FileInfo, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errors.New("not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err != nil {
		return nil, nil, err
	}
	if int64(len(data)) > maxBytes {
		return nil, nil, fmt.Errorf("more than %d bytes", maxBytes)
	}
	return data, info, nil
}
