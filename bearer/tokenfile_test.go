package bearer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// tokensFile is a file of tokens and who follows it.
type tokensFile struct {
	*bearer.FileTokens
	path  string
	ahead atomic.Int64 // seconds that the clock is ahead
	mu    sync.Mutex
	told  []string
}

func newTokensFile(t *testing.T, text string) *tokensFile {
	t.Helper()
	f := &tokensFile{path: filepath.Join(t.TempDir(), "tokens.csv")}
	f.write(t, text)
	f.open(t)
	return f
}

func (f *tokensFile) now() time.Time {
	return time.Now().Add(time.Duration(f.ahead.Load()) * time.Second)
}

func (f *tokensFile) open(t *testing.T) {
	t.Helper()
	var err error
	f.FileTokens, err = bearer.File(f.path, &bearer.FileOptions{Now: f.now, OnReload: func(err error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.told = append(f.told, fmt.Sprint(err))
	}})
	require.NoError(t, err)
}

// write replaces the file, long enough ago for nobody to be writing still.
func (f *tokensFile) write(t *testing.T, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(f.path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(f.path+".new", f.path))
	f.ahead.Add(3)
}

// names returns the holders of t1 and t2, and "-" for a token that nobody holds.
func names(t *testing.T, auth authenticator.Token) string {
	t.Helper()
	var all []string
	for _, token := range []string{"t1", "t2"} {
		resp, ok, err := auth.AuthenticateToken(t.Context(), token)
		require.NoError(t, err)
		if !ok {
			all = append(all, "-")
			continue
		}
		all = append(all, resp.User.GetName()+fmt.Sprint(resp.User.GetGroups()))
	}
	return strings.Join(all, " ")
}

func TestFile(t *testing.T) {
	f := newTokensFile(t, "t1,ann,7,ops\n")
	cached := bearer.Cached(f, nil)
	require.Equal(t, "tokens", f.String())
	for _, step := range []struct {
		name, text, want string
		generation       uint64
	}{
		{"one more", "t1,ann,7,ops\nt2,bob,8\n", "ann[ops] bob[]", 2},
		{"the same in another order", "\nt2,bob,8,\"\"\r\n\"t1\",ann,7,ops\n", "ann[ops] bob[]", 2},
		{"the same as a digest", "t2,bob,8\n" + hashed("t1") + ",ann,7,ops\n", "ann[ops] bob[]", 2},
		{"other groups", "t2,bob,8\nt1,ann,7,\"ops,dev\"\n", "ann[ops dev] bob[]", 3},
		{"another uid", "t2,bob,8\nt1,ann,9,\"ops,dev\"\n", "ann[ops dev] bob[]", 4},
		{"one gone", "t2,bob,8\n", "- bob[]", 5},
		{"another holder", "t2,ann,8\n", "- ann[]", 6},
		{"nobody", "\n", "- -", 7},
		{"back", "t1,ann,7,ops\n", "ann[ops] -", 8},
	} {
		f.write(t, step.text)
		require.Equal(t, step.want, names(t, cached), step.name)
		require.Equal(t, step.want, names(t, f), step.name)
		require.Equal(t, step.generation, f.Generation(), step.name)
		require.NoError(t, f.HealthCheck())
	}
	require.Equal(t, 1, f.Len())
	require.Len(t, f.told, 9)
	require.Equal(t, strings.Repeat("<nil>", 9), strings.Join(f.told, ""))
}

// A change in place counts when it is found twice.
func TestFileInPlace(t *testing.T) {
	f := newTokensFile(t, "t1,ann,7\n")
	f.ahead.Add(1)
	require.Equal(t, "ann[] -", names(t, f))
	require.NoError(t, os.WriteFile(f.path, []byte("t2,bob,8\n"), 0o600))
	f.ahead.Add(1)
	require.Equal(t, "ann[] -", names(t, f))
	f.ahead.Add(1)
	require.Equal(t, "- bob[]", names(t, f))
}

