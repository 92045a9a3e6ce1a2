package authn

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/follow"
)

// maxRevocationBytes is room for a million certificates with an end each.
const maxRevocationBytes = 128 << 20

// RevocationFileOptions are the settings of [RevocationFile] that are rarely needed.
type RevocationFileOptions struct {
	// OnReload is told when a changed file has been read: nil if its entries count, else
	// why they do not. It is told, too, when the file cannot be read any more, and when
	// it can again. A request calls it, and waits for it. Nil means that nobody is told;
	// [FileRevocations.HealthCheck] knows too.
	OnReload func(error)

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// FileRevocations is a [RevocationList] in a file that is followed. It is safe for
// concurrent use.
type FileRevocations struct {
	path    string
	file    *follow.File
	now     func() time.Time
	current follow.Current[*revoked]
}

// RevocationFile returns the deny list in a file, one entry a line:
//
//	# left on Friday
//	user jane
//	# lost a laptop, and has logged in again since
//	user "Joe Bloggs" before 2026-11-24T12:00:00Z
//	credential JTI=b6c4d1d2 until 2026-11-25T00:00:00Z
//	credential X509SHA256=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//	certificate 1fa3 "CN=Clients,O=Example"   # by serial number and issuer
//
// [Revocation] tells what they mean. "before" is for users alone; any entry may end
// with "until" and a time, from which it does not count any more: the credential has
// expired by then. Times are those of RFC 3339. A word with blanks or quotes in it is
// in quotes, as a string of Go: "…" with backslashes, or `…` without. Text from a word
// that begins with # to the end of the line is a comment.
//
// The file is taken as a whole or refused with the number of the line: also if it is
// empty (a list of nobody has a comment) or its last line does not end. It may have
// 128 MiB; a million certificates take some 160 MB of memory, and 500 MB for a moment
// while a changed file is read.
//
// Whoever asks has the file looked at, at most once a second, and a change that is
// found counts for that request. Lest it be half-written, it is one when it is found
// twice, a second apart, or at once if nobody has asked for some seconds: so it counts
// within two seconds. Without requests nobody looks, and there is nothing to close. If
// the file cannot be read or is refused, what it held last counts on,
// [RevocationFileOptions].OnReload is told, and [FileRevocations.HealthCheck] says so
// until the file is mended. o may be nil.
func RevocationFile(path string, o *RevocationFileOptions) (*FileRevocations, error) {
	if o == nil {
		o = &RevocationFileOptions{}
	}
	f := &FileRevocations{path: path, now: o.Now}
	if f.now == nil {
		f.now = time.Now
	}
	file, err := follow.OpenLarge(path, maxRevocationBytes, f.load, o.OnReload, f.now)
	if err != nil {
		return nil, fmt.Errorf("authn: revocations: %w", err)
	}
	f.file = file
	return f, nil
}

// load has the entries of a changed file count. Nobody else does meanwhile.
func (f *FileRevocations) load(data []byte) error {
	list, err := parseRevocations(data)
	if err != nil {
		return err
	}
	f.current.Set(list, nil)
	return nil
}

// Revoked implements [RevocationList].
func (f *FileRevocations) Revoked(_ context.Context, u user.Info) error {
	f.file.Check()
	if h := f.current.Value().find(u, f.now); h != nil {
		return Errorf(Revoked, "revoked by line %d of %s: %s", h.line, f.path, h.text)
	}
	return nil
}

// Len returns how many entries there are, be their time over or not.
func (f *FileRevocations) Len() int { return f.current.Value().len }

// Generation implements [Generational]: it grows whenever the file has changed. It has
// the file looked at if it is time to, as Revoked does.
func (f *FileRevocations) Generation() uint64 {
	f.file.Check()
	return f.current.Number()
}

// HealthCheck returns nil as long as the file, as it was when somebody last looked,
// counts; else what is wrong with it. [HealthOf] what [Revocations] returns includes it.
func (f *FileRevocations) HealthCheck() error {
	if err := f.file.HealthCheck(); err != nil {
		return fmt.Errorf("revocations: %w", err)
	}
	return nil
}
