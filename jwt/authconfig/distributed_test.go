package authconfig_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

const byGroups = "claimMappings: {username: {claim: sub, prefix: ''}, groups: {claim: groups, prefix: 'o:'}}"

// source is an issuer that also answers at /claims.
type source struct {
	*authntest.Issuer
	asked  atomic.Int32
	bearer atomic.Value // the Authorization header of the last request
}

func newSource(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *source {
	s := &source{Issuer: authntest.NewIssuer(t)}
	s.Handle("/claims", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		s.bearer.Store(r.Header.Get("Authorization"))
		answer(w, r)
	}))
	return s
}

func say(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(text)) }
}

// elsewhere are the claims of a token whose groups are at an endpoint.
func elsewhere(endpoint string) object {
	return claims(object{
		"_claim_names":   object{"groups": "src"},
		"_claim_sources": object{"src": object{"endpoint": endpoint, "access_token": "open sesame"}},
	})
}

func TestDistributedClaims(t *testing.T) {
	s := newSource(t, nil)
	other, stranger := authntest.NewIssuer(t), authntest.NewIssuer(t)
	config := config(entry(s.Issuer, byGroups), entry(other, bySub))
	held := func(i *authntest.Issuer, more object) string { return i.Token(claims(more)) }
	groups := object{"groups": []string{"a", "b"}}
	jane := info{Name: "jane", Groups: []string{"o:a", "o:b"}}
	here := s.URL() + "/claims"
	var many, prefixed []string
	for n := range 2000 {
		many = append(many, fmt.Sprintf("00000000-0000-0000-0000-%012d", n))
		prefixed = append(prefixed, "o:"+many[n])
	}
	tests := []struct {
		name    string
		options authconfig.DistributedClaims
		claims  object
		answer  func(http.ResponseWriter, *http.Request)
		want    info
		reason  authn.Reason
		text    string
	}{
		{name: "looked up", answer: say(held(s.Issuer, groups)), want: jane},
		{name: "with a line end", answer: say(held(s.Issuer, groups) + "\r\n"), want: jane},
		{name: "of another issuer", answer: say(held(other, groups)), want: jane},
		{name: "one group", answer: say(held(s.Issuer, object{"groups": "a"})), want: info{Name: "jane", Groups: []string{"o:a"}}},
		{name: "many groups", answer: say(held(s.Issuer, object{"groups": many})), want: info{Name: "jane", Groups: prefixed}},
		{name: "there already", claims: object{"groups": "c"}, want: info{Name: "jane", Groups: []string{"o:c"}}},
		{name: "aggregated", claims: object{"_claim_sources": object{"src": object{"JWT": held(s.Issuer, groups)}}}, want: info{Name: "jane"}},
		{name: "another claim", claims: object{"_claim_names": object{"team": "src"}}, want: info{Name: "jane"}},
		{name: "no sources", claims: object{"_claim_sources": nil}, reason: authn.ClaimMissing, text: `claim "_claim_names": "groups": source "src" is not in "_claim_sources"`},
		{name: "not that source", claims: object{"_claim_names": object{"groups": "src2"}}, reason: authn.ClaimMissing, text: `claim "_claim_names": "groups": source "src2" is not in "_claim_sources"`},
		{name: "no names, no sources", claims: object{"_claim_names": json.RawMessage("null"), "_claim_sources": nil}, reason: authn.ClaimMissing, text: `distributed claim "groups": claim "_claim_sources": missing`},
		{name: "no names", claims: object{"_claim_names": json.RawMessage("null")}, want: info{Name: "jane"}},
		{name: "names no object", claims: object{"_claim_names": 1}, reason: authn.ClaimMissing, text: `into Go value of type map[string]string`},
		{name: "no group in it", answer: say(held(s.Issuer, nil)), reason: authn.ClaimMissing, text: `the token that holds it: claim "groups": missing`},
		{name: "of a stranger", answer: say(held(stranger, groups)), reason: authn.UntrustedIssuer, text: `not one of those configured`},
		{name: "forged", answer: say(held(s.Issuer, groups)[:20] + held(s.Issuer, groups)[20:100] + "A"), reason: authn.Malformed, text: `the token that holds it: not three parts with dots between them`},
		{name: "bad signature", answer: say(strings.TrimRight(held(s.Issuer, groups), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") + strings.Repeat("A", 342)), reason: authn.BadSignature, text: `key "rsa-1"`},
		{name: "expired", answer: say(held(s.Issuer, object{"groups": "a", "exp": 1})), reason: authn.Expired, text: `(exp 1970-01-01T00:00:01Z)`},
		{name: "for others", answer: say(held(s.Issuer, object{"groups": "a", "aud": "b"})), reason: authn.WrongAudience, text: `not for any of ["api"]`},
		{name: "not a token", answer: say("<html>"), reason: authn.Malformed, text: `the token that holds it: not three parts with dots between them`},
		{name: "of somebody else", answer: say(held(s.Issuer, object{"groups": "a", "sub": "joe"})), reason: authn.RuleFailed, text: `its "sub" "joe" is not the user's (DistributedClaims.AnySubject takes it)`},
		{name: "of nobody", answer: say(held(s.Issuer, object{"groups": "a", "sub": nil})), reason: authn.ClaimMissing, text: `claim "sub": missing (DistributedClaims.AnySubject takes it)`},
		{name: "of somebody else, allowed", options: authconfig.DistributedClaims{AnySubject: true}, answer: say(held(s.Issuer, object{"groups": "a", "sub": "joe"})), want: info{Name: "jane", Groups: []string{"o:a"}}},
		{name: "of nobody, allowed", options: authconfig.DistributedClaims{AnySubject: true}, answer: say(held(s.Issuer, object{"groups": "a", "sub": nil})), want: info{Name: "jane", Groups: []string{"o:a"}}},
		{name: "http", claims: elsewhere(strings.Replace(here, "https", "http", 1)), reason: authn.RuleFailed, text: `must be https`},
		{name: "another host", claims: elsewhere(other.URL() + "/claims"), reason: authn.RuleFailed, text: `the host is neither the issuer's nor among DistributedClaims.Hosts`},
		{name: "another name of the host", claims: elsewhere(strings.Replace(here, "127.0.0.1", "localhost", 1)), reason: authn.RuleFailed, text: `the host is neither the issuer's nor among DistributedClaims.Hosts`},
		{name: "another name, allowed", options: authconfig.DistributedClaims{Hosts: []string{strings.TrimPrefix(strings.Replace(s.URL(), "127.0.0.1", "LOCALHOST", 1), "https://")}}, claims: elsewhere(strings.Replace(here, "127.0.0.1", "localhost", 1)), answer: say(held(s.Issuer, groups)), want: jane},
		{name: "every name", options: authconfig.DistributedClaims{Hosts: []string{"*"}}, claims: elsewhere(strings.Replace(here, "127.0.0.1", "localhost", 1)), answer: say(held(s.Issuer, groups)), want: jane},
		{name: "every host, but http", options: authconfig.DistributedClaims{Hosts: []string{"*"}}, claims: elsewhere("http://localhost/claims"), reason: authn.RuleFailed, text: `must be https`},
		{name: "another port", options: authconfig.DistributedClaims{Hosts: []string{"127.0.0.1"}}, claims: elsewhere(other.URL() + "/claims"), reason: authn.RuleFailed, text: `the host is neither the issuer's nor among DistributedClaims.Hosts`},
		{name: "a user in the URL", claims: elsewhere(strings.Replace(here, "https://", "https://me:secret@", 1)), reason: authn.RuleFailed, text: `must not have a user or a password`},
		{name: "not a URL", claims: elsewhere("https://[::1"), reason: authn.RuleFailed, text: `not a URL`},
		{name: "401", answer: authntest.Status(http.StatusUnauthorized).ServeHTTP, reason: authn.ClaimMissing, text: `/claims: status 401`},
		{name: "403", answer: authntest.Status(http.StatusForbidden).ServeHTTP, reason: authn.ClaimMissing, text: `/claims: status 403`},
		{name: "500", answer: authntest.Status(http.StatusInternalServerError).ServeHTTP, reason: authn.Unavailable, text: `/claims: status 500`},
		{name: "redirect", answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL(), http.StatusTemporaryRedirect)
		}, reason: authn.Unavailable, text: `/claims: status 307`},
		{name: "too long", answer: func(w http.ResponseWriter, _ *http.Request) {
			for range 2 << 10 {
				w.Write(make([]byte, 1<<10))
			}
		}, reason: authn.Unavailable, text: `the answer has more than 1048576 bytes`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.Handle("/claims", http.HandlerFunc(tt.answer))
			a := parse(t, config, &authconfig.Options{DistributedClaims: tt.options})
			c := elsewhere(here)
			for name, value := range tt.claims {
				c[name] = value
			}
			if tt.reason == "" {
				requireUser(t, a, s.Token(c), tt.want)
			} else {
				requireRefused(t, a, s.Token(c), tt.reason, tt.text)
			}
		})
	}
}

