package authconfig

import (
	"fmt"

	"github.com/authnchain/authnchain/internal/follow"
)

// File is [Parse] of a file that is followed: at most once a second a token that
// comes in has it looked at, and a change is in use before that token is judged.
//
// A change counts as a whole or not at all. If the file cannot be read or is not
// valid, what was last good goes on, [Options].OnReload is told, and
// [Authenticator.HealthCheck] says so until it is mended. Issuers that are gone
// are refused at once; what is new begins when the keys of new issuers are there,
// or after two seconds. No token is judged by one half of each.
func File(path string, o *Options) (*Authenticator, error) {
	a := newAuthenticator(o)
	file, err := follow.Open(path, a.load, a.options.OnReload, a.options.now)
	if err != nil {
		return nil, fmt.Errorf("authconfig: %w", err)
	}
	a.file = file
	return a, nil
}
