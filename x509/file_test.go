package x509_test

import (
	stdx509 "crypto/x509"
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

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/x509"
)

// rootsFile is a file of authorities, who follows it, and an authenticator that trusts
// them.
type rootsFile struct {
	*x509.FileRoots
	auth  *x509.Authenticator
	path  string
	ahead atomic.Int64 // seconds that the clock is ahead
	mu    sync.Mutex
	told  []string
}

func newRootsFile(t testing.TB, text string) *rootsFile {
	t.Helper()
	f := &rootsFile{path: filepath.Join(t.TempDir(), "ca.crt")}
	f.write(t, text)
	f.open(t)
	return f
}

func (f *rootsFile) open(t testing.TB) {
	t.Helper()
	var err error
	f.FileRoots, err = x509.File(f.path, &x509.FileOptions{
		Now: func() time.Time { return time.Now().Add(time.Duration(f.ahead.Load()) * time.Second) },
		OnReload: func(err error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.told = append(f.told, fmt.Sprint(err))
		},
	})
	require.NoError(t, err)
	f.auth = &x509.Authenticator{Roots: f.Roots, Health: f.HealthCheck}
}

// write replaces the file, long enough ago for nobody to be writing still.
func (f *rootsFile) write(t testing.TB, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(f.path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(f.path+".new", f.path))
	f.ahead.Add(3)
}

// pool returns the roots now.
func (f *rootsFile) pool(t testing.TB) *stdx509.CertPool {
	t.Helper()
	roots, err := f.Roots()
	require.NoError(t, err)
	return roots
}

func TestFile(t *testing.T) {
	one, two := authntest.NewCA(t), authntest.NewCA(t)
	a, b := string(one.PEM()), string(two.PEM())
	f := newRootsFile(t, a)
	first := f.pool(t)
	require.True(t, one.Roots().Equal(first))
	require.Same(t, first, f.pool(t))
	require.EqualValues(t, 1, f.Generation())
	require.NoError(t, f.auth.HealthCheck())

	f.write(t, "# the same\n"+a+"\n"+a)
	require.Same(t, first, f.pool(t))
	require.EqualValues(t, 1, f.Generation())

	f.write(t, a+b)
	both := f.pool(t)
	require.True(t, pool(one.Certificate(), two.Certificate()).Equal(both))
	require.EqualValues(t, 2, f.Generation())
	f.write(t, b+a)
	require.Same(t, both, f.pool(t))

	f.write(t, b)
	require.EqualValues(t, 3, f.Generation())
	require.True(t, two.Roots().Equal(f.pool(t)))
	require.True(t, one.Roots().Equal(first), "a pool that somebody has is not changed")
	require.Equal(t, []string{"<nil>", "<nil>", "<nil>", "<nil>"}, f.told)
	require.NoError(t, f.auth.HealthCheck())
}

// Nobody looks more than once a second, and a change in place counts when it is found
// twice.
func TestFileInPlace(t *testing.T) {
	one, two := authntest.NewCA(t), authntest.NewCA(t)
	f := newRootsFile(t, string(one.PEM()))
	cert := issue(two)
	no := of("CN=ann", "CN="+two.Certificate().Subject.CommonName) + "certificate signed by unknown authority"
	f.ahead.Add(1)
	refused(t, f.auth, cert, authn.UntrustedCertificate, no)
	require.NoError(t, os.WriteFile(f.path, two.PEM(), 0o600))
	f.ahead.Add(1)
	refused(t, f.auth, cert, authn.UntrustedCertificate, no)
	f.ahead.Add(1)
	require.Equal(t, "ann", accepted(t, f.auth, cert).GetName())
}

