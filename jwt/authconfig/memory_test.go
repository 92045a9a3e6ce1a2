package authconfig_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/apis/apiserver"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// What was looked up counts no longer than the key that vouches for it.
func TestDistributedClaimsWithdrawnKey(t *testing.T) {
	s, holder := newSource(t, nil), authntest.NewIssuer(t)
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	s.Handle("/claims", http.HandlerFunc(say(holder.Token(claims(object{"groups": "admins"})))))
	a := parse(t, config(entry(s.Issuer, byGroups), entry(holder, bySub)), &authconfig.Options{Now: now})
	token := s.Token(elsewhere(s.URL() + "/claims"))
	requireUser(t, a, token, info{Name: "jane", Groups: []string{"o:admins"}})
	holder.Rotate()
	holder.Withdraw()
	ahead.Store(int64(11 * time.Minute))
	requireRefused(t, a, token, authn.UnknownKey, `the token that holds it: jwt: issuer "`+holder.URL()+`": no key "rsa-1" for RS256 among the issuer's`)
}

// When the issuer of the token that holds the claim has another key, the endpoint has
// another token, which is asked for.
func TestDistributedClaimsRotatedKey(t *testing.T) {
	s, holder := newSource(t, nil), authntest.NewIssuer(t)
	var ahead, asked atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	s.Handle("/claims", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Write([]byte(holder.Token(claims(object{"groups": "admins"}))))
	}))
	a := parse(t, config(entry(s.Issuer, byGroups), entry(holder, bySub)), &authconfig.Options{Now: now})
	token := s.Token(elsewhere(s.URL() + "/claims"))
	jane := info{Name: "jane", Groups: []string{"o:admins"}}
	requireUser(t, a, token, jane)
	holder.Rotate()
	holder.Withdraw()
	ahead.Store(int64(11 * time.Minute))
	for range 3 {
		requireUser(t, a, token, jane)
	}
	require.EqualValues(t, 2, asked.Load())

	// While the endpoint is down nobody knows whether it has.
	s.Handle("/claims", authntest.Status(http.StatusBadGateway))
	holder.Rotate()
	holder.Withdraw()
	ahead.Store(int64(22 * time.Minute))
	requireRefused(t, a, token, authn.Unavailable, "status 502")
}

// One that is not trusted yet is trusted once it is in the configuration.
func TestDistributedClaimsAddedIssuer(t *testing.T) {
	s, holder := newSource(t, nil), authntest.NewIssuer(t)
	s.Handle("/claims", http.HandlerFunc(say(holder.Token(claims(object{"groups": "admins"})))))
	f := newFollowed(t, config(entry(s.Issuer, byGroups)), authconfig.Options{})
	token := s.Token(elsewhere(s.URL() + "/claims"))
	requireRefused(t, f.Authenticator, token, authn.UntrustedIssuer, "not one of those configured")
	f.write(t, config(entry(s.Issuer, byGroups), entry(holder, bySub)))
	require.Eventually(t, func() bool { return len(f.Issuers()) == 2 }, time.Minute, time.Millisecond)
	requireUser(t, f.Authenticator, token, info{Name: "jane", Groups: []string{"o:admins"}})
}

// Nor than the issuer that vouches for it is in the configuration.
func TestDistributedClaimsRemovedIssuer(t *testing.T) {
	s, holder := newSource(t, nil), authntest.NewIssuer(t)
	s.Handle("/claims", http.HandlerFunc(say(holder.Token(claims(object{"groups": "admins"})))))
	f := newFollowed(t, config(entry(s.Issuer, byGroups), entry(holder, bySub)), authconfig.Options{})
	token := s.Token(elsewhere(s.URL() + "/claims"))
	requireUser(t, f.Authenticator, token, info{Name: "jane", Groups: []string{"o:admins"}})
	hangs := authntest.NewIssuer(t)
	hangs.Delay(time.Hour)
	f.write(t, config(entry(s.Issuer, byGroups), entry(hangs, bySub)))
	requireRefused(t, f.Authenticator, token, authn.UntrustedIssuer, "not one of those configured")
}

