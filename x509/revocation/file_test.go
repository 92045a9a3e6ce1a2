package revocation_test

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/x509/revocation"
)

// listFile is a file of lists that is followed, in a time of its own.
type listFile struct {
	*revocation.File
	*clock
	path string
	told []string
}

func newListFile(t *testing.T, data []byte) *listFile {
	t.Helper()
	f := &listFile{clock: newClock(), path: filepath.Join(t.TempDir(), "crl.pem")}
	f.write(t, data)
	f.open(t)
	return f
}

func (f *listFile) open(t *testing.T) {
	t.Helper()
	var err error
	f.File, err = revocation.CRLFile(f.path, &revocation.FileOptions{
		Now:      f.Now,
		OnReload: func(err error) { f.told = append(f.told, fmt.Sprint(err)) },
	})
	require.NoError(t, err)
}

// write replaces the file, long enough ago for nobody to be writing still.
func (f *listFile) write(t *testing.T, data []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(f.path+".new", data, 0o600))
	require.NoError(t, os.Chtimes(f.path+".new", f.Now(), f.Now()))
	require.NoError(t, os.Rename(f.path+".new", f.path))
	f.Add(3 * time.Second)
}

// mustSay fails unless the reason is what the file says of a certificate.
func (f *listFile) mustSay(t *testing.T, want authn.Reason, cert *x509.Certificate, issuer *authority) {
	t.Helper()
	_, err := f.Status(t.Context(), cert, issuer.cert)
	require.Equal(t, want, reasonOf(err), err)
}

func TestFile(t *testing.T) {
	root := newRoot(t, epoch)
	jane, bob := root.issue("jane"), root.issue("bob")
	f := newListFile(t, root.crl(1, nil))
	f.mustSay(t, "", jane, root)
	require.EqualValues(t, 1, f.Generation())
	require.NoError(t, f.HealthCheck())

	f.write(t, root.crl(2, nil, jane))
	f.mustSay(t, authn.Revoked, jane, root)
	f.mustSay(t, "", bob, root)
	require.EqualValues(t, 2, f.Generation())

	f.write(t, bundle(root.crl(3, nil, bob)))
	require.EqualValues(t, 3, f.Generation(), "Generation looks, too")
	f.mustSay(t, "", jane, root)
	f.mustSay(t, authn.Revoked, bob, root)
	require.Equal(t, []string{"<nil>", "<nil>"}, f.told)

	f.Add(24 * time.Hour)
	f.mustSay(t, authn.Unavailable, jane, root)
	f.mustSay(t, authn.Revoked, bob, root)
	require.EqualError(t, f.HealthCheck(), "CRL file: "+f.path+`: CRL 3 of "CN=root": stale since 2026-11-24T12:00:00Z`)
}

// The last good lists go on, it shows, and it ends when the file is mended.
func TestFileBroken(t *testing.T) {
	root, other := newRoot(t, epoch), newRoot(t, epoch)
	jane := root.issue("jane")
	damaged := root.crl(9, nil)
	damaged[len(damaged)-3] ^= 1
	older := func(l *x509.RevocationList) { l.ThisUpdate = epoch.Add(-2 * time.Hour) }
	for _, row := range []struct {
		name string
		data []byte // nil: the file is gone
		text string // in what HealthCheck says; empty: the file counts
	}{
		{"gone", nil, "no such file or directory"},
		{"empty", []byte{}, "no CRL in it"},
		{"garbage", []byte("garbage"), "no CRL in it"},
		{"cut", bundle(root.crl(6, nil))[:100], "block 1: cut off or broken"},
		{"delta", root.crl(6, with(t, idDelta, true, 5)), "a delta CRL"},
		{"one of two is bad", bundle(root.crl(6, nil), []byte("garbage")), "block 2: malformed crl"},
		{"a roll-back", root.crl(4, nil), `CRL 4 of "CN=root": older than CRL 5 of "CN=root", which is in use`},
		{"a roll-back by time", root.crl(5, older), `CRL 5 of "CN=root": older than CRL 5 of "CN=root", which is in use`},
		{"a roll-back, in two", bundle(other.crl(1, nil), root.crl(4, nil)), "older than CRL 5"},
		{"of the future", root.crl(6, func(l *x509.RevocationList) { l.ThisUpdate = epoch.Add(time.Hour) }), "not valid before 2026-11-23T13:00:00Z"},
		{"damaged", damaged, `CRL 9 of "CN=root": not signed with the issuer's key`},
		{"the same again", root.crl(5, nil, jane), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newListFile(t, root.crl(5, nil, jane))
			f.mustSay(t, authn.Revoked, jane, root)
			if row.data == nil {
				require.NoError(t, os.Remove(f.path))
				f.Add(3 * time.Second)
			} else {
				f.write(t, row.data)
			}
			f.mustSay(t, authn.Revoked, jane, root)
			if row.text == "" {
				require.NoError(t, f.HealthCheck())
				return
			}
			require.EqualValues(t, 1, f.Generation())
			require.ErrorContains(t, f.HealthCheck(), "still what it held at 2026-11-23T12:00:03Z: ")
			require.ErrorContains(t, f.HealthCheck(), row.text)
			require.Len(t, f.told, 1)
			f.write(t, root.crl(10, nil))
			f.mustSay(t, "", jane, root)
			require.NoError(t, f.HealthCheck())
			require.EqualValues(t, 2, f.Generation())
		})
	}
}

