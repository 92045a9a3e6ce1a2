package authconfig_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/apis/apiserver"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// followed is a configuration file and the authenticator that follows it.
type followed struct {
	*authconfig.Authenticator
	path  string
	ahead atomic.Int64 // seconds that the clock is ahead
	mu    sync.Mutex
	told  []string
}

func newFollowed(t *testing.T, text string, o authconfig.Options) *followed {
	t.Helper()
	f := &followed{path: filepath.Join(t.TempDir(), "auth.yaml")}
	f.write(t, text)
	o.Now = func() time.Time { return time.Now().Add(time.Duration(f.ahead.Load()) * time.Second) }
	o.OnReload = func(err error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.told = append(f.told, fmt.Sprint(err))
	}
	a, err := authconfig.File(f.path, &o)
	require.NoError(t, err)
	f.Authenticator = a
	return f
}

func (f *followed) write(t *testing.T, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(f.path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(f.path+".new", f.path))
	f.ahead.Add(3) // long enough for nobody to be writing still
}

func withPrefix(prefix string) string {
	return "claimMappings: {username: {claim: sub, prefix: '" + prefix + "'}}"
}

func TestFile(t *testing.T) {
	i := authntest.NewIssuer(t)
	f := newFollowed(t, config(entry(i, withPrefix("a:"))), authconfig.Options{})
	require.ErrorContains(t, f.HealthCheck(), "keys: not fetched yet")
	token := i.Token(claims(nil))
	requireUser(t, f.Authenticator, token, info{Name: "a:jane"})
	require.NoError(t, f.HealthCheck())
	f.write(t, config(entry(i, withPrefix("b:"))))
	requireUser(t, f.Authenticator, token, info{Name: "b:jane"})
	require.Equal(t, []string{"<nil>"}, f.told)
	require.Equal(t, 1, i.KeyFetches(), "keys that are where they were are kept")
	require.NoError(t, f.HealthCheck())
}

// Another way to the same issuer is another source of keys.
func TestFileOtherSource(t *testing.T) {
	i := authntest.NewIssuer(t)
	f := newFollowed(t, config(entry(i, bySub)), authconfig.Options{})
	requireUser(t, f.Authenticator, i.Token(claims(nil)), info{Name: "jane"})
	i.Handle("/elsewhere", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, i.URL(), i.URL()+"/keys")
	}))
	f.write(t, strings.Replace(config(entry(i, bySub)), "    audiences", "    discoveryURL: "+i.URL()+"/elsewhere\n    audiences", 1))
	requireUser(t, f.Authenticator, i.Token(claims(nil)), info{Name: "jane"})
	require.Eventually(t, func() bool { return i.KeyFetches() == 2 && f.HealthCheck() == nil }, time.Minute, time.Millisecond)
	require.Equal(t, 1, i.Discoveries(), "the second is elsewhere")
}

// What is gone is not taken any more and what is changed is in use at once, also
// while the keys of what is new are waited for.
func TestFileIssuersComeAndGo(t *testing.T) {
	stays, goes, comes := authntest.NewIssuer(t), authntest.NewIssuer(t), authntest.NewIssuer(t)
	f := newFollowed(t, config(entry(stays, bySub), entry(goes, bySub)), authconfig.Options{})
	for _, i := range []*authntest.Issuer{stays, goes} {
		requireUser(t, f.Authenticator, i.Token(claims(nil)), info{Name: "jane"})
	}
	ask := make(chan bool)
	comes.Handle("/.well-known/openid-configuration", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-ask
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, comes.URL(), comes.URL()+"/keys")
	}))
	f.write(t, config(entry(comes, bySub), entry(stays, withPrefix("new:"))))
	requireNotMine(t, f.Authenticator, goes.Token(claims(nil)))
	requireUser(t, f.Authenticator, stays.Token(claims(nil)), info{Name: "new:jane"})
	require.Equal(t, []string{stays.URL()}, f.Issuers())
	require.ErrorContains(t, f.HealthCheck(), `authconfig: issuer "`+comes.URL()+`": new, not in use before its keys are there, or cannot be had`)
	close(ask)
	require.Eventually(t, func() bool { return len(f.Issuers()) == 2 }, time.Minute, time.Millisecond)
	require.NoError(t, f.HealthCheck())
	requireUser(t, f.Authenticator, comes.Token(claims(nil)), info{Name: "jane"})
	requireNotMine(t, f.Authenticator, goes.Token(claims(nil)))
}

