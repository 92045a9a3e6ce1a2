package jwt

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// URLOptions are the settings of [URL] that are rarely needed.
type URLOptions struct {
	// Client fetches the keys, as in [Options].
	Client *http.Client

	// MaxStale is how long keys are used that cannot be fetched anew, as in [Options].
	MaxStale time.Duration

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// URLKeys are the keys that somebody publishes at a URL. They are safe for concurrent
// use, and may be those of several Authenticators.
type URLKeys struct{ remote *remoteKeys }

// URL is a [KeySet] that is published at a URL (RFC 7517, section 5), which must be
// https; http is only taken for a loopback address and with a Client given. It is fetched when a token needs it, and refreshed as the package's comment
// has it. An [Authenticator] does not need it, it has [Config].KeysURL; a [Verifier]
// does. o may be nil.
func URL(url string, o *URLOptions) (*URLKeys, error) {
	if o == nil {
		o = &URLOptions{}
	}
	settings := &Options{Client: o.Client, MaxStale: o.MaxStale}
	if err := checkURL(url, settings); err != nil {
		return nil, fmt.Errorf("jwt: keys: URL: %w", err)
	}
	if o.MaxStale != 0 && o.MaxStale < maxLife {
		return nil, errors.New("jwt: keys: options: MaxStale: must be at least one hour")
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	return &URLKeys{newRemoteKeys(Config{KeysURL: url}, settings, now)}, nil
}

// Keys implements [KeySet].
func (k *URLKeys) Keys(ctx context.Context, id string) ([]Key, error) { return k.remote.Keys(ctx, id) }

// Refresh implements [Refresher].
func (k *URLKeys) Refresh(ctx context.Context) error { return k.remote.Refresh(ctx) }

// Generation returns a number that is another one whenever the keys have changed.
func (k *URLKeys) Generation() uint64 { return k.remote.Generation() }

// HealthCheck returns nil once the keys have been fetched, and as long as they could be
// fetched anew when it was time.
func (k *URLKeys) HealthCheck() error { return k.remote.HealthCheck() }
