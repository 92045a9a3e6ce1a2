// Package folder looks the Secrets of bootstrap tokens up in a folder of files, for
// servers that are no part of a cluster, and for those that must start before one.
//
// # What the folder holds
//
// Files whose names end with .yaml, .yml or .json, with Secrets as kubectl and kubeadm
// write them: data in base64, or stringData, or some of each; several documents in a
// file, or a List of Secrets. Other files and folders are passed over, hidden ones too,
// and so the folder may be a volume of Kubernetes. There may be no files: then nobody
// has a token.
//
// All that is in these files must be Secrets of bootstrap tokens. Another kind, another
// type, a namespace that is not kube-system, a name that is not that of the token's id,
// a field or a key of the data that is not known, a Secret that is there twice, and a
// value that no token could be accepted with ([bootstrap.Secret.Check]) are errors: a
// misspelt "expiration" would be a token without an end. So is a file without a Secret
// in it, which may have been cut off. YAML may have no aliases. Tokens that have
// expired may stay; they are not accepted.
//
// There may be 1,000 files, of 1 MiB each and 4 MiB in all.
//
// # Who may read it
//
// The files hold the tokens as they are. Whoever can read them can join, and whoever
// can write them can let others in, with any group of system:bootstrappers: they
// should belong to root or to the server's user, and be nobody else's.
package folder

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/authnchain/authnchain/bearer/bootstrap"
	"github.com/authnchain/authnchain/internal/follow"
)

// bounds are what the folder may hold.
var bounds = follow.Folder{Extensions: []string{".yaml", ".yml", ".json"}, Files: 1000, Bytes: 1 << 20, AllBytes: 4 << 20}

// Options are the settings that are rarely needed.
type Options struct {
	// OnReload is told when a changed folder has been read: nil if its Secrets are in
	// use, else why they are not. It is told, too, when the folder cannot be read any
	// more, and when it can again. A request calls it, and waits for it. Nil means that
	// nobody is told; [Secrets.HealthCheck] knows too.
	OnReload func(error)

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// Secrets are the Secrets in a folder that is followed. It implements
// [bootstrap.Secrets].
type Secrets struct {
	folder  *follow.File
	current follow.Current[map[string]*bootstrap.Secret]
}

// Open reads a folder, which is then followed: whoever asks for a Secret has it looked
// at, at most once a second, and a change that is found is in use before the token is
// judged, behind a [bearer.Cache] too. Lest it be half-written, it counts when it is
// found twice, a second apart, or at once if nobody has looked for some seconds.
// Without requests nobody looks, and there is nothing to close. o may be nil.
//
// The folder is taken as a whole. If a file cannot be read or has an error in it, all
// Secrets that were last good stay in use, those of other files too,
// [Options].OnReload is told, and [Secrets.HealthCheck] names the file, the document
// in it and the rule until it is mended.
//
// [bearer.Cache]: https://pkg.go.dev/github.com/authnchain/authnchain/bearer#Cache
func Open(path string, o *Options) (*Secrets, error) {
	if o == nil {
		o = &Options{}
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	s := &Secrets{}
	folder, err := follow.OpenFolder(path, bounds, s.load, o.OnReload, now)
	if err != nil {
		return nil, fmt.Errorf("bootstrap: folder %w", err)
	}
	s.folder = folder
	return s, nil
}

// load puts the Secrets of a changed folder to use. Nobody else does meanwhile.
func (s *Secrets) load(files []follow.Entry) error {
	all, err := parse(files)
	if err != nil {
		return err
	}
	s.current.Set(all, func(a, b map[string]*bootstrap.Secret) bool { return maps.EqualFunc(a, b, sameSecret) })
	return nil
}

func sameSecret(a, b *bootstrap.Secret) bool {
	return a.Type == b.Type && a.Deleted == b.Deleted && maps.EqualFunc(a.Data, b.Data, bytes.Equal)
}

// Secret implements [bootstrap.Secrets].
func (s *Secrets) Secret(_ context.Context, name string) (*bootstrap.Secret, error) {
	s.folder.Check()
	found, ok := s.current.Value()[name]
	if !ok {
		return nil, bootstrap.ErrNotFound
	}
	return found, nil
}

// Len returns how many Secrets there are, those that have expired too.
func (s *Secrets) Len() int { return len(s.current.Value()) }

// Generation returns a number that grows whenever the Secrets have changed, by which a
// cache knows it. It has the folder looked at if it is time to, as Secret does.
func (s *Secrets) Generation() uint64 {
	s.folder.Check()
	return s.current.Number()
}

// HealthCheck returns nil as long as the folder, as it was when somebody last looked,
// is in use; else what is wrong with it. [bootstrap.Authenticator.HealthCheck]
// includes it.
func (s *Secrets) HealthCheck() error {
	if err := s.folder.HealthCheck(); err != nil {
		return fmt.Errorf("folder %w", err)
	}
	return nil
}