// The last good roots go on, it shows all the way up, and it ends when the file is
// mended. What was verified before is still remembered.
func TestFileBroken(t *testing.T) {
	one, two := authntest.NewCA(t), authntest.NewCA(t)
	first, second := string(one.PEM()), string(two.PEM())
	write := func(text string) func(*testing.T, *rootsFile) {
		return func(t *testing.T, f *rootsFile) { f.write(t, text) }
	}
	for name, tt := range map[string]struct {
		harm func(*testing.T, *rootsFile)
		want string
	}{
		"empty":         {write(""), "no PEM certificate in it"},
		"garbage":       {write("\x00\x01"), "no PEM certificate in it"},
		"cut":           {write(first + second[:len(second)-30]), "block 2: cut off or broken"},
		"junk after":    {write(second + "-----BEGIN CERT"), "block 2: cut off or broken"},
		"a key with it": {write(second + string(authntest.KeyPEM(t, one.Issue("ann", nil)))), "block 2: want a CERTIFICATE, got another type of block"},
		"too long":      {write(second + strings.Repeat("\n", 4<<20)), "more than 4194304 bytes"},
		"gone": {func(t *testing.T, f *rootsFile) {
			require.NoError(t, os.Remove(f.path))
			f.ahead.Add(3)
		}, "no such file or directory"},
		"a directory": {func(t *testing.T, f *rootsFile) {
			require.NoError(t, os.Remove(f.path))
			require.NoError(t, os.Mkdir(f.path, 0o700))
			f.ahead.Add(3)
		}, "not a regular file"},
		"a dangling link": {func(t *testing.T, f *rootsFile) {
			require.NoError(t, os.Remove(f.path))
			require.NoError(t, os.Symlink("nowhere", f.path))
			f.ahead.Add(3)
		}, "no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newRootsFile(t, first)
			r := authntest.Request("", issue(one))
			before, ok, err := f.auth.AuthenticateRequest(r)
			require.NoError(t, err)
			require.True(t, ok)
			tt.harm(t, f)
			after, _, err := f.auth.AuthenticateRequest(r)
			require.NoError(t, err)
			require.Same(t, before, after)
			require.EqualValues(t, 1, f.Generation())
			require.ErrorContains(t, f.HealthCheck(), "roots: "+f.path+": still what it held at ")
			require.ErrorContains(t, f.HealthCheck(), ": "+tt.want)
			require.EqualError(t, f.auth.HealthCheck(), "x509: "+f.HealthCheck().Error())
			require.EqualError(t, authn.HealthOf(union.Requests(x509.New(two.Roots()), f.auth)), f.auth.HealthCheck().Error())
			require.Len(t, f.told, 1)
			require.Contains(t, f.told[0], tt.want)

			require.NoError(t, os.RemoveAll(f.path))
			f.write(t, second)
			_, ok, err = f.auth.AuthenticateRequest(r)
			require.Equal(t, authn.UntrustedCertificate, authn.ReasonOf(err))
			require.False(t, ok)
			require.Equal(t, "ann", accepted(t, f.auth, issue(two)).GetName())
			require.NoError(t, f.auth.HealthCheck())
			require.Equal(t, "<nil>", f.told[1])
			require.EqualValues(t, 2, f.Generation())
		})
	}
}

func TestFileErrors(t *testing.T) {
	dir := t.TempDir()
	ca := string(authntest.NewCA(t).PEM())
	for name, tt := range map[string]struct{ text, want string }{
		"empty": {"", "no PEM certificate in it"},
		"cut":   {ca[:len(ca)/2], "block 1: cut off or broken"},
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(tt.text), 0o600))
		roots, err := x509.File(path, nil)
		require.EqualError(t, err, "x509: roots: "+path+": "+tt.want)
		require.Nil(t, roots)
	}
	_, err := x509.File(filepath.Join(dir, "none"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "x509: roots: "+filepath.Join(dir, "none")+": ")
	_, err = x509.File(dir, nil)
	require.EqualError(t, err, "x509: roots: "+dir+": not a regular file")
}

// 10,000 requests in flight lose nothing to changes of the file.
func TestFileSwapsUnderLoad(t *testing.T) {
	stays, comes := authntest.NewCA(t), authntest.NewCA(t)
	texts := []string{string(stays.PEM()), string(comes.PEM()) + string(stays.PEM())}
	f := newRootsFile(t, texts[0])
	r := authntest.Request("", issue(stays))
	var wg sync.WaitGroup
	var swap sync.Mutex
	var left, good, swaps atomic.Int64
	left.Store(10_000)
	for range 16 {
		wg.Go(func() {
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				if n%500 == 0 {
					swap.Lock()
					f.write(t, texts[swaps.Add(1)%2])
					swap.Unlock()
				}
				if _, ok, err := f.auth.AuthenticateRequest(r); ok && err == nil {
					good.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 10_000, good.Load())
	require.EqualValues(t, 20, swaps.Load())
	require.Greater(t, f.Generation(), uint64(1))
}

// A thousand changes leave nothing behind.
func TestFileChangesLeaveNothing(t *testing.T) {
	one, two := string(authntest.NewCA(t).PEM()), string(authntest.NewCA(t).PEM())
	texts := []string{one, two, "broken"}
	f := newRootsFile(t, two)
	before, files := runtime.NumGoroutine(), openFiles(t)
	for n := range 1000 {
		f.write(t, texts[n%3])
		require.EqualValues(t, 2+n/3*2+min(n%3, 1), f.Generation())
	}
	require.Len(t, f.told, 1000)
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
	require.LessOrEqual(t, openFiles(t), files)
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0 // not Linux
	}
	return len(entries)
}
