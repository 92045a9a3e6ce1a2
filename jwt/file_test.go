package jwt_test

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

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

// keyFile is a file of keys, who follows it, and an authenticator that uses them.
type keyFile struct {
	*jwt.FileKeys
	auth  *jwt.Authenticator
	path  string
	ahead atomic.Int64 // seconds that the clock is ahead
	mu    sync.Mutex
	told  []string
}

func newKeyFile(t *testing.T, text string) *keyFile {
	t.Helper()
	f := &keyFile{path: filepath.Join(t.TempDir(), "keys")}
	f.write(t, text)
	f.open(t)
	return f
}

func (f *keyFile) open(t *testing.T) {
	t.Helper()
	var err error
	f.FileKeys, err = jwt.File(f.path, &jwt.FileOptions{
		Now: func() time.Time { return time.Now().Add(time.Duration(f.ahead.Load()) * time.Second) },
		OnReload: func(err error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.told = append(f.told, fmt.Sprint(err))
		},
	})
	require.NoError(t, err)
	f.auth = newStatic(t, f.FileKeys)
}

// write replaces the file, long enough ago for nobody to be writing still.
func (f *keyFile) write(t *testing.T, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(f.path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(f.path+".new", f.path))
	f.ahead.Add(3)
}

// mustServe fails unless the keys in use are those that the issuer signs with.
func (f *keyFile) mustServe(t *testing.T, issuer *authntest.Issuer) {
	t.Helper()
	for _, alg := range []string{"RS256", "ES256"} {
		require.Equal(t, isUser("jane"), ask(t, f.auth, issuer.Sign(alg, good(nil), nil)), alg)
	}
}

func TestFile(t *testing.T) {
	one, two := newIssuer(t), newIssuer(t)
	f := newKeyFile(t, string(one.KeySet()))
	require.NoError(t, f.HealthCheck())
	require.NoError(t, f.auth.Preload(t.Context()))
	require.EqualValues(t, 1, f.Generation())
	f.mustServe(t, one)
	old := one.Token(good(nil))

	f.write(t, pemKeys(t, two)) // from JSON to PEM
	f.mustServe(t, two)
	require.Equal(t, authn.BadSignature, ask(t, f.auth, old).reason)
	require.EqualValues(t, 2, f.Generation())

	one.Rotate()
	f.write(t, string(one.KeySet())) // both of the issuer's
	f.mustServe(t, one)
	require.Equal(t, isUser("jane"), ask(t, f.auth, old))
	require.Equal(t, unknownKey("another", "RS256"), ask(t, f.auth, one.Sign("RS256", good(nil), object{"kid": "another"})))
	one.Withdraw()
	f.write(t, string(one.KeySet()))
	require.Equal(t, unknownKey("rsa-1", "RS256"), ask(t, f.auth, old))
	f.mustServe(t, one)
	require.Equal(t, []string{"<nil>", "<nil>", "<nil>"}, f.told)
	require.NoError(t, f.auth.HealthCheck())
}

// Nobody looks more than once a second, and a change in place counts when it is found
// twice.
func TestFileInPlace(t *testing.T) {
	one, two := newIssuer(t), newIssuer(t)
	f := newKeyFile(t, pemKeys(t, one))
	f.ahead.Add(1)
	f.mustServe(t, one)
	require.NoError(t, os.WriteFile(f.path, []byte(pemKeys(t, two)), 0o600))
	f.ahead.Add(1)
	f.mustServe(t, one)
	f.ahead.Add(1)
	f.mustServe(t, two)
}

// As a volume of Kubernetes is changed: all at once, by a link to a directory.
func TestFileBySymlink(t *testing.T) {
	one, two := newIssuer(t), newIssuer(t)
	dir := t.TempDir()
	swap := func(to, text string) {
		require.NoError(t, os.Mkdir(filepath.Join(dir, to), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, to, "keys.pem"), []byte(text), 0o600))
		require.NoError(t, os.Symlink(to, filepath.Join(dir, "new")))
		require.NoError(t, os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "..data")))
	}
	swap("1", pemKeys(t, one))
	f := &keyFile{path: filepath.Join(dir, "keys.pem")}
	require.NoError(t, os.Symlink(filepath.Join("..data", "keys.pem"), f.path))
	f.open(t)
	f.mustServe(t, one)
	swap("2", pemKeys(t, two))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "1")))
	f.ahead.Add(3)
	f.mustServe(t, two)
	require.EqualValues(t, 2, f.Generation())
	require.NoError(t, f.HealthCheck())
}