// The last good tokens go on, it shows all the way up, and it ends when the file is
// mended.
func TestFileBroken(t *testing.T) {
	const good = "t1,ann,7,ops\n"
	write := func(text string) func(*testing.T, *tokensFile) {
		return func(t *testing.T, f *tokensFile) { f.write(t, text) }
	}
	for name, tt := range map[string]struct {
		harm func(*testing.T, *tokensFile)
		want string
	}{
		"empty":        {write(""), "empty; a list of nobody is an empty line"},
		"cut":          {write(good + "CANARY,bob,8,ops"), "the last line does not end: is the file cut off?"},
		"cut columns":  {write(good + "CANARY,bob\n"), "line 2: 2 columns, want at least 3: token,user,uid"},
		"cut digest":   {write(good + hashed("CANARY")[:70] + ",bob,8\n"), "line 2: a digest is sha256: and 64 hexadecimal digits"},
		"twice":        {write(good + "t1,bob,8\n"), "line 2: the same token as in line 1"},
		"twice hashed": {write(hashed("t1") + ",ann,7\nt1,ann,7\n"), "line 2: the same token as in line 1"},
		"too long":     {write(good + strings.Repeat("\n", 4<<20)), "more than 4194304 bytes"},
		"gone": {func(t *testing.T, f *tokensFile) {
			require.NoError(t, os.Remove(f.path))
			f.ahead.Add(3)
		}, "no such file or directory"},
		"a directory": {func(t *testing.T, f *tokensFile) {
			require.NoError(t, os.Remove(f.path))
			require.NoError(t, os.Mkdir(f.path, 0o700))
			f.ahead.Add(3)
		}, "not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newTokensFile(t, good)
			tt.harm(t, f)
			require.Equal(t, "ann[ops] -", names(t, f))
			require.EqualValues(t, 1, f.Generation())
			require.ErrorContains(t, f.HealthCheck(), "bearer: token file "+f.path+": still what it held at ")
			require.ErrorContains(t, f.HealthCheck(), ": "+tt.want)
			require.NotContains(t, f.HealthCheck().Error(), "CANARY")
			chain := union.Requests(bearer.New(bearer.Cached(union.Tokens(f, union.Tokens()), nil)))
			require.EqualError(t, authn.HealthOf(chain), f.HealthCheck().Error())
			require.Len(t, f.told, 1)
			require.Contains(t, f.told[0], tt.want)

			require.NoError(t, os.RemoveAll(f.path))
			f.write(t, "t2,bob,8\n")
			require.Equal(t, "- bob[]", names(t, f))
			require.NoError(t, f.HealthCheck())
			require.Equal(t, "<nil>", f.told[1])
			require.EqualValues(t, 2, f.Generation())
		})
	}
}

func TestFileErrors(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"":                     "empty; a list of nobody is an empty line",
		"t1,ann,7":             "the last line does not end: is the file cut off?",
		"t1,ann,7\n\nCANARY\n": "line 3: 1 columns, want at least 3: token,user,uid",
	} {
		path := filepath.Join(dir, "tokens.csv")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		f, err := bearer.File(path, nil)
		require.EqualError(t, err, "bearer: token file "+path+": "+want)
		require.Nil(t, f)
	}
	_, err := bearer.File(filepath.Join(dir, "none"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "bearer: token file "+filepath.Join(dir, "none")+": ")
	_, err = bearer.File(dir, nil)
	require.EqualError(t, err, "bearer: token file "+dir+": not a regular file")
}

// Only digests are kept.
func TestFileHoldsNoToken(t *testing.T) {
	f := newTokensFile(t, "CANARY-1,ann,7\n")
	require.EqualValues(t, 1, f.Generation())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		text := fmt.Sprintf(verb, f.FileTokens)
		require.NotContains(t, text, "CANARY")
		require.NotContains(t, text, fmt.Sprintf("%x", "CANARY"))
	}
}

// 10,000 requests in flight lose nothing to changes of the file.
func TestFileSwapsUnderLoad(t *testing.T) {
	texts := []string{"t1,ann,7\n", "t2,bob,8\nt1,ann,7\n"}
	f := newTokensFile(t, texts[0])
	var wg sync.WaitGroup
	var swap sync.Mutex
	var left, accepted, swaps atomic.Int64
	left.Store(10_000)
	for range 16 {
		wg.Go(func() {
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				if n%500 == 0 {
					swap.Lock()
					f.write(t, texts[swaps.Add(1)%2])
					swap.Unlock()
				}
				if _, ok, err := f.AuthenticateToken(t.Context(), "t1"); ok && err == nil {
					accepted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 10_000, accepted.Load())
	require.EqualValues(t, 20, swaps.Load())
	require.Greater(t, f.Generation(), uint64(1))
}

// A thousand changes leave nothing behind.
func TestFileChangesLeaveNothing(t *testing.T) {
	texts := []string{"t1,ann,7\n", "t1,bob,8\n", "broken\n"}
	f := newTokensFile(t, texts[1])
	before := runtime.NumGoroutine()
	for n := range 1000 {
		f.write(t, texts[n%3])
		require.EqualValues(t, 2+n/3*2+min(n%3, 1), f.Generation())
	}
	require.Len(t, f.told, 1000)
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}
