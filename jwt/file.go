package jwt

import (
	"context"
	"fmt"
	"time"

	"github.com/authnchain/authnchain/internal/follow"
)

// FileOptions are the settings of [File] that are rarely needed.
type FileOptions struct {
	// OnReload is told when a changed file has been read: nil if its keys are in use,
	// else why they are not. It is told, too, when the file cannot be read any more,
	// and when it can again. A request calls it, and waits for it. Nil means that
	// nobody is told; [FileKeys.HealthCheck] knows too.
	OnReload func(error)

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// FileKeys is a [KeySet] of keys in a file that is followed. It is safe for
// concurrent use.
type FileKeys struct {
	file    *follow.File
	current follow.Current[StaticKeys]
}

// File is [ParseKeys] of a file that is followed: whoever asks for keys has the file
// looked at, at most once a second, and a change that is found is in use before the
// token is judged. Lest it be half-written, it counts when it is found twice, a
// second apart, or at once if nobody has looked for some seconds. Without requests
// nobody looks, and there is nothing to close. o may be nil.
//
// If the file cannot be read or [ParseKeys] refuses it, the keys that were last good
// stay in use, [FileOptions].OnReload is told, and [FileKeys.HealthCheck] says so
// until the file is mended.
func File(path string, o *FileOptions) (*FileKeys, error) {
	if o == nil {
		o = &FileOptions{}
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	f := &FileKeys{}
	file, err := follow.Open(path, f.load, o.OnReload, now)
	if err != nil {
		return nil, fmt.Errorf("jwt: keys: %w", err)
	}
	f.file = file
	return f, nil
}

// load puts the keys of a changed file to use. Nobody else does meanwhile.
func (f *FileKeys) load(data []byte) error {
	keys, err := parseKeys(data)
	if err != nil {
		return err
	}
	f.current.Set(keys, func(before, now StaticKeys) bool { return sameKeys(before, now) })
	return nil
}

// Keys implements [KeySet], as [StaticKeys.Keys] does.
func (f *FileKeys) Keys(ctx context.Context, id string) ([]Key, error) {
	f.file.Check()
	return f.current.Value().Keys(ctx, id)
}

// Generation returns a number that is another one whenever the keys have changed. It
// has the file looked at if it is time to, as Keys does.
func (f *FileKeys) Generation() uint64 {
	f.file.Check()
	return f.current.Number()
}

// HealthCheck returns nil as long as the file, as it was when somebody last looked,
// is in use; else what is wrong with it. [Authenticator.HealthCheck] includes it.
func (f *FileKeys) HealthCheck() error {
	if err := f.file.HealthCheck(); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return nil
}
