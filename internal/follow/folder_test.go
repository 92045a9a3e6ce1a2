package follow_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/follow"
)

// which are small bounds, so that tests can pass them.
var which = follow.Folder{Extensions: []string{".txt", ".text"}, Files: 5, Bytes: 100, AllBytes: 300}

// folder is a folder, what has been loaded of it and told, and a clock.
type folder struct {
	path   string
	start  time.Time
	clock  atomic.Int64 // seconds after start
	mu     sync.Mutex
	loaded []string
	told   []string
}

func newFolder(t *testing.T, files ...string) *folder {
	t.Helper()
	f := &folder{path: t.TempDir(), start: time.Now().Add(time.Hour)}
	f.write(t, files...)
	return f
}

// write writes files, each given as name=contents.
func (f *folder) write(t *testing.T, files ...string) {
	t.Helper()
	for _, file := range files {
		name, contents, _ := strings.Cut(file, "=")
		require.NoError(t, os.WriteFile(filepath.Join(f.path, name), []byte(contents), 0o600))
	}
}

func (f *folder) remove(t *testing.T, name string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(f.path, name)))
}

func (f *folder) now() time.Time { return f.start.Add(time.Duration(f.clock.Load()) * time.Second) }

func (f *folder) load(entries []follow.Entry) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, e := range entries {
		if reason, bad := strings.CutPrefix(string(e.Data), "bad: "); bad {
			return fmt.Errorf("%s: %s", e.Name, reason)
		}
		all = append(all, e.Name+"="+string(e.Data))
	}
	f.loaded = append(f.loaded, strings.Join(all, " "))
	return nil
}

func (f *folder) tell(err error) { f.told = append(f.told, fmt.Sprint(err)) }

func (f *folder) open(t *testing.T) *follow.File {
	t.Helper()
	file, err := follow.OpenFolder(f.path, which, f.load, f.tell, f.now)
	require.NoError(t, err)
	return file
}

// pass lets so much time go by that nobody can still be writing.
func (f *folder) pass(file *follow.File) {
	f.clock.Add(3)
	file.Check()
}

// second lets a second go by.
func (f *folder) second(file *follow.File) {
	f.clock.Add(1)
	file.Check()
}

func TestFolderChanges(t *testing.T) {
	f := newFolder(t, "b.txt=1", "a.text=2")
	file := f.open(t)
	for range 5 {
		f.pass(file)
	}
	want := []string{"a.text=2 b.txt=1"}
	for _, step := range []struct {
		name string
		do   func()
		want string // "": nothing is loaded
	}{
		{"one more", func() { f.write(t, "c.txt=3") }, "a.text=2 b.txt=1 c.txt=3"},
		{"another's contents", func() { f.write(t, "b.txt=4") }, "a.text=2 b.txt=4 c.txt=3"},
		{"one gone", func() { f.remove(t, "a.text") }, "b.txt=4 c.txt=3"},
		{"another name", func() {
			require.NoError(t, os.Rename(filepath.Join(f.path, "c.txt"), filepath.Join(f.path, "d.txt")))
		}, "b.txt=4 d.txt=3"},
		{"text that goes from one to another", func() { f.write(t, "b.txt=", "d.txt=43") }, "b.txt= d.txt=43"},
		{"others' files", func() { f.write(t, "e.txt~=5", ".f.txt=6", "g=7", "h.txt.new=8", "#i.txt#=9", "j.TXT=10") }, ""},
		{"a folder in it", func() { require.NoError(t, os.Mkdir(filepath.Join(f.path, "more"), 0o700)) }, ""},
		{"a link", func() { require.NoError(t, os.Symlink("g", filepath.Join(f.path, "g.txt"))) }, "b.txt= d.txt=43 g.txt=7"},
		{"what the link points to", func() { f.write(t, "g=11") }, "b.txt= d.txt=43 g.txt=11"},
	} {
		step.do()
		file.Check()
		require.Equal(t, want, f.loaded, "%s: it is not time yet", step.name)
		f.pass(file)
		if step.want != "" {
			want = append(want, step.want)
		}
		require.Equal(t, want, f.loaded, step.name)
	}
	require.NoError(t, file.HealthCheck())
	require.Equal(t, strings.Repeat("<nil>", len(want)-1), strings.Join(f.told, ""))
}

func TestEmptyFolder(t *testing.T) {
	f := newFolder(t)
	file := f.open(t)
	require.Equal(t, []string{""}, f.loaded)
	f.write(t, "a.txt=1")
	f.pass(file)
	f.remove(t, "a.txt")
	f.pass(file)
	require.Equal(t, []string{"", "a.txt=1", ""}, f.loaded)
}

