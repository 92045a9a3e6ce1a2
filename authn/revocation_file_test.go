package authn_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// denyFile is a deny list in a file, with a clock.
type denyFile struct {
	*authn.FileRevocations
	path  string
	ahead atomic.Int64 // seconds that the clock is ahead
	mu    sync.Mutex
	told  []string
}

func newDenyFile(t *testing.T, text string) *denyFile {
	t.Helper()
	f := &denyFile{path: filepath.Join(t.TempDir(), "denied")}
	f.write(t, text)
	var err error
	f.FileRevocations, err = authn.RevocationFile(f.path, &authn.RevocationFileOptions{
		Now: func() time.Time { return time.Now().Add(time.Duration(f.ahead.Load()) * time.Second) },
		OnReload: func(err error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.told = append(f.told, fmt.Sprint(err))
		},
	})
	require.NoError(t, err)
	return f
}

// write replaces the file, long enough ago for nobody to be writing still.
func (f *denyFile) write(t *testing.T, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(f.path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(f.path+".new", f.path))
	f.ahead.Add(3)
}

// mustDeny fails unless these of jane, joe and jim are denied.
func (f *denyFile) mustDeny(t *testing.T, names ...string) {
	t.Helper()
	var denied []string
	for _, name := range []string{"jane", "joe", "jim"} {
		if f.Revoked(t.Context(), authntest.User(name)) != nil {
			denied = append(denied, name)
		}
	}
	require.Equal(t, names, denied)
}

func TestRevocationFile(t *testing.T) {
	f := newDenyFile(t, "user jane\n")
	require.Equal(t, 1, f.Len())
	require.EqualValues(t, 1, f.Generation())
	f.mustDeny(t, "jane")
	f.write(t, "user joe\r\n# and\r\n\r\nuser jim\r\n")
	f.mustDeny(t, "joe", "jim")
	require.Equal(t, 2, f.Len())
	require.EqualValues(t, 2, f.Generation())
	f.write(t, "# nobody\n")
	require.EqualValues(t, 3, f.Generation(), "who asks for it has the file looked at")
	f.mustDeny(t)
	require.NoError(t, f.HealthCheck())
	require.Equal(t, []string{"<nil>", "<nil>"}, f.told)
}

// A change counts within two seconds for a server that has requests.
func TestRevocationFileCountsSoon(t *testing.T) {
	f := newDenyFile(t, "# nobody\n")
	for range 5 {
		f.ahead.Add(1)
		f.mustDeny(t)
	}
	require.NoError(t, os.WriteFile(f.path, []byte("user jane\n"), 0o600))
	f.ahead.Add(1)
	f.mustDeny(t)
	f.ahead.Add(1)
	f.mustDeny(t, "jane")
}

// What is no list is refused as a whole; what the file held last counts on.
func TestRevocationFileBroken(t *testing.T) {
	const good = "user jane\n"
	for name, tt := range map[string]struct{ text, want string }{
		"a bad line":       {"user joe\n\nuser\n", "line 3: want a user"},
		"a bad last line":  {"user joe\nuser jim jam\n", `line 2: after the user want nothing but "before" and a time, and then "until" and a time`},
		"a bad first line": {"jim\nuser joe\n", "line 1: a line begins with credential, certificate, user or #"},
		"empty":            {"", "empty; a list of nobody has a comment"},
		"cut off":          {"user joe\nuser jan", "the last line does not end; the file may be cut off"},
		"cut off, one":     {"user joe", "the last line does not end; the file may be cut off"},
		"a carriage":       {"user joe\r\r\n", "line 1: a character that cannot be seen; put the word in quotes"},
		"binary":           {"\x00\n", "line 1: a character that cannot be seen; put the word in quotes"},
		"UTF-16":           {"u\x00s\x00\n\x00", "the last line does not end; the file may be cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newDenyFile(t, good)
			f.write(t, tt.text)
			for range 3 {
				f.mustDeny(t, "jane")
				f.ahead.Add(3)
			}
			require.ErrorContains(t, f.HealthCheck(), "revocations: "+f.path+": still what it held at ")
			require.True(t, strings.HasSuffix(f.HealthCheck().Error(), ": "+tt.want), f.HealthCheck())
			require.Len(t, f.told, 1)
			require.EqualValues(t, 1, f.Generation())
			f.write(t, "user joe\n")
			f.mustDeny(t, "joe")
			require.NoError(t, f.HealthCheck())
			require.Equal(t, "<nil>", f.told[1])

			path := filepath.Join(t.TempDir(), "denied")
			require.NoError(t, os.WriteFile(path, []byte(tt.text), 0o600))
			_, err := authn.RevocationFile(path, nil)
			require.EqualError(t, err, "authn: revocations: "+path+": "+tt.want)
		})
	}
}

func TestRevocationFileGone(t *testing.T) {
	f := newDenyFile(t, "user jane\n")
	require.NoError(t, os.Remove(f.path))
	f.ahead.Add(3)
	f.mustDeny(t, "jane")
	require.ErrorContains(t, f.HealthCheck(), "no such file or directory")
	require.Len(t, f.told, 1)
	f.write(t, "# nobody\n")
	f.mustDeny(t)
	require.NoError(t, f.HealthCheck())
	_, err := authn.RevocationFile(f.path+".none", nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "authn: revocations: ")
}

// Requests, a file that changes and a program that does go on at the same time: who is
// on a list all the while is never let in.
func TestRevocationsConcurrent(t *testing.T) {
	f := newDenyFile(t, "user jane\nuser joe\n")
	var memory authn.MemoryRevocations
	require.NoError(t, memory.Add(authn.Revocation{User: "jim"}))
	var wg sync.WaitGroup
	var stop atomic.Bool
	for _, name := range []string{"jane", "jim"} {
		for range 4 {
			wg.Go(func() {
				auth := authn.Revocations(authntest.As(authntest.User(name)), f, &memory)
				for !stop.Load() {
					f.ahead.Add(1)
					if _, ok, err := auth.AuthenticateRequest(request()); ok || authn.ReasonOf(err) != authn.Revoked {
						t.Errorf("%s: %v %v", name, ok, err)
						return
					}
					_, _, _ = f.HealthCheck(), f.Generation(), memory.Generation()
				}
			})
		}
	}
	for n := range 200 {
		f.write(t, fmt.Sprintf("user jane\nuser joe%d\n", n))
		require.NoError(t, memory.Add(authn.Revocation{User: "jack"}))
		require.NoError(t, memory.Add(authn.Revocation{User: "jim", Until: at("9000-01-01T00:00:00Z")}))
		require.True(t, memory.Remove(authn.Revocation{User: "jack"}))
	}
	stop.Store(true)
	wg.Wait()
	require.Equal(t, 2, memory.Len())
}
