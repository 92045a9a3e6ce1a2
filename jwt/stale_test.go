package jwt_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

// For how long keys are used that cannot be fetched anew is a setting.
func TestMaxStale(t *testing.T) {
	for setting, lasts := range map[time.Duration]time.Duration{0: 24 * time.Hour, time.Hour: time.Hour, 90 * time.Minute: 90 * time.Minute, 60 * time.Hour: 60 * time.Hour} {
		t.Run(setting.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				auth, err := jwt.New(
					jwt.Config{Issuer: login, Audiences: []string{audience}, User: bySub.User},
					&jwt.Options{Client: &http.Client{Transport: w}, MaxStale: setting})
				require.NoError(t, err)
				token := w.lasting()
				require.Equal(t, isUser("jane"), ask(t, auth, token))
				w.set(func(w *world) { w.down = true })
				time.Sleep(lasts)
				require.Equal(t, isUser("jane"), ask(t, auth, token))
				require.ErrorContains(t, auth.HealthCheck(), "keys: still those of ")
				time.Sleep(time.Nanosecond)
				require.Equal(t, authn.Unavailable, ask(t, auth, token).reason)
				require.ErrorContains(t, auth.HealthCheck(), "are too old")
			})
		})
	}
}
