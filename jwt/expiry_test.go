package jwt_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

// A user is one until its token is refused, to the second, whatever the leeway.
func TestExpiryIsWhenTheTokenIsRefused(t *testing.T) {
	issuer := newIssuer(t)
	for _, tt := range []struct {
		name   string
		leeway time.Duration
		exp    string
		want   time.Time
	}{
		{"no leeway", 0, "1767268810", noon.Add(10 * time.Second)},
		{"a negative one", -time.Hour, "1767268810", noon.Add(10 * time.Second)},
		{"ten minutes", 10 * time.Minute, "1767268810", noon.Add(10*time.Minute + 10*time.Second)},
		{"expired, within ten minutes", 10 * time.Minute, "1767268790", noon.Add(10*time.Minute - 10*time.Second)},
		{"a part of a second", time.Millisecond, "1767268810", noon.Add(11 * time.Second)},
		{"exp with a fraction", 0, "1767268810.9", noon.Add(10 * time.Second)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock := newClock()
			auth := newStatic(t, keysOf(issuer), func(_ *jwt.Config, o *jwt.Options) { o.Leeway, o.Now = tt.leeway, clock.Now })
			token := issuer.SignRaw("ES256", []byte(`{"alg":"ES256"}`), payload(`"sub":"jane","aud":"kubernetes","exp":`+tt.exp))
			require.Equal(t, tt.want, expiryOf(t, auth, token))
			clock.Add(tt.want.Sub(noon) - time.Second)
			require.Equal(t, isUser("jane"), ask(t, auth, token))
			clock.Add(time.Second)
			require.Equal(t, authn.Expired, ask(t, auth, token).reason)
		})
	}
}

// The end of time is one that can be compared.
func TestExpiryAtTheEndOfTime(t *testing.T) {
	issuer := newIssuer(t)
	auth := newStatic(t, keysOf(issuer), func(_ *jwt.Config, o *jwt.Options) { o.Leeway = math.MaxInt64 })
	token := issuer.SignRaw("ES256", []byte(`{"alg":"ES256"}`), payload(`"sub":"jane","aud":"kubernetes","exp":9223371974719179007`))
	require.True(t, expiryOf(t, auth, token).After(noon.AddDate(1_000_000, 0, 0)))
}

// leased is a user that a Config.User knows an end of.
type leased struct {
	user.Info
	until time.Time
}

func (l leased) Expiry() time.Time { return l.until }

// What the mapping knows of the user's end counts too, if it comes first.
func TestExpiryOfTheMapping(t *testing.T) {
	issuer := newIssuer(t)
	exp := noon.Add(time.Hour)
	for name, tt := range map[string]struct{ until, want time.Time }{
		"before the token's": {noon.Add(time.Minute), noon.Add(time.Minute)},
		"after it":           {exp.Add(time.Minute), exp},
		"not known":          {time.Time{}, exp},
	} {
		t.Run(name, func(t *testing.T) {
			auth := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) {
				c.User = func(context.Context, jwt.Claims) (user.Info, error) {
					return leased{&user.DefaultInfo{Name: "jane"}, tt.until}, nil
				}
			})
			require.Equal(t, tt.want, expiryOf(t, auth, issuer.Sign("ES256", good(object{"exp": exp.Unix()}), nil)))
		})
	}
}

func expiryOf(t *testing.T, auth *jwt.Authenticator, token string) time.Time {
	t.Helper()
	resp, ok, err := auth.AuthenticateToken(t.Context(), token)
	require.NoError(t, err)
	require.True(t, ok)
	expiry, known := authn.ExpiryOf(resp.User)
	require.True(t, known)
	return expiry.UTC()
}