// One that is reached in another way goes on as it was until that way is known.
func TestFileIssuerMoves(t *testing.T) {
	i := authntest.NewIssuer(t)
	f := newFollowed(t, config(entry(i, withPrefix("old:"))), authconfig.Options{})
	requireUser(t, f.Authenticator, i.Token(claims(nil)), info{Name: "old:jane"})
	ask := make(chan bool)
	i.Handle("/elsewhere", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-ask
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, i.URL(), i.URL()+"/keys")
	}))
	f.write(t, strings.Replace(config(entry(i, withPrefix("new:"))), "    audiences", "    discoveryURL: "+i.URL()+"/elsewhere\n    audiences", 1))
	requireUser(t, f.Authenticator, i.Token(claims(nil)), info{Name: "old:jane"})
	close(ask)
	require.Eventually(t, func() bool { return f.HealthCheck() == nil }, time.Minute, time.Millisecond)
	requireUser(t, f.Authenticator, i.Token(claims(nil)), info{Name: "new:jane"})
}

// However often the file changes, a new issuer that does not answer is not waited
// for again and again.
func TestFileManyChanges(t *testing.T) {
	one, dead := authntest.NewIssuer(t), authntest.NewIssuer(t)
	dead.Serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	f := newFollowed(t, config(entry(one, bySub)), authconfig.Options{})
	for n := range 5 {
		f.write(t, config(entry(one, withPrefix(fmt.Sprint(n))), entry(dead, bySub)))
		requireUser(t, f.Authenticator, one.Token(claims(nil)), info{Name: fmt.Sprint(n) + "jane"})
	}
	require.Len(t, f.Issuers(), 2)
	dead.Serve(nil)
}

// Keys that the caller gives are asked for with each configuration.
func TestFileKeys(t *testing.T) {
	i := authntest.NewIssuer(t)
	keys := func() jwt.StaticKeys { return jwt.StaticKeys{{ID: i.KeyID("RS256"), Public: i.PublicKey("RS256")}} }
	given := keys()
	f := newFollowed(t, config(entry(i, bySub)), authconfig.Options{Keys: func(apiserver.Issuer) jwt.KeySet { return given }})
	before := i.Token(claims(nil))
	requireUser(t, f.Authenticator, before, info{Name: "jane"})
	i.Rotate()
	given = keys()
	f.write(t, config(entry(i, withPrefix("b:"))))
	requireUser(t, f.Authenticator, i.Token(claims(nil)), info{Name: "b:jane"})
	requireRefused(t, f.Authenticator, before, authn.UnknownKey, `no key "rsa-1" for RS256 among the issuer's`)
	require.Zero(t, i.KeyFetches())
}

// A new issuer that answers is warm when it is in use: its first token fetches
// nothing.
func TestFileNewIssuerIsWarm(t *testing.T) {
	one, two := authntest.NewIssuer(t), authntest.NewIssuer(t)
	f := newFollowed(t, config(entry(one, bySub)), authconfig.Options{})
	f.write(t, config(entry(one, bySub), entry(two, bySub)))
	f.Issuers()
	require.Eventually(t, func() bool { return len(f.Issuers()) == 2 }, time.Minute, time.Millisecond)
	require.Equal(t, 1, two.KeyFetches())
	requireUser(t, f.Authenticator, two.Token(claims(nil)), info{Name: "jane"})
	require.Equal(t, 1, two.KeyFetches())
}

// One that does not answer keeps nobody waiting for longer than a bound; then its
// tokens cannot be judged, and all others can.
func TestFileNewIssuerIsDown(t *testing.T) {
	one, two := authntest.NewIssuer(t), authntest.NewIssuer(t)
	token := two.Token(claims(nil))
	two.Stop()
	f := newFollowed(t, config(entry(one, bySub)), authconfig.Options{})
	f.write(t, config(entry(two, bySub), entry(one, bySub)))
	f.Issuers()
	require.Eventually(t, func() bool { return len(f.Issuers()) == 2 }, time.Minute, time.Millisecond)
	requireRefused(t, f.Authenticator, token, authn.Unavailable, "connection refused")
	requireUser(t, f.Authenticator, one.Token(claims(nil)), info{Name: "jane"})
	require.ErrorContains(t, f.HealthCheck(), two.URL())
	two.Start()
	require.Eventually(t, func() bool {
		f.ahead.Add(5)
		_, ok, _ := f.AuthenticateToken(t.Context(), token)
		return ok
	}, time.Minute, 10*time.Millisecond)
}

