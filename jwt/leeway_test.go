package jwt_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

// The exact seconds at which a token's time comes and is over.
func TestLeeway(t *testing.T) {
	issuer := newIssuer(t)
	tests := []struct {
		leeway        time.Duration
		exp, nbf, iat int64 // the seconds that are forgiven
	}{
		{0, 0, 60, 60},
		{-1, 0, 0, 0},
		{-time.Hour, 0, 0, 0},
		{time.Second, 1, 1, 1},
		{90 * time.Second, 90, 90, 90},
		{90*time.Second + 999*time.Millisecond, 90, 90, 90},
		{time.Hour, 3600, 3600, 3600},
		{1<<63 - 1, 9223372036, 9223372036, 9223372036},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.leeway), func(t *testing.T) {
			auth := newStatic(t, keysOf(issuer), func(_ *jwt.Config, o *jwt.Options) { o.Leeway = tt.leeway })
			reason := func(name string, at int64) authn.Reason {
				return ask(t, auth, issuer.Sign("ES256", good(object{name: noon.Unix() + at}), nil)).reason
			}
			require.Equal(t, authn.Reason(""), reason("exp", 1-tt.exp))
			require.Equal(t, authn.Expired, reason("exp", -tt.exp))
			require.Equal(t, authn.Reason(""), reason("nbf", tt.nbf))
			require.Equal(t, authn.NotYetValid, reason("nbf", tt.nbf+1))
			require.Equal(t, authn.Reason(""), reason("iat", tt.iat))
			require.Equal(t, authn.NotYetValid, reason("iat", tt.iat+1))
		})
	}
}

// Time goes on while a token stays the same.
func TestTokenAges(t *testing.T) {
	issuer, clock := newIssuer(t), newClock()
	auth := newStatic(t, keysOf(issuer), func(_ *jwt.Config, o *jwt.Options) { o.Now = clock.Now })
	token := issuer.Token(good(object{"nbf": noon.Add(2 * time.Minute).Unix()}))
	require.Equal(t, notYet("valid in 2m0s (nbf 2026-01-01T12:02:00Z)"), ask(t, auth, token))
	clock.Add(time.Minute - 1)
	require.Equal(t, notYet("valid in 1m1s (nbf 2026-01-01T12:02:00Z)"), ask(t, auth, token))
	clock.Add(1)
	require.Equal(t, isUser("jane"), ask(t, auth, token))
	clock.Add(59*time.Minute - 1)
	require.Equal(t, isUser("jane"), ask(t, auth, token))
	clock.Add(1)
	require.Equal(t, expired("expired 0s ago (exp 2026-01-01T13:00:00Z)"), ask(t, auth, token))
	clock.Add(49 * time.Hour)
	require.Equal(t, expired("expired 2d ago (exp 2026-01-01T13:00:00Z)"), ask(t, auth, token))
}
