package x509

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/authnchain/authnchain/internal/follow"
)

// FileOptions are the settings of [File] that are rarely needed.
type FileOptions struct {
	// OnReload is told when a changed file has been read: nil if its certificates are
	// in use, else why they are not. It is told, too, when the file cannot be read any
	// more, and when it can again. A request calls it, and waits for it. Nil means
	// that nobody is told; [FileRoots.HealthCheck] knows too.
	OnReload func(error)

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// FileRoots are the authorities in a file that is followed. It is safe for concurrent
// use.
type FileRoots struct {
	file    *follow.File
	current follow.Current[*x509.CertPool]
}

// File is [ParseRoots] of a file that is followed: whoever asks for the roots has the
// file looked at, at most once a second, and a change that is found is in use before
// the certificate is judged. Lest it be half-written, it counts when it is found
// twice, a second apart, or at once if nobody has looked for some seconds. Without
// requests nobody looks, and there is nothing to close. o may be nil.
//
// If the file cannot be read or [ParseRoots] refuses it, the roots that were last good
// stay in use, [FileOptions].OnReload is told, and [FileRoots.HealthCheck] says so
// until the file is mended.
func File(path string, o *FileOptions) (*FileRoots, error) {
	if o == nil {
		o = &FileOptions{}
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	f := &FileRoots{}
	file, err := follow.Open(path, f.load, o.OnReload, now)
	if err != nil {
		return nil, fmt.Errorf("x509: roots: %w", err)
	}
	f.file = file
	return f, nil
}

// load puts the roots of a changed file to use. Nobody else does meanwhile.
func (f *FileRoots) load(data []byte) error {
	roots, err := parseRoots(data)
	if err != nil {
		return err
	}
	if f.current.Number() > 0 && f.current.Value().Equal(roots) {
		return nil // the pool stays, by which others know what they have verified
	}
	f.current.Set(roots, nil)
	return nil
}

// Roots is for [Authenticator].Roots. It returns the same pool for as long as the
// certificates in the file are the same. The error is nil.
func (f *FileRoots) Roots() (*x509.CertPool, error) {
	f.file.Check()
	return f.current.Value(), nil
}

// Generation returns a number that is another one whenever the roots have changed. It
// has the file looked at if it is time to, as Roots does.
func (f *FileRoots) Generation() uint64 {
	f.file.Check()
	return f.current.Number()
}

// HealthCheck returns nil as long as the file, as it was when somebody last looked,
// is in use; else what is wrong with it. It is for [Authenticator].Health.
func (f *FileRoots) HealthCheck() error {
	if err := f.file.HealthCheck(); err != nil {
		return fmt.Errorf("roots: %w", err)
	}
	return nil
}