// Numbers are those of an authority: another of the same name begins anew, and so does
// one that has other keys. A list that was never known to be good holds nothing up.
func TestFileOtherAuthorities(t *testing.T) {
	root, other := newRoot(t, epoch), newRoot(t, epoch)
	jane, joan := root.issue("jane"), other.issue("joan")
	f := newListFile(t, root.crl(5, nil))
	f.mustSay(t, "", jane, root)
	f.mustSay(t, authn.Unavailable, joan, other)
	f.write(t, other.crl(1, nil))
	f.mustSay(t, authn.Unavailable, jane, root)
	f.mustSay(t, "", joan, other)

	f.write(t, bundle(root.crl(1, nil), other.crl(2, nil, joan)))
	f.mustSay(t, "", jane, root)
	f.mustSay(t, authn.Revoked, joan, other)

	f = newListFile(t, root.crl(5, nil))
	f.write(t, root.crl(4, nil))
	f.mustSay(t, "", jane, root)
	require.NoError(t, f.HealthCheck())
}

// A list that another key has signed under the same name and key id takes the place of
// one that is stale, and not before.
func TestFileOtherKey(t *testing.T) {
	same := func(c *x509.Certificate) { c.SubjectKeyId = []byte("the same") }
	root, other := newRoot(t, epoch, same), newRoot(t, epoch, same)
	jane, joan := root.issue("jane"), other.issue("joan")
	f := newListFile(t, root.crl(5, nil))
	f.mustSay(t, "", jane, root)
	f.write(t, other.crl(6, func(l *x509.RevocationList) { l.NextUpdate = epoch.Add(72 * time.Hour) }))
	f.mustSay(t, authn.Unavailable, joan, other)
	f.mustSay(t, "", jane, root)
	require.ErrorContains(t, f.HealthCheck(), `CRL 6 of "CN=root": not signed with the issuer's key`)
	f.Add(25 * time.Hour)
	f.mustSay(t, "", joan, other)
}

// The older of two lists of one authority is no roll-back beside the newer.
func TestFileTwoOfOne(t *testing.T) {
	root := newRoot(t, epoch)
	jane := root.issue("jane")
	f := newListFile(t, bundle(root.crl(5, nil), root.crl(4, nil)))
	f.mustSay(t, "", jane, root)
	f.write(t, bundle(root.crl(4, nil), root.crl(5, nil, jane)))
	f.mustSay(t, authn.Revoked, jane, root)
	f.write(t, bundle(root.crl(3, nil), root.crl(4, nil)))
	f.mustSay(t, authn.Revoked, jane, root)
	require.ErrorContains(t, f.HealthCheck(), `CRL 4 of "CN=root": older than CRL 5 of "CN=root", which is in use`)
}

// As a volume of Kubernetes is changed: all at once, by a link to a directory.
func TestFileBySymlink(t *testing.T) {
	root := newRoot(t, epoch)
	jane := root.issue("jane")
	dir := t.TempDir()
	f := &listFile{clock: newClock(), path: filepath.Join(dir, "crl.pem")}
	swap := func(to string, data []byte) {
		name := filepath.Join(dir, to, "crl.pem")
		require.NoError(t, os.Mkdir(filepath.Join(dir, to), 0o700))
		require.NoError(t, os.WriteFile(name, data, 0o600))
		require.NoError(t, os.Chtimes(name, f.Now(), f.Now()))
		require.NoError(t, os.Symlink(to, filepath.Join(dir, "new")))
		require.NoError(t, os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "..data")))
		f.Add(3 * time.Second)
	}
	require.NoError(t, os.Symlink(filepath.Join("..data", "crl.pem"), f.path))
	swap("1", root.crl(1, nil))
	f.open(t)
	f.mustSay(t, "", jane, root)
	swap("2", root.crl(2, nil, jane))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "1")))
	f.mustSay(t, authn.Revoked, jane, root)
	require.NoError(t, f.HealthCheck())
}

// While others ask, none of 1,000 reloads leaves anything behind.
func TestFileReloads(t *testing.T) {
	root := newRoot(t, epoch)
	jane, bob := root.issue("jane"), root.issue("bob")
	f := newListFile(t, root.crl(1, nil, jane))
	f.mustSay(t, authn.Revoked, jane, root)
	before, files := runtime.NumGoroutine(), openFiles(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(100 * time.Microsecond):
				}
				if _, err := f.Status(t.Context(), jane, root.cert); authn.ReasonOf(err) != authn.Revoked {
					t.Errorf("jane: %v", err)
					return
				}
			}
		})
	}
	for i := range int64(1000) {
		f.write(t, root.crl(i+2, nil, jane, bob))
		f.mustSay(t, authn.Revoked, jane, root)
	}
	close(stop)
	wg.Wait()
	f.mustSay(t, authn.Revoked, bob, root)
	require.Greater(t, f.Generation(), uint64(100))
	require.Eventually(t, func() bool {
		return runtime.NumGoroutine() <= before+2 && openFiles(t) <= files+2
	}, 10*time.Second, 10*time.Millisecond)
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0 // not Linux
	}
	return len(entries)
}

func TestNoFile(t *testing.T) {
	_, err := revocation.CRLFile("/nowhere/crl.pem", nil)
	require.EqualError(t, err, "revocation: CRL file: /nowhere/crl.pem: stat /nowhere/crl.pem: no such file or directory")
}
