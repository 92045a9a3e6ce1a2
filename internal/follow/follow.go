// Package follow keeps up with a file, or the files of a folder, that somebody else
// changes: they are looked at when somebody asks, taken as a whole or not at all, and
// the last good contents stay in use.
package follow

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
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

// File is a file, or a folder of some, that is followed. It is safe for concurrent
// use.
type File struct {
	path string
	from source
	told func(error)
	now  func() time.Time

	next   atomic.Int64         // when to look again, in Unix nanoseconds
	looks  atomic.Pointer[look] // the one under way; nil if none is
	health atomic.Pointer[error]

	// What follows is for who looks, alone.

	was     stamp             // nil: it could not be read
	read    time.Time         // when that was current
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
	return open(path, single{path, maxBytes, load}, told, now)
}

func open(path string, from source, told func(error), now func() time.Time) (*File, error) {
	f := &File{path: path, from: from, told: told, now: now}
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
	if is, err := f.from.stat(); err == nil && f.unchanged(is, now) {
		return false
	}
	found, err := f.from.read()
	if err != nil {
		f.was, f.readErr = nil, err
		return false
	}
	if f.halfWritten(found, now) {
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
	f.was, f.read, f.readErr = found.stamp, now, nil
	if found.sum == f.sum && !first && (f.loadErr == nil || now.Sub(f.tried).Abs() < tryAgain) {
		return false
	}
	changed := found.sum != f.sum || first
	f.sum, f.tried = found.sum, now
	if f.loadErr = safely(found.load); f.loadErr == nil {
		f.loaded = now
	}
	return changed
}

// unchanged reports whether the file need not be read, since it is as it was.
func (f *File) unchanged(is stamp, now time.Time) bool {
	return f.readErr == nil && f.loadErr == nil && f.was != nil && f.was.same(is) &&
		f.read.Sub(is.changed()) > settled && now.Sub(f.read).Abs() < readAnyway
}

// halfWritten reports whether somebody may still be writing: the file has other
// contents than when it was looked at a moment ago. After a silence there was no
// such moment, and the time of the change has to do.
func (f *File) halfWritten(found contents, now time.Time) bool {
	again := found.sum == f.seen
	f.seen = found.sum
	switch {
	case found.sum == f.sum || again || f.loaded.IsZero():
		return false
	case f.silent:
		return now.Sub(found.stamp.changed()) < Interval
	}
	return true
}

// safely is load, of which a panic is an error.
func safely(load func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panicked with a %T", v)
		}
	}()
	return load()
}