// One user's tokens do not push out those of others, nor fill the memory.
func TestDistributedClaimsOfOneUser(t *testing.T) {
	s := newSource(t, nil)
	answer := func(sub string) string { return s.Token(claims(object{"sub": sub, "groups": "a"})) }
	a := parse(t, config(entry(s.Issuer, byGroups)), nil)
	var asked atomic.Int32
	tokens := func(sub string, n int) []string {
		all := make([]string, n)
		for i := range all {
			c := elsewhere(s.URL() + "/claims")
			c["sub"], c["nr"] = sub, i
			all[i] = s.Token(c)
		}
		return all
	}
	use := func(sub string, tokens []string) int {
		asked.Store(0)
		held := answer(sub)
		s.Handle("/claims", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); w.Write([]byte(held)) }))
		for _, token := range tokens {
			requireUser(t, a, token, info{Name: sub, Groups: []string{"o:a"}})
		}
		return int(asked.Load())
	}
	joe, jane := tokens("joe", 3), tokens("jane", 50)
	require.Equal(t, 3, use("joe", joe))
	require.Equal(t, 50, use("jane", jane))
	require.Equal(t, 50-16, use("jane", jane), "all but those that there is room for")
	require.Zero(t, use("joe", joe))
}

func TestDistributedClaimsTooLong(t *testing.T) {
	s := newSource(t, nil)
	s.Handle("/claims", http.HandlerFunc(say(s.Token(claims(object{"groups": strings.Repeat("x", 256<<10)})))))
	a := parse(t, config(entry(s.Issuer, byGroups)), nil)
	_, _, err := a.AuthenticateToken(t.Context(), s.Token(elsewhere(s.URL()+"/claims")))
	require.Equal(t, authn.ClaimMissing, authn.ReasonOf(err))
	require.ErrorContains(t, err, "bytes, more than 262144")
}

func TestMaxAge(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	var ahead, asked atomic.Int64
	a := parse(t, config(entry(issuer, byGroups)), &authconfig.Options{
		Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
		DistributedClaims: authconfig.DistributedClaims{MaxAge: time.Minute, Resolve: func(context.Context, jwt.Claims) ([]string, bool, error) {
			return []string{fmt.Sprint(asked.Add(1))}, true, nil
		}},
	})
	token := issuer.Token(claims(nil))
	for _, want := range []string{"o:1", "o:1", "o:2", "o:2"} {
		requireUser(t, a, token, info{Name: "jane", Groups: []string{want}})
		ahead.Add(int64(40 * time.Second))
	}
}

// A Resolve that does not heed its context holds nobody up, and its users do not
// take all look-ups.
func TestResolveHangs(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	keys := jwt.StaticKeys{{ID: issuer.KeyID("RS256"), Public: issuer.PublicKey("RS256")}}
	token := func(sub string, nr int) string { return issuer.Token(claims(object{"sub": sub, "nr": nr})) }
	text := config(entry(issuer, byGroups))
	synctest.Test(t, func(t *testing.T) {
		release := make(chan bool)
		a := parse(t, text, &authconfig.Options{
			Keys: func(apiserver.Issuer) jwt.KeySet { return keys },
			DistributedClaims: authconfig.DistributedClaims{Resolve: func(_ context.Context, c jwt.Claims) ([]string, bool, error) {
				if sub, _ := c.String("sub"); sub == "jane" {
					<-release
				}
				return []string{"a"}, true, nil
			}},
		})
		for n := range 20 {
			go a.AuthenticateToken(t.Context(), token("jane", n))
		}
		synctest.Wait()
		requireRefused(t, a, token("jane", 99), authn.Unavailable, "8 look-ups for the issuer are under way, 8 of them for the subject")
		requireUser(t, a, token("joe", 0), info{Name: "joe", Groups: []string{"o:a"}})
		before := time.Now()
		_, _, err := a.AuthenticateToken(t.Context(), token("jane", 0)) // which joins the first
		require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
		require.Equal(t, 5*time.Second, time.Since(before))
		close(release)
	})
}