// A volume of Kubernetes is a folder of links through a link that is replaced.
func TestFolderSymlinkSwap(t *testing.T) {
	f := newFolder(t)
	version := func(name string, files ...string) {
		dir := filepath.Join(f.path, "..v"+name)
		require.NoError(t, os.Mkdir(dir, 0o700))
		for _, file := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(name), 0o600))
		}
		require.NoError(t, os.Symlink("..v"+name, filepath.Join(f.path, "..tmp")))
		require.NoError(t, os.Rename(filepath.Join(f.path, "..tmp"), filepath.Join(f.path, "..data")))
	}
	version("1", "a.txt", "b.txt")
	for _, name := range []string{"a.txt", "b.txt"} {
		require.NoError(t, os.Symlink("..data/"+name, filepath.Join(f.path, name)))
	}
	file := f.open(t)
	version("2", "a.txt", "b.txt", "c.txt")
	require.NoError(t, os.Symlink("..data/c.txt", filepath.Join(f.path, "c.txt")))
	f.pass(file)
	require.Equal(t, []string{"a.txt=1 b.txt=1", "a.txt=2 b.txt=2 c.txt=2"}, f.loaded)
	version("3", "a.txt", "b.txt")
	f.pass(file)
	require.ErrorContains(t, file.HealthCheck(), f.path+": still what it held at ")
	require.ErrorContains(t, file.HealthCheck(), ": c.txt: no such file or directory")
	f.remove(t, "c.txt")
	f.pass(file)
	require.NoError(t, file.HealthCheck())
	require.Equal(t, "a.txt=3 b.txt=3", f.loaded[len(f.loaded)-1])
}

// TestFolderBroken breaks it in every way, and mends it with the same contents and
// with others.
func TestFolderBroken(t *testing.T) {
	many := func(t *testing.T, f *folder) {
		for n := range 5 {
			f.write(t, fmt.Sprintf("n%d.txt=x", n))
		}
	}
	for name, tt := range map[string]struct {
		harm func(t *testing.T, f *folder)
		want string
	}{
		"one is bad":   {func(t *testing.T, f *folder) { f.write(t, "b.txt=bad: no good", "c.txt=2") }, "b.txt: no good"},
		"one is long":  {func(t *testing.T, f *folder) { f.write(t, "b.txt="+strings.Repeat("x", 101)) }, "b.txt: more than 100 bytes"},
		"all are long": {func(t *testing.T, f *folder) { f.long(t) }, "more than 300 bytes in all files"},
		"many":         {many, "more than 5 files"},
		"one dangles":  {func(t *testing.T, f *folder) { require.NoError(t, os.Symlink("x", filepath.Join(f.path, "b.txt"))) }, "b.txt: no such file or directory"},
		"one is a folder": {func(t *testing.T, f *folder) {
			require.NoError(t, os.Mkdir(filepath.Join(f.path, "b.txt"), 0o700))
		}, "b.txt: not a regular file"},
		"gone": {func(t *testing.T, f *folder) { require.NoError(t, os.RemoveAll(f.path)) }, "no such file or directory"},
		"a file": {func(t *testing.T, f *folder) {
			require.NoError(t, os.RemoveAll(f.path))
			require.NoError(t, os.WriteFile(f.path, nil, 0o600))
		}, "not a folder"},
	} {
		for _, mended := range []string{"a.txt=1", "a.txt=2"} {
			t.Run(name+", then "+mended, func(t *testing.T) {
				f := newFolder(t, "a.txt=1")
				file := f.open(t)
				tt.harm(t, f)
				for range 3 {
					f.pass(file)
					require.ErrorContains(t, file.HealthCheck(), f.path+": still what it held at ")
					require.ErrorContains(t, file.HealthCheck(), tt.want)
				}
				require.Equal(t, []string{"a.txt=1"}, f.loaded)
				require.Len(t, f.told, 1)
				require.NoError(t, os.RemoveAll(f.path))
				require.NoError(t, os.Mkdir(f.path, 0o700))
				f.write(t, mended)
				f.pass(file)
				f.pass(file)
				require.NoError(t, file.HealthCheck())
				require.Equal(t, mended, f.loaded[len(f.loaded)-1])
				require.Equal(t, []string{f.told[0], "<nil>"}, f.told)
			})
		}
	}
}

// long writes files that are short enough each.
func (f *folder) long(t *testing.T) {
	for n := range 4 {
		f.write(t, fmt.Sprintf("n%d.txt=%s", n, strings.Repeat("x", 90)))
	}
}

func TestFolderOfManyOthers(t *testing.T) {
	f := newFolder(t, "a.txt=1")
	for n := range 10_000 {
		f.write(t, fmt.Sprintf("%d=", n))
	}
	_, err := follow.OpenFolder(f.path, which, f.load, nil, f.now)
	require.EqualError(t, err, f.path+": more than 10000 names")
	f.remove(t, "0")
	f.open(t)
}

