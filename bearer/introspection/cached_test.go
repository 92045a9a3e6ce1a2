package introspection_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/bearer/introspection"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/union"
)

// A cache around remembers an acceptance for its TTL, and not beyond "exp".
func TestCached(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		last time.Duration
	}{
		"TTL":    {active(`"exp":1767272400`), time.Minute},
		"no exp": {active(), time.Minute},
		"exp":    {active(`"exp":1767268805`), 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			now := noon
			s := &recorder{body: tt.body}
			clock := func() time.Time { return now }
			a := asking(t, s, func(_ *introspection.Config, o *introspection.Options) { o.Now = clock })
			cached := bearer.Cached(a, &bearer.CacheOptions{TTL: time.Minute, Now: clock})
			accepted := func() bool {
				_, ok, _ := cached.AuthenticateToken(t.Context(), token)
				return ok
			}
			require.True(t, accepted())
			s.body = `{"active":false}` // it is taken back
			now = noon.Add(tt.last - time.Second)
			require.True(t, accepted())
			require.Len(t, s.forms, 1)
			now = noon.Add(tt.last)
			require.False(t, accepted())
			require.Len(t, s.forms, 2)
		})
	}
}

// What could not be judged is asked anew, each time.
func TestUnavailableIsNotRemembered(t *testing.T) {
	h := authntest.Status(503)
	cached := bearer.Cached(asking(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) })), nil)
	_, _, err := cached.AuthenticateToken(t.Context(), token)
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	require.ErrorContains(t, authn.HealthOf(cached), "status 503")
	h = says(200, active())
	_, ok, err := cached.AuthenticateToken(t.Context(), token)
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, authn.HealthOf(cached))
}

// A token of which an authenticator before knows that it is its own is not sent, also
// where JWTs are; nor is one that this one knows, and refuses, shown to what comes next.
func TestInAUnion(t *testing.T) {
	is := authntest.NewIssuer(t)
	people, err := jwt.New(jwt.Config{Issuer: is.URL(), Audiences: []string{"my-api"}, User: bySub.User}, &jwt.Options{Client: is.Client()})
	require.NoError(t, err)
	s, next := &recorder{body: active()}, &recorder{body: active()}
	jwts := func(_ *introspection.Config, o *introspection.Options) { o.JWTs = true }
	tokens := union.Tokens(people, asking(t, s, jwts), asking(t, next))

	_, ok, err := tokens.AuthenticateToken(t.Context(), is.Token(map[string]any{"aud": "other", "sub": "jane"}))
	require.False(t, ok)
	require.Equal(t, authn.WrongAudience, authn.ReasonOf(err))
	require.Empty(t, s.forms)
	require.Empty(t, next.forms)

	stranger := authntest.NewIssuer(t).Token(map[string]any{"aud": "my-api", "sub": "jane"})
	_, ok, err = tokens.AuthenticateToken(t.Context(), stranger)
	require.NoError(t, err)
	require.True(t, ok, "which the server knows")
	require.Len(t, s.forms, 1)

	s.body = active(`"exp":1`)
	_, ok, err = tokens.AuthenticateToken(t.Context(), "opaque")
	require.False(t, ok)
	require.Equal(t, authn.Expired, authn.ReasonOf(err))
	require.Empty(t, next.forms)

	s.body = `{"active":false}`
	_, ok, err = tokens.AuthenticateToken(t.Context(), "opaque")
	require.NoError(t, err)
	require.True(t, ok)
	require.Len(t, next.forms, 1)
}

// Through bearer, a token that nobody knows is refused, and one of the scheme DPoP is
// not taken.
func TestBehindBearer(t *testing.T) {
	s := &recorder{body: `{"active":false}`}
	auth := &bearer.Authenticator{Token: asking(t, s), Bound: true}
	_, _, err := auth.AuthenticateRequest(authntest.Bearer(authntest.Request("/"), "opaque"))
	require.Equal(t, authn.UnknownToken, authn.ReasonOf(err))

	s.body = active()
	r := authntest.Request("/")
	r.Header.Set("Authorization", "DPoP opaque")
	_, ok, err := auth.AuthenticateRequest(r)
	require.False(t, ok)
	require.Equal(t, authn.BadProof, authn.ReasonOf(err))
}
