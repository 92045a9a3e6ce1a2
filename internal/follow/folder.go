package follow

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// maxEntries is how many names a folder may have, those that are passed over too.
const maxEntries = 10_000

// stable is how often a folder is read before it counts as one that changes all the
// time.
const stable = 3

// Entry is a file of a folder.
type Entry struct {
	Name string // in the folder
	Data []byte
}

// Folder says which files of a folder are followed, and how much they may be.
type Folder struct {
	// Extensions are how the names end of those that count, such as ".yaml". All
	// others are passed over, hidden files and folders in the folder among them: so
	// are the links and folders that Kubernetes puts beside the files of a volume.
	Extensions []string

	Files    int   // how many there may be
	Bytes    int64 // how many each may have
	AllBytes int64 // how many they may have together
}

// OpenFolder is [Open] of the files of a folder, in the order of their names, of which
// there may be none. They are taken all together or not at all; those that are
// replaced while they are read are read again.
func OpenFolder(path string, which Folder, load func([]Entry) error, told func(error), now func() time.Time) (*File, error) {
	return open(path, folder{path, which, load}, told, now)
}

type folder struct {
	path  string
	which Folder
	use   func([]Entry) error
}

// stat's stamp has the folder first, whose time tells of files that have gone.
func (f folder) stat() (stamp, error) {
	dir, names, err := f.list()
	if err != nil {
		return nil, err
	}
	s := stamp{dir}
	for _, name := range names {
		info, err := os.Stat(filepath.Join(f.path, name))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, reason(err))
		}
		s = append(s, info)
	}
	return s, nil
}

// list returns the names of the files that count.
func (f folder) list() (fs.FileInfo, []string, error) {
	dir, info, err := openFolder(f.path)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(maxEntries + 1)
	switch {
	case err != nil && err != io.EOF:
		return nil, nil, err
	case len(names) > maxEntries:
		return nil, nil, fmt.Errorf("more than %d names", maxEntries)
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return strings.HasPrefix(name, ".") || !slices.Contains(f.which.Extensions, filepath.Ext(name))
	})
	if len(names) > f.which.Files {
		return nil, nil, fmt.Errorf("more than %d files", f.which.Files)
	}
	slices.Sort(names)
	return info, names, nil
}

// openFolder opens what is a folder. A pipe is none; see read.
func openFolder(path string) (*os.File, fs.FileInfo, error) {
	dir, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := dir.Stat()
	if err == nil && !info.IsDir() {
		err = errors.New("not a folder")
	}
	if err != nil {
		dir.Close()
		return nil, nil, err
	}
	return dir, info, nil
}

// read reads until all of the folder is the same after as before, lest it be half of
// what a link pointed to and half of what it points to now.
func (f folder) read() (contents, error) {
	before, err := f.stat()
	for range stable {
		var found contents
		if err == nil {
			found, err = f.readAll(before)
		}
		after, statErr := f.stat()
		if statErr == nil && after.same(before) && (err != nil || found.stamp.same(before)) {
			return found, err
		}
		before, err = after, statErr
	}
	if err != nil {
		return contents{}, err
	}
	return contents{}, errors.New("it changes all the time")
}

// readAll reads the files of a stamp.
func (f folder) readAll(s stamp) (contents, error) {
	entries, is, left := []Entry{}, stamp{s[0]}, f.which.AllBytes
	for _, file := range s[1:] {
		data, info, err := read(filepath.Join(f.path, file.Name()), f.which.Bytes)
		if err != nil {
			return contents{}, fmt.Errorf("%s: %w", file.Name(), reason(err))
		}
		if left -= int64(len(data)); left < 0 {
			return contents{}, fmt.Errorf("more than %d bytes in all files", f.which.AllBytes)
		}
		entries, is = append(entries, Entry{file.Name(), data}), append(is, info)
	}
	return contents{is, sumOf(entries), func() error { return f.use(entries) }}, nil
}

// reason is an error without the path, which stands before it.
func reason(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// sumOf is another one for other files, for their names too.
func sumOf(entries []Entry) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, e := range entries {
		var lengths [16]byte
		binary.LittleEndian.PutUint64(lengths[:8], uint64(len(e.Name)))
		binary.LittleEndian.PutUint64(lengths[8:], uint64(len(e.Data)))
		h.Write(lengths[:])
		io.WriteString(h, e.Name)
		h.Write(e.Data)
	}
	h.Sum(sum[:0])
	return sum
}
