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
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/follow"
)

// fixture is a file, what has been loaded of it and told, and a clock.
type fixture struct {
	path   string
	clock  atomic.Int64 // seconds after start
	start  time.Time
	mu     sync.Mutex
	loaded []string
	told   []string
}

func newFixture(t *testing.T, contents string) *fixture {
	f := &fixture{path: filepath.Join(t.TempDir(), "file"), start: time.Now().Add(time.Hour)}
	f.write(t, contents)
	return f
}

func (f *fixture) write(t *testing.T, contents string) {
	t.Helper()
	require.NoError(t, os.WriteFile(f.path, []byte(contents), 0o600))
}

// replace does what editors and configuration managers do.
func (f *fixture) replace(t *testing.T, contents string) {
	t.Helper()
	require.NoError(t, os.WriteFile(f.path+".new", []byte(contents), 0o600))
	require.NoError(t, os.Rename(f.path+".new", f.path))
}

func (f *fixture) now() time.Time { return f.start.Add(time.Duration(f.clock.Load()) * time.Second) }

func (f *fixture) load(data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if reason, bad := strings.CutPrefix(string(data), "bad: "); bad {
		return errors.New(reason)
	}
	if string(data) == "panic" {
		panic("secret")
	}
	f.loaded = append(f.loaded, string(data))
	return nil
}

func (f *fixture) tell(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, fmt.Sprint(err))
}

func (f *fixture) open(t *testing.T) *follow.File {
	t.Helper()
	file, err := follow.Open(f.path, f.load, f.tell, f.now)
	require.NoError(t, err)
	return file
}

// old makes the change one of long ago.
func (f *fixture) old(t *testing.T) {
	t.Helper()
	require.NoError(t, os.Chtimes(f.path, time.Unix(0, 0), time.Unix(0, 0)))
}

// pass lets so much time go by that nobody can still be writing.
func (f *fixture) pass(file *follow.File) {
	f.clock.Add(3)
	file.Check()
}

// second lets a second go by.
func (f *fixture) second(file *follow.File) {
	f.clock.Add(1)
	file.Check()
}

func TestChanges(t *testing.T) {
	f := newFixture(t, "a")
	file := f.open(t)
	require.NoError(t, file.HealthCheck())
	for range 5 {
		f.pass(file)
	}
	require.Equal(t, []string{"a"}, f.loaded, "what does not change is loaded once")
	f.write(t, "b")
	file.Check()
	require.Equal(t, []string{"a"}, f.loaded, "it is not time yet")
	f.pass(file)
	require.Equal(t, []string{"a", "b"}, f.loaded)
	f.replace(t, "c")
	f.pass(file)
	require.Equal(t, []string{"a", "b", "c"}, f.loaded)
	require.Equal(t, []string{"<nil>", "<nil>"}, f.told)
}

// A change that leaves the time and the size as they were is seen while the time is
// recent, since file systems count it in steps.
func TestSameTimeAndSize(t *testing.T) {
	f := newFixture(t, "a")
	now := f.now()
	require.NoError(t, os.Chtimes(f.path, now, now))
	file := f.open(t)
	f.write(t, "b")
	require.NoError(t, os.Chtimes(f.path, now, now))
	f.pass(file)
	require.Equal(t, []string{"a", "b"}, f.loaded)
}

func TestSymlinkSwap(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"v1", "v2"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, "file"), []byte(name), 0o600))
	}
	require.NoError(t, os.Symlink("v1", filepath.Join(dir, "..data")))
	require.NoError(t, os.Symlink("..data/file", filepath.Join(dir, "file")))
	f := &fixture{path: filepath.Join(dir, "file"), start: time.Now().Add(time.Hour)}
	file := f.open(t)
	require.NoError(t, os.Symlink("v2", filepath.Join(dir, "..tmp")))
	require.NoError(t, os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data")))
	f.pass(file)
	require.Equal(t, []string{"v1", "v2"}, f.loaded)
}