func TestFileBroken(t *testing.T) {
	i := authntest.NewIssuer(t)
	good := config(entry(i, withPrefix("good:")))
	for name, tt := range map[string]struct{ text, want string }{
		"empty":        {"", "the configuration is empty"},
		"cut":          {good[:len(good)-3], "yaml: line"},
		"invalid":      {config(entry(i, "claimMappings: {username: {claim: sub}}")), "jwt[0].claimMappings.username.prefix: Required value"},
		"unknown":      {good + "more: true\n", `unknown field "more"`},
		"another kind": {"apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: []\n", "want an AuthenticationConfiguration, got *apiserver.EncryptionConfiguration"},
		"two entries":  {good + entry(i, bySub), "jwt[1].issuer.url: Duplicate value"},
		"no egress":    {strings.Replace(good, "    audiences", "    egressSelectorType: cluster\n    audiences", 1), "jwt[0].issuer.egressSelectorType: Invalid value: \"cluster\": there is no Options.Egress to reach it by"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := authconfig.Parse([]byte(tt.text), nil)
			require.ErrorContains(t, err, tt.want)
			f := newFollowed(t, good, authconfig.Options{})
			token := i.Token(claims(nil))
			requireUser(t, f.Authenticator, token, info{Name: "good:jane"})
			f.write(t, tt.text)
			requireUser(t, f.Authenticator, token, info{Name: "good:jane"})
			require.ErrorContains(t, f.HealthCheck(), "authconfig: "+f.path+": still what it held at ")
			require.ErrorContains(t, f.HealthCheck(), tt.want)
			require.Len(t, f.told, 1)
			require.Contains(t, f.told[0], tt.want)
			f.write(t, config(entry(i, withPrefix("mended:"))))
			requireUser(t, f.Authenticator, token, info{Name: "mended:jane"})
			require.NoError(t, f.HealthCheck())
		})
	}
	_, err := authconfig.File(filepath.Join(t.TempDir(), "none.yaml"), nil)
	require.ErrorContains(t, err, "authconfig: ")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// 10,000 requests in flight lose nothing to changes of the file, and are judged by
// one configuration each.
func TestFileSwapsUnderLoad(t *testing.T) {
	one, two := authntest.NewIssuer(t), authntest.NewIssuer(t)
	rules := "\nuserValidationRules: [{expression: \"user.username == '%[1]s:jane' && user.groups == ['%[1]s:g']\"}]"
	texts := []string{
		config(entry(one, "claimMappings: {username: {claim: sub, prefix: 'a:'}, groups: {claim: g, prefix: 'a:'}}"+fmt.Sprintf(rules, "a")), entry(two, bySub)),
		config(entry(one, "claimMappings: {username: {claim: sub, prefix: 'b:'}, groups: {claim: g, prefix: 'b:'}}"+fmt.Sprintf(rules, "b"))),
	}
	f := newFollowed(t, texts[0], authconfig.Options{})
	require.NoError(t, f.Preload(t.Context()))
	token := one.Token(claims(object{"g": "g"}))
	var wg sync.WaitGroup
	var swap sync.Mutex
	var left, accepted, swaps atomic.Int64
	left.Store(10_000)
	for range 16 {
		wg.Go(func() {
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				if n%500 == 0 {
					swap.Lock()
					f.write(t, texts[swaps.Add(1)%2])
					swap.Unlock()
				}
				_, ok, err := f.AuthenticateToken(t.Context(), token)
				for authn.ReasonOf(err) == authn.Unavailable { // a busy machine is not the file's fault
					_, ok, err = f.AuthenticateToken(t.Context(), token)
				}
				if ok && err == nil {
					accepted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 10_000, accepted.Load())
	require.EqualValues(t, 20, swaps.Load())
}

// A thousand changes leave no goroutine and no connection behind.
func TestFileChangesLeaveNothing(t *testing.T) {
	one, two := authntest.NewIssuer(t), authntest.NewIssuer(t)
	f := newFollowed(t, config(entry(one, bySub)), authconfig.Options{})
	requireUser(t, f.Authenticator, one.Token(claims(nil)), info{Name: "jane"})
	before, files := runtime.NumGoroutine(), openFiles(t)
	for n := range 1000 {
		text := config(entry(one, withPrefix(fmt.Sprint(n))))
		if n%100 == 99 { // some have an issuer whose keys must be fetched
			text = config(entry(one, bySub), entry(two, bySub))
		}
		f.write(t, text)
		f.Issuers()
	}
	require.Eventually(t, func() bool {
		f.ahead.Add(1)
		f.Issuers()
		return runtime.NumGoroutine() <= before+4 && openFiles(t) <= files+4
	}, time.Minute, 10*time.Millisecond)
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0 // not Linux
	}
	return len(entries)
}