// The last good keys go on, it shows, and it ends when the file is mended.
func TestFileBroken(t *testing.T) {
	one, two := newIssuer(t), newIssuer(t)
	first, second := pemKeys(t, one), pemKeys(t, two)
	write := func(text string) func(*testing.T, *keyFile) {
		return func(t *testing.T, f *keyFile) { f.write(t, text) }
	}
	for name, tt := range map[string]struct {
		harm func(*testing.T, *keyFile)
		want string
	}{
		"empty":      {write(""), "empty"},
		"blank":      {write("\n\n"), "empty"},
		"garbage":    {write("\x00\x01"), "neither a JWK Set, nor a JWK, nor PEM"},
		"cut":        {write(second[:len(second)-30]), "block 5: cut off or broken"},
		"cut JSON":   {write(`{"keys":[`), "offset 9: the text ends too early"},
		"text after": {write(second + "x"), "block 6: something else where it should begin"},
		"weak":       {write(second + publicPEM(t, rsaOf(1024, 3))), "block 6: an RSA key of 1024 bits, not 2048 to 8192"},
		"private":    {write(strings.ReplaceAll(second, "PUBLIC", "PRIVATE")), "block 1: a private key, of which nobody but its owner needs more than the public part: give that"},
		"no use":     {write(`{"keys":[{"use":"enc"}]}`), `there is none that is of use: key 0 "": "use": not sig`},
		"too long":   {write(second + strings.Repeat("\n", 4<<20)), "more than 4194304 bytes"},
		"gone": {func(t *testing.T, f *keyFile) {
			require.NoError(t, os.Remove(f.path))
			f.ahead.Add(3)
		}, "no such file or directory"},
		"a directory": {func(t *testing.T, f *keyFile) {
			require.NoError(t, os.Remove(f.path))
			require.NoError(t, os.Mkdir(f.path, 0o700))
			f.ahead.Add(3)
		}, "not a regular file"},
		"a dangling link": {func(t *testing.T, f *keyFile) {
			require.NoError(t, os.Remove(f.path))
			require.NoError(t, os.Symlink("nowhere", f.path))
			f.ahead.Add(3)
		}, "no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newKeyFile(t, first)
			f.mustServe(t, one)
			tt.harm(t, f)
			f.mustServe(t, one)
			require.EqualValues(t, 1, f.Generation())
			require.ErrorContains(t, f.HealthCheck(), "keys: "+f.path+": still what it held at ")
			require.ErrorContains(t, f.HealthCheck(), ": "+tt.want)
			require.EqualError(t, f.auth.HealthCheck(), `jwt: issuer "`+login+`": `+f.HealthCheck().Error())
			require.Len(t, f.told, 1)
			require.Contains(t, f.told[0], tt.want)

			require.NoError(t, os.RemoveAll(f.path))
			f.write(t, second)
			f.mustServe(t, two)
			require.NoError(t, f.auth.HealthCheck())
			require.Equal(t, "<nil>", f.told[1])
			require.EqualValues(t, 2, f.Generation())
		})
	}
}

func TestFileErrors(t *testing.T) {
	dir := t.TempDir()
	for name, tt := range map[string]struct{ text, want string }{
		"empty":   {"", "empty"},
		"private": {pemBlock("PRIVATE KEY", nil, nil), "block 1: a private key, of which nobody but its owner needs more than the public part: give that"},
		"garbage": {"garbage", "neither a JWK Set, nor a JWK, nor PEM"},
		"no use":  {`{"keys":[]}`, "there is none that is of use: it has no members"},
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(tt.text), 0o600))
		keys, err := jwt.File(path, nil)
		require.EqualError(t, err, "jwt: keys: "+path+": "+tt.want)
		require.Nil(t, keys)
	}
	_, err := jwt.File(filepath.Join(dir, "none"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "jwt: keys: "+filepath.Join(dir, "none")+": ")
	_, err = jwt.File(dir, nil)
	require.EqualError(t, err, "jwt: keys: "+dir+": not a regular file")
}

// 10,000 requests in flight lose nothing to changes of the file.
func TestFileSwapsUnderLoad(t *testing.T) {
	stays, comes := newIssuer(t), newIssuer(t)
	texts := []string{pemKeys(t, stays), pemKeys(t, comes) + pemKeys(t, stays)}
	f := newKeyFile(t, texts[0])
	token := stays.Sign("ES256", good(nil), nil)
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
				if _, ok, err := f.auth.AuthenticateToken(t.Context(), token); ok && err == nil {
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
	one, two := newIssuer(t), newIssuer(t)
	texts := []string{pemKeys(t, one), string(two.KeySet()), "broken"}
	f := newKeyFile(t, texts[1])
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