// TestBroken breaks the file in every way, and mends it with the same contents and
// with others: the last good ones stay, the error is told once and shows until then.
func TestBroken(t *testing.T) {
	for name, tt := range map[string]struct {
		breakIt func(t *testing.T, f *fixture)
		want    string
	}{
		"bad":   {func(t *testing.T, f *fixture) { f.write(t, "bad: no good") }, "no good"},
		"panic": {func(t *testing.T, f *fixture) { f.write(t, "panic") }, "panicked with a string"},
		"gone":  {func(t *testing.T, f *fixture) { require.NoError(t, os.Remove(f.path)) }, "no such file or directory"},
		"a folder": {func(t *testing.T, f *fixture) {
			require.NoError(t, os.Remove(f.path))
			require.NoError(t, os.Mkdir(f.path, 0o700))
		}, "not a regular file"},
		"too long": {func(t *testing.T, f *fixture) { require.NoError(t, os.Truncate(f.path, follow.MaxBytes+1)) }, "more than 4194304 bytes"},
	} {
		for _, mended := range []string{"a", "b"} {
			t.Run(name+", then "+mended, func(t *testing.T) {
				f := newFixture(t, "a")
				file := f.open(t)
				tt.breakIt(t, f)
				for range 3 {
					f.pass(file)
					require.ErrorContains(t, file.HealthCheck(), f.path+": still what it held at ")
					require.ErrorContains(t, file.HealthCheck(), tt.want)
				}
				require.Equal(t, []string{"a"}, f.loaded)
				require.Len(t, f.told, 1)
				require.Contains(t, f.told[0], tt.want)
				require.NoError(t, os.RemoveAll(f.path))
				f.write(t, mended)
				f.pass(file)
				require.NoError(t, file.HealthCheck())
				require.Equal(t, mended, f.loaded[len(f.loaded)-1])
				require.Equal(t, "<nil>", f.told[len(f.told)-1])
				require.Len(t, f.told, 2)
			})
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	f := newFixture(t, "bad: no good")
	_, err := follow.Open(f.path, f.load, f.tell, f.now)
	require.EqualError(t, err, f.path+": no good")
	_, err = follow.Open(f.path+"x", f.load, f.tell, f.now)
	require.ErrorContains(t, err, "no such file or directory")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Empty(t, f.told)
}

func TestEmptyIsForLoadToJudge(t *testing.T) {
	f := newFixture(t, "")
	f.open(t)
	require.Equal(t, []string{""}, f.loaded)
}

// Nobody waits for somebody else who loads, unless nobody has looked for long.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, "a")
		leave := make(chan bool)
		slow := func(data []byte) error {
			if string(data) == "slow" {
				<-leave
			}
			return f.load(data)
		}
		file, err := follow.Open(f.path, slow, nil, time.Now)
		require.NoError(t, err)
		f.replace(t, "slow")
		f.old(t)
		time.Sleep(time.Minute)
		var wg sync.WaitGroup
		begin, waited := time.Now(), make(chan time.Duration, 10)
		check := func() {
			wg.Go(func() {
				file.Check()
				waited <- time.Since(begin)
			})
			synctest.Wait()
		}
		check() // the one who loads
		for range 3 {
			check() // these wait for it, since nobody had looked for a minute
		}
		require.Empty(t, waited)
		time.Sleep(follow.Interval)
		synctest.Wait()
		require.Len(t, waited, 3, "but not for ever")
		check()
		require.Len(t, waited, 4, "and those who come later not at all")
		require.NoError(t, file.HealthCheck(), "nor does who asks for the health")
		time.Sleep(time.Minute)
		close(leave)
		wg.Wait()
		require.Equal(t, []string{"a", "slow"}, f.loaded)
		for range 3 {
			require.Equal(t, follow.Interval, <-waited)
		}
	})
}

// Those who come at once after a long silence all see the change.
func TestAfterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, "a")
		file, err := follow.Open(f.path, func(data []byte) error {
			time.Sleep(100 * time.Millisecond)
			return f.load(data)
		}, nil, time.Now)
		require.NoError(t, err)
		time.Sleep(time.Hour)
		f.replace(t, "b")
		f.old(t)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				file.Check()
				f.mu.Lock()
				defer f.mu.Unlock()
				require.Equal(t, []string{"a", "b"}, f.loaded)
			})
		}
		wg.Wait()
	})
}

// A clock that is set back does not keep the file from being looked at.
func TestClockSetBack(t *testing.T) {
	f := newFixture(t, "a")
	file := f.open(t)
	f.clock.Add(-3600)
	f.replace(t, "b")
	file.Check()
	f.second(file)
	require.Equal(t, []string{"a", "b"}, f.loaded)
}

// Nor does it keep what is to be done every so often from being done.
func TestClockSetBackLater(t *testing.T) {
	f := newFixture(t, "a")
	long := f.start.Add(-24 * time.Hour)
	require.NoError(t, os.Chtimes(f.path, long, long))
	var passing error
	file, err := follow.Open(f.path, func(data []byte) error { return errors.Join(passing, f.load(data)) }, f.tell, f.now)
	require.NoError(t, err)
	f.clock.Add(-3600)
	f.write(t, "b")
	require.NoError(t, os.Chtimes(f.path, long, long))
	f.pass(file)
	f.pass(file)
	require.Equal(t, []string{"a", "b"}, f.loaded, "its time is not believed for an hour more")

	passing = errors.New("not now")
	f.replace(t, "c")
	f.pass(file)
	f.pass(file)
	require.ErrorContains(t, file.HealthCheck(), "not now")
	passing = nil
	f.clock.Add(-3600)
	f.pass(file)
	f.pass(file)
	require.NoError(t, file.HealthCheck())
}

