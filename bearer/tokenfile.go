package bearer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/follow"
)

// FileOptions are the settings of [File] that are rarely needed.
type FileOptions struct {
	// OnReload is told when a changed file has been read: nil if its tokens are in use,
	// else why they are not. It is told, too, when the file cannot be read any more,
	// and when it can again. A request calls it, and waits for it. Nil means that
	// nobody is told; [FileTokens.HealthCheck] knows too.
	OnReload func(error)

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// FileTokens are the [Tokens] in a file that is followed. It is an
// [authenticator.Token] and safe for concurrent use.
type FileTokens struct {
	file    *follow.File
	current follow.Current[*Tokens]
}

// File is [ParseTokens] of a file that is followed: whoever presents a token has the
// file looked at, at most once a second, and a change that is found is in use before
// the token is judged, behind a [Cache] too. Lest it be half-written, it counts when
// it is found twice, a second apart, or at once if nobody has looked for some seconds.
// Without requests nobody looks, and there is nothing to close. o may be nil.
//
// Since a file that is cut off might name other groups than it did, one whose last
// line does not end is refused, and so is an empty one: a list of nobody is an empty
// line. It may have 4 MiB. If the file cannot be read or is refused, the tokens that
// were last good stay in use, [FileOptions].OnReload is told, and
// [FileTokens.HealthCheck] says so until the file is mended.
func File(path string, o *FileOptions) (*FileTokens, error) {
	if o == nil {
		o = &FileOptions{}
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	f := &FileTokens{}
	file, err := follow.Open(path, f.load, o.OnReload, now)
	if err != nil {
		return nil, fmt.Errorf("bearer: token file %w", err)
	}
	f.file = file
	return f, nil
}

// load puts the tokens of a changed file to use. Nobody else does meanwhile.
func (f *FileTokens) load(data []byte) error {
	switch {
	case len(data) == 0:
		return errors.New("empty; a list of nobody is an empty line")
	case data[len(data)-1] != '\n':
		return errors.New("the last line does not end: is the file cut off?")
	}
	tokens, err := parseTokens(bytes.NewReader(data))
	if err != nil {
		return err
	}
	f.current.Set(tokens, sameTokens)
	return nil
}

func sameTokens(a, b *Tokens) bool { return maps.EqualFunc(a.users, b.users, sameUser) }

// sameUser compares users of a file, who have no more than this.
func sameUser(a, b user.Info) bool {
	return a.GetName() == b.GetName() && a.GetUID() == b.GetUID() && slices.Equal(a.GetGroups(), b.GetGroups())
}

// AuthenticateToken implements [authenticator.Token], as [Tokens.AuthenticateToken]
// does.
func (f *FileTokens) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	f.file.Check()
	return f.current.Value().AuthenticateToken(ctx, token)
}

// Len returns how many tokens there are.
func (f *FileTokens) Len() int { return f.current.Value().Len() }

// String is how a trace calls it.
func (f *FileTokens) String() string { return "tokens" }

// Generation implements [authn.Generational]: it grows whenever the tokens or their
// users have changed. It has the file looked at if it is time to, as AuthenticateToken
// does.
func (f *FileTokens) Generation() uint64 {
	f.file.Check()
	return f.current.Number()
}

// HealthCheck returns nil as long as the file, as it was when somebody last looked,
// is in use; else what is wrong with it.
func (f *FileTokens) HealthCheck() error {
	if err := f.file.HealthCheck(); err != nil {
		return fmt.Errorf("bearer: token file %w", err)
	}
	return nil
}