// The claim that was looked up is a claim to expressions and rules like any other.
func TestDistributedClaimsInRules(t *testing.T) {
	s := newSource(t, nil)
	s.Handle("/claims", http.HandlerFunc(say(s.Token(claims(object{"groups": []string{"a"}})))))
	a := parse(t, config(entry(s.Issuer, byGroups+"\nclaimValidationRules: [{expression: \"claims.groups == ['b']\", message: b only}]")), nil)
	requireRefused(t, a, s.Token(elsewhere(s.URL()+"/claims")), authn.RuleFailed, `b only ("claims.groups == ['b']" is false)`)
}

// What was looked up is for all requests with the token, and for as long as both
// tokens live; what was refused is for half a minute; what could not be had is for
// nobody.
func TestDistributedClaimsRemembered(t *testing.T) {
	s := newSource(t, nil)
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	s.SetNow(now)
	a := parse(t, config(entry(s.Issuer, byGroups)), &authconfig.Options{Now: now})
	answer := atomic.Value{}
	var asked atomic.Int32
	s.Handle("/claims", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer.Load().(http.HandlerFunc)(w, r)
	}))
	token := func(jti string) string {
		c := elsewhere(s.URL() + "/claims")
		c["jti"], c["exp"] = jti, now().Add(time.Hour).Unix()
		return s.Token(c)
	}
	answer.Store(http.HandlerFunc(say(s.Token(claims(object{"groups": "a", "exp": now().Add(10 * time.Minute).Unix()})))))
	first, second := token("1"), token("2")
	jane := info{Name: "jane", Groups: []string{"o:a"}, Extra: map[string][]string{"authentication.kubernetes.io/credential-id": {"JTI=1"}}}
	for range 3 {
		requireUser(t, a, first, jane)
	}
	require.EqualValues(t, 1, asked.Load())
	answer.Store(http.HandlerFunc(authntest.Status(http.StatusForbidden).ServeHTTP))
	for range 3 {
		requireRefused(t, a, second, authn.ClaimMissing, "status 403")
	}
	require.EqualValues(t, 2, asked.Load())
	ahead.Add(int64(31 * time.Second))
	requireRefused(t, a, second, authn.ClaimMissing, "status 403")
	require.EqualValues(t, 3, asked.Load())
	answer.Store(http.HandlerFunc(authntest.Status(http.StatusBadGateway).ServeHTTP))
	ahead.Add(int64(31 * time.Second))
	requireRefused(t, a, second, authn.Unavailable, "status 502")
	requireRefused(t, a, second, authn.Unavailable, "status 502")
	require.EqualValues(t, 5, asked.Load())
	requireUser(t, a, first, jane)
	require.EqualValues(t, 5, asked.Load())
	ahead.Add(int64(10 * time.Minute)) // now the token that held the groups is over
	requireRefused(t, a, first, authn.Unavailable, "status 502")
}