// Who writes the file, in its place or anew, is given the time to end: while
// somebody looks every second, contents count once they are the same twice.
func TestHalfWritten(t *testing.T) {
	for name, write := range map[string]func(*fixture, *testing.T, string){"in its place": (*fixture).write, "anew": (*fixture).replace} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, "whole")
			file := f.open(t)
			for _, contents := range []string{"wh", "whol", "wh", "whole, again"} {
				write(f, t, contents)
				f.second(file)
				require.Equal(t, []string{"whole"}, f.loaded)
			}
			f.second(file)
			require.Equal(t, []string{"whole", "whole, again"}, f.loaded)
			write(f, t, "whole")
			f.second(file)
			write(f, t, "whole, again")
			f.second(file)
			f.second(file)
			require.Equal(t, []string{"whole", "whole, again"}, f.loaded, "it is what it was")
		})
	}
}

// What never stays the same is never loaded, and that is told.
func TestChangesAllTheTime(t *testing.T) {
	f := newFixture(t, "whole")
	file := f.open(t)
	for n := range 10 {
		f.write(t, fmt.Sprint(n))
		f.second(file)
	}
	require.Equal(t, []string{"whole"}, f.loaded)
	require.ErrorContains(t, file.HealthCheck(), "it changes all the time")
	require.Len(t, f.told, 1)
	f.second(file)
	require.Equal(t, []string{"whole", "9"}, f.loaded)
	require.NoError(t, file.HealthCheck())
}

// After a silence the time of a change tells whether somebody may still be writing.
func TestHalfWrittenAfterSilence(t *testing.T) {
	f := newFixture(t, "a")
	file := f.open(t)
	f.write(t, "b")
	f.clock.Add(60)
	require.NoError(t, os.Chtimes(f.path, f.now(), f.now()))
	file.Check()
	require.Equal(t, []string{"a"}, f.loaded)
	f.second(file)
	require.Equal(t, []string{"a", "b"}, f.loaded)
	f.write(t, "c")
	f.clock.Add(60)
	file.Check()
	require.Equal(t, []string{"a", "b", "c"}, f.loaded)
}

// Times and sizes that a program has set back are not believed for ever.
func TestForgedTime(t *testing.T) {
	f := newFixture(t, "a")
	long := f.start.Add(-24 * time.Hour)
	require.NoError(t, os.Chtimes(f.path, long, long))
	file := f.open(t)
	f.write(t, "b")
	require.NoError(t, os.Chtimes(f.path, long, long))
	for range 70 {
		f.pass(file)
	}
	require.Equal(t, []string{"a", "b"}, f.loaded)
}

// What load could not take may be for a reason that goes by.
func TestLoadTriedAgain(t *testing.T) {
	f := newFixture(t, "a")
	tries, passing := 0, errors.New("not now")
	file, err := follow.Open(f.path, func(data []byte) error {
		if string(data) == "a" {
			return nil
		}
		tries++
		return passing
	}, f.tell, f.now)
	require.NoError(t, err)
	f.replace(t, "b")
	f.pass(file)
	for range 8 {
		f.second(file)
	}
	require.Equal(t, 1, tries)
	for range 20 {
		f.second(file)
	}
	require.Equal(t, 3, tries)
	require.Len(t, f.told, 1)
	passing = nil
	for range 20 {
		f.second(file)
	}
	require.NoError(t, file.HealthCheck())
	require.Equal(t, 4, tries)
	require.Equal(t, "<nil>", f.told[len(f.told)-1])
}

func TestToldPanics(t *testing.T) {
	f := newFixture(t, "a")
	file, err := follow.Open(f.path, f.load, func(error) { panic("of the caller's") }, f.now)
	require.NoError(t, err)
	f.replace(t, "b")
	f.pass(file)
	require.Equal(t, []string{"a", "b"}, f.loaded)
}

func TestConcurrent(t *testing.T) {
	f := newFixture(t, "0")
	file := f.open(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				f.pass(file)
				_ = file.HealthCheck()
			}
		})
	}
	for i := range 50 {
		f.replace(t, fmt.Sprint(i))
	}
	wg.Wait()
	f.clock.Add(10)
	file.Check()
	require.Equal(t, "49", f.loaded[len(f.loaded)-1])
}