func TestOpenFolderRefuses(t *testing.T) {
	f := newFolder(t, "a.txt=1", "b.txt=bad: no good")
	_, err := follow.OpenFolder(f.path, which, f.load, f.tell, f.now)
	require.EqualError(t, err, f.path+": b.txt: no good")
	_, err = follow.OpenFolder(f.path+"x", which, f.load, f.tell, f.now)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = follow.OpenFolder(filepath.Join(f.path, "a.txt"), which, f.load, f.tell, f.now)
	require.EqualError(t, err, filepath.Join(f.path, "a.txt")+": not a folder")
	require.Empty(t, f.told)
}

// While somebody looks every second, a folder counts once it is the same twice.
func TestFolderHalfWritten(t *testing.T) {
	f := newFolder(t, "a.txt=whole")
	file := f.open(t)
	for _, step := range []string{"b.txt=", "b.txt=who", "c.txt=wh", "b.txt=whole", "c.txt=whole"} {
		f.write(t, step)
		f.second(file)
		require.Equal(t, []string{"a.txt=whole"}, f.loaded)
	}
	f.second(file)
	require.Equal(t, []string{"a.txt=whole", "a.txt=whole b.txt=whole c.txt=whole"}, f.loaded)
	f.remove(t, "b.txt")
	f.second(file)
	require.Len(t, f.loaded, 2)
	f.second(file)
	require.Equal(t, "a.txt=whole c.txt=whole", f.loaded[2])
}

// After a silence the time of the last change tells whether somebody may still be
// writing: also that of the folder, from which a file has gone.
func TestFolderHalfWrittenAfterSilence(t *testing.T) {
	f := newFolder(t, "a.txt=1", "b.txt=2")
	file := f.open(t)
	f.remove(t, "b.txt")
	f.clock.Add(60)
	require.NoError(t, os.Chtimes(f.path, f.now(), f.now()))
	file.Check()
	require.Len(t, f.loaded, 1)
	f.second(file)
	require.Equal(t, []string{"a.txt=1 b.txt=2", "a.txt=1"}, f.loaded)
	f.write(t, "a.txt=3")
	f.clock.Add(60)
	require.NoError(t, os.Chtimes(filepath.Join(f.path, "a.txt"), f.now(), f.now()))
	file.Check()
	require.Len(t, f.loaded, 2)
	f.second(file)
	require.Equal(t, "a.txt=3", f.loaded[2])
}

// What is swapped all the time is read as one version or not at all.
func TestFolderIsOfOneVersion(t *testing.T) {
	f := newFolder(t)
	for _, v := range []string{"1", "2"} {
		require.NoError(t, os.Mkdir(filepath.Join(f.path, "..v"+v), 0o700))
		for _, name := range []string{"a.txt", "b.txt", "c.txt", "d.txt"} {
			require.NoError(t, os.WriteFile(filepath.Join(f.path, "..v"+v, name), []byte(v), 0o600))
		}
	}
	require.NoError(t, os.Symlink("..v1", filepath.Join(f.path, "..data")))
	for _, name := range []string{"a.txt", "b.txt", "c.txt", "d.txt"} {
		require.NoError(t, os.Symlink("..data/"+name, filepath.Join(f.path, name)))
	}
	stop, done := make(chan bool), make(chan error, 1)
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := errors.Join(os.Symlink(fmt.Sprint("..v", n%2+1), filepath.Join(f.path, "..tmp")),
				os.Rename(filepath.Join(f.path, "..tmp"), filepath.Join(f.path, "..data"))); err != nil {
				done <- err
				return
			}
		}
	}()
	for range 300 {
		if _, err := follow.OpenFolder(f.path, which, f.load, nil, f.now); err != nil {
			require.ErrorContains(t, err, ": it changes all the time")
		}
	}
	close(stop)
	require.NoError(t, <-done)
	f.open(t)
	for _, loaded := range f.loaded {
		require.Contains(t, []string{"a.txt=1 b.txt=1 c.txt=1 d.txt=1", "a.txt=2 b.txt=2 c.txt=2 d.txt=2"}, loaded)
	}
}

// Nobody waits for a folder that is broken, and nothing is left open.
func TestFolderLeavesNothing(t *testing.T) {
	f := newFolder(t, "a.txt=1")
	file := f.open(t)
	before := openFiles(t)
	for n := range 1000 {
		f.write(t, fmt.Sprintf("a.txt=%d", n))
		if n%3 == 0 {
			f.write(t, "b.txt=bad: "+fmt.Sprint(n))
		} else {
			require.NoError(t, os.RemoveAll(filepath.Join(f.path, "b.txt")))
		}
		f.pass(file)
	}
	require.Equal(t, "a.txt=998", f.loaded[len(f.loaded)-1])
	require.LessOrEqual(t, openFiles(t), before)
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0 // not Linux
	}
	return len(entries)
}
