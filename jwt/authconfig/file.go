package authconfig

import (
	"fmt"

	"github.com/authnchain/authnchain/internal/follow"
)

// File is [Parse] of a file that is followed: whoever uses the Authenticator has
// the file looked at, at most once a second, and a change that is found is in use
// before the token is judged. Lest it be half-written, it counts when it is found
// twice, a second apart, or at once if nobody has looked for some seconds. Without
// requests nobody looks.
//
// If the file cannot be read or is not valid, what was last good stays in use,
// [Options].OnReload is told, and [Authenticator.HealthCheck] says so until the
// file is mended. A valid change is in use at once, but for issuers that are new or
// are reached in another way: they begin when their keys are there, or after two
// seconds, and until then those that were there before go on as they were. Tokens
// of issuers that are gone are not taken any more.
func File(path string, o *Options) (*Authenticator, error) {
	a, err := newAuthenticator(o)
	if err != nil {
		return nil, err
	}
	file, err := follow.Open(path, a.load, a.options.OnReload, a.options.now)
	if err != nil {
		return nil, fmt.Errorf("authconfig: %w", err)
	}
	a.file = file
	return a, nil
}
