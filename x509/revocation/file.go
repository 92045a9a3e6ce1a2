package revocation

import (
	"context"
	"crypto/x509"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/authnchain/authnchain/internal/follow"
)

// FileOptions are the settings of [CRLFile] that are rarely needed.
type FileOptions struct {
	// MaxBytes is how long the file may be. Zero means 16 MiB.
	MaxBytes int

	// OnReload is told when a changed file has been read: nil if its lists are in use,
	// else why they are not. It is told, too, when the file cannot be read any more,
	// and when it can again. A request calls it, and waits for it. Nil means that
	// nobody is told; [File.HealthCheck] knows too.
	OnReload func(error)

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// File is a [Source] of CRLs in a file that is followed. It is safe for concurrent
// use.
type File struct {
	path    string
	file    *follow.File
	now     func() time.Time
	current atomic.Pointer[lists]
	changes atomic.Uint64
}

// CRLFile reads a file with one CRL in DER or any number in PEM, and follows it:
// whoever asks has the file looked at, at most once a second, and a change that is
// found is in use before the certificate is judged. Lest it be half-written, it counts
// when it is found twice, a second apart, or at once if nobody has looked for some
// seconds. Without requests nobody looks, and there is nothing to close. o may be nil.
//
// If the file cannot be read, or a list in it is refused or older than the one in use,
// all the lists that were last good stay in use, [FileOptions].OnReload is told, and
// [File.HealthCheck] says so until the file is mended.
func CRLFile(path string, o *FileOptions) (*File, error) {
	if o == nil {
		o = &FileOptions{}
	}
	f := &File{path: path, now: orNow(o.Now)}
	file, err := follow.OpenLarge(path, int64(orMaxBytes(o.MaxBytes)), f.load, o.OnReload, f.now)
	if err != nil {
		return nil, fmt.Errorf("revocation: CRL file: %w", err)
	}
	f.file = file
	return f, nil
}

// load puts the lists of a changed file to use. Nobody else does meanwhile.
func (f *File) load(data []byte) error {
	x, err := parseLists(data)
	if err != nil {
		return err
	}
	old := f.current.Load()
	if err := x.after(old, f.now()); err != nil {
		return err
	}
	if x.same(old) {
		return nil
	}
	f.current.Store(x)
	f.changes.Add(1)
	return nil
}

// String is how errors call it.
func (f *File) String() string { return f.path }

// Status implements [Source].
func (f *File) Status(_ context.Context, cert, issuer *x509.Certificate) (time.Time, error) {
	f.file.Check()
	return f.current.Load().status(cert, issuer, f.now())
}

// Generation returns a number that grows when the lists change. It has the file looked
// at if it is time to, as Status does.
func (f *File) Generation() uint64 {
	f.file.Check()
	return f.changes.Load()
}

// HealthCheck returns nil as long as the file, as it was when somebody last looked, is
// in use, and none of its lists is stale or was found to be signed by somebody else.
func (f *File) HealthCheck() error {
	if err := f.file.HealthCheck(); err != nil {
		return fmt.Errorf("CRL file: %w", err)
	}
	if err := f.current.Load().problem(f.now()); err != nil {
		return fmt.Errorf("CRL file: %s: %w", f.path, err)
	}
	return nil
}

// maxBytes is how long a CRL may be by default.
const maxBytes = 16 << 20

func orMaxBytes(n int) int {
	if n <= 0 {
		return maxBytes
	}
	return n
}

func orNow(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}
