package follow

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"
)

// source is what is followed.
type source interface {
	// stat tells what can be known without reading, and read all of it.
	stat() (stamp, error)
	read() (contents, error)
}

// contents are what has been read, and what was known of it then.
type contents struct {
	stamp stamp
	sum   [sha256.Size]byte
	load  func() error
}

// stamp tells whether what is followed has changed: what is known of the file, or of
// the folder and of its files.
type stamp []fs.FileInfo

func (s stamp) same(other stamp) bool {
	return slices.EqualFunc(s, other, func(a, b fs.FileInfo) bool {
		return a.Name() == b.Name() && os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
	})
}

// changed returns the time of the last change.
func (s stamp) changed() time.Time {
	var last time.Time
	for _, info := range s {
		if t := info.ModTime(); t.After(last) {
			last = t
		}
	}
	return last
}

// single is one file.
type single struct {
	path string
	max  int64 // how many bytes it may have
	use  func([]byte) error
}

func (s single) stat() (stamp, error) {
	info, err := os.Stat(s.path)
	if err != nil {
		return nil, err
	}
	return stamp{info}, nil
}

func (s single) read() (contents, error) {
	if _, err := s.stat(); err != nil {
		return contents{}, err // which says that it looked, and not that it opened
	}
	data, info, err := read(s.path, s.max)
	if err != nil {
		return contents{}, err
	}
	return contents{stamp{info}, sha256.Sum256(data), func() error { return s.use(data) }}, nil
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