func TestDistributedClaimsAskedOnce(t *testing.T) {
	release := make(chan bool)
	var s *source
	s = newSource(t, func(w http.ResponseWriter, _ *http.Request) {
		<-release
		w.Write([]byte(s.Token(claims(object{"groups": "a"}))))
	})
	a := parse(t, config(entry(s.Issuer, byGroups)), nil)
	require.NoError(t, a.Preload(t.Context()))
	token := s.Token(elsewhere(s.URL() + "/claims"))
	var wg sync.WaitGroup
	var accepted atomic.Int32
	for range 2000 {
		wg.Go(func() {
			if _, ok, err := a.AuthenticateToken(t.Context(), token); ok && err == nil {
				accepted.Add(1)
			}
		})
	}
	require.Eventually(t, func() bool { return s.asked.Load() > 0 }, time.Minute, time.Millisecond)
	close(release)
	wg.Wait()
	require.EqualValues(t, 2000, accepted.Load())
	require.EqualValues(t, 1, s.asked.Load())
	require.Equal(t, "Bearer open sesame", s.bearer.Load())
}

// Callers who leave are not held, and what they waited for ends.
func TestDistributedClaimsCancelled(t *testing.T) {
	ended := make(chan bool, 1)
	s := newSource(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done(); ended <- true })
	a := parse(t, config(entry(s.Issuer, byGroups)), nil)
	require.NoError(t, a.Preload(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	token := s.Token(elsewhere(s.URL() + "/claims"))
	for range 100 {
		wg.Go(func() {
			_, ok, err := a.AuthenticateToken(ctx, token)
			require.False(t, ok)
			require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
		})
	}
	require.Eventually(t, func() bool { return s.asked.Load() > 0 }, time.Minute, time.Millisecond)
	cancel()
	wg.Wait()
	<-ended
}
