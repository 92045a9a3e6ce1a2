package awsauth

import (
	"context"
	"fmt"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/bearer/eks"
	"github.com/authnchain/authnchain/internal/follow"
)

// FileMappings are the [Mappings] of a file that is followed. They are an [eks.Mapper],
// safe for concurrent use.
type FileMappings struct {
	options *Options
	file    *follow.File
	current follow.Current[*Mappings]
}

// File is [Parse] of a file that is followed: whoever asks for a user has the file looked
// at, at most once a second, and a change that is found is in use before the user is
// told. Lest it be half-written, it counts when it is found twice, a second apart, or at
// once if nobody has looked for some seconds. Without requests nobody looks, and there is
// nothing to close. o may be nil.
//
// If the file cannot be read or is refused, what was last good stays in use,
// [Options].OnReload is told, and [FileMappings.HealthCheck] says so until the file is
// mended.
func File(path string, o *Options) (*FileMappings, error) {
	f := &FileMappings{options: o.orDefault()}
	file, err := follow.Open(path, f.load, f.options.OnReload, f.options.Now)
	if err != nil {
		return nil, fmt.Errorf("awsauth: %w", err)
	}
	f.file = file
	return f, nil
}

// load puts a changed file to use. Nobody else does meanwhile.
func (f *FileMappings) load(data []byte) error {
	m, err := parse(data, f.options)
	if err != nil {
		return err
	}
	f.current.Set(m, nil)
	return nil
}

// Mappings returns what the file says now.
func (f *FileMappings) Mappings() *Mappings {
	f.file.Check()
	return f.current.Value()
}

// User implements [eks.Mapper].
func (f *FileMappings) User(ctx context.Context, id eks.Identity) (user.Info, error) {
	return f.Mappings().User(ctx, id)
}

// Generation returns a number that grows whenever the file has changed. It has the file
// looked at if it is time to, as User does.
func (f *FileMappings) Generation() uint64 {
	f.file.Check()
	return f.current.Number()
}

// HealthCheck returns nil as long as the file, as it was when somebody last looked, is in
// use; else what is wrong with it.
func (f *FileMappings) HealthCheck() error {
	if err := f.file.HealthCheck(); err != nil {
		return fmt.Errorf("awsauth: %w", err)
	}
	return nil
}
