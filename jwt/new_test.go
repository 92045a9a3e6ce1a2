package jwt_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

func TestNewErrors(t *testing.T) {
	full := jwt.Config{Issuer: login, Audiences: []string{audience}, User: bySub.User}
	with := func(edit func(*jwt.Config)) jwt.Config {
		c := full
		edit(&c)
		return c
	}
	issuer := func(url string) jwt.Config { return with(func(c *jwt.Config) { c.Issuer = url }) }
	discovery := func(url string) jwt.Config { return with(func(c *jwt.Config) { c.DiscoveryURL = url }) }
	keysURL := func(url string) jwt.Config { return with(func(c *jwt.Config) { c.Issuer, c.KeysURL = "us", url }) }
	algorithms := func(names ...string) jwt.Config { return with(func(c *jwt.Config) { c.Algorithms = names }) }
	client, keys := &jwt.Options{Client: http.DefaultClient}, &jwt.Options{Keys: jwt.StaticKeys{}}
	const prefix, us = `jwt: issuer "https://login.example.com": `, `jwt: issuer "us": `
	tests := []struct {
		name   string
		config jwt.Config
		opts   *jwt.Options
		want   string // empty: no error
	}{
		{"nil options", full, nil, ""},
		{"zero options", full, &jwt.Options{}, ""},
		{"zero", jwt.Config{}, nil, `jwt: issuer "": issuer: required`},
		{"no audience", with(func(c *jwt.Config) { c.Audiences = nil }), nil, prefix + "audiences: at least one is required"},
		{"empty audiences", with(func(c *jwt.Config) { c.Audiences = []string{} }), nil, prefix + "audiences: at least one is required"},
		{"an empty audience", with(func(c *jwt.Config) { c.Audiences = []string{"a", ""} }), nil, prefix + "audiences: one is empty"},
		{"no user", with(func(c *jwt.Config) { c.User = nil }), nil, prefix + "user: required, such as ClaimMappings{…}.User"},
		{"no audience for given keys", with(func(c *jwt.Config) { c.Audiences = nil }), keys, prefix + "audiences: at least one is required"},
		{"MaxStale of an hour", full, &jwt.Options{MaxStale: time.Hour}, ""},
		{"short MaxStale", full, &jwt.Options{MaxStale: time.Hour - 1}, prefix + "options: MaxStale: must be at least one hour"},
		{"negative MaxStale", full, &jwt.Options{MaxStale: -1}, prefix + "options: MaxStale: must be at least one hour"},
		{"negative MaxBytes", full, &jwt.Options{MaxBytes: -1}, prefix + "options: MaxBytes: must not be negative"},
		{"no algorithms", with(func(c *jwt.Config) { c.Algorithms = []string{} }), nil, prefix + "algorithms: at least one is required"},
		{"all ten", algorithms(allAlgorithms...), nil, ""},
		{"none", algorithms("none"), nil, prefix + `algorithms: "none": not one of ["RS256" "RS384" "RS512" "PS256" "PS384" "PS512" "ES256" "ES384" "ES512"] and EdDSA`},
		{"HS256", algorithms("RS256", "HS256"), nil, prefix + `algorithms: "HS256": not one of ["RS256" "RS384" "RS512" "PS256" "PS384" "PS512" "ES256" "ES384" "ES512"] and EdDSA`},
		{"an unknown one", algorithms("RS257"), nil, prefix + `algorithms: "RS257": not one of ["RS256" "RS384" "RS512" "PS256" "PS384" "PS512" "ES256" "ES384" "ES512"] and EdDSA`},
		{"an empty one", algorithms(""), nil, prefix + `algorithms: "": not one of ["RS256" "RS384" "RS512" "PS256" "PS384" "PS512" "ES256" "ES384" "ES512"] and EdDSA`},
		{"lower case", algorithms("rs256"), nil, prefix + `algorithms: "rs256": not one of ["RS256" "RS384" "RS512" "PS256" "PS384" "PS512" "ES256" "ES384" "ES512"] and EdDSA`},
		{"unknown for given keys", algorithms("none"), keys, prefix + `algorithms: "none": not one of ["RS256" "RS384" "RS512" "PS256" "PS384" "PS512" "ES256" "ES384" "ES512"] and EdDSA`},
		{"http", issuer("http://login.example.com"), nil, `jwt: issuer "http://login.example.com": issuer: must be https`},
		{"http with a client", issuer("http://login.example.com"), client, `jwt: issuer "http://login.example.com": issuer: must be https`},
		{"http on loopback", issuer("http://127.0.0.1:5556"), nil, `jwt: issuer "http://127.0.0.1:5556": issuer: must be https`},
		{"http on loopback with a client", issuer("http://127.0.0.1:5556/dex"), client, ""},
		{"http on IPv6 loopback with a client", issuer("http://[::1]:5556"), client, ""},
		{"http on localhost with a client", issuer("http://localhost:5556"), client, ""},
		{"http on a name like localhost", issuer("http://localhost.example.com"), client, `jwt: issuer "http://localhost.example.com": issuer: must be https`},
		{"http on a private address", issuer("http://10.0.0.1"), client, `jwt: issuer "http://10.0.0.1": issuer: must be https`},
		{"another scheme", issuer("file:///etc/passwd"), nil, `jwt: issuer "file:///etc/passwd": issuer: has no host`},
		{"no scheme", issuer("login.example.com"), nil, `jwt: issuer "login.example.com": issuer: has no host`},
		{"no host", issuer("https://:443"), nil, `jwt: issuer "https://:443": issuer: has no host`},
		{"no URL", issuer("https://login.example.com/%zz"), nil, `jwt: issuer "https://login.example.com/%zz": issuer: not a URL`},
		{"a user", issuer("https://me@login.example.com"), nil, `jwt: issuer "…@login.example.com": issuer: must not have a user or a password`},
		{"a fragment", issuer("https://login.example.com#a"), nil, `jwt: issuer "https://login.example.com#a": issuer: must not have a fragment`},
		{"a query", issuer("https://login.example.com?a=b"), nil, `jwt: issuer "https://login.example.com?…": issuer: must not have a query`},
		{"an empty query", issuer("https://login.example.com?"), nil, `jwt: issuer "https://login.example.com?…": issuer: must not have a query`},
		{"any name for given keys", issuer("kubernetes/serviceaccount"), keys, ""},
		{"discovery elsewhere", discovery("https://10.0.0.1:8443/d?tenant=1"), nil, ""},
		{"discovery over http", discovery("http://10.0.0.1/d"), client, prefix + "discoveryURL: must be https"},
		{"discovery of given keys", discovery("https://10.0.0.1/d"), keys, prefix + "discoveryURL: not together with Options.Keys"},
		{"keys at a URL", keysURL("https://10.0.0.1:8443/keys?tenant=1"), nil, ""},
		{"keys at a URL of an issuer that is one", with(func(c *jwt.Config) { c.KeysURL = login + "/keys" }), nil, ""},
		{"keys at a URL of no issuer", with(func(c *jwt.Config) { c.Issuer, c.KeysURL = "", login+"/keys" }), nil, `jwt: issuer "": issuer: required`},
		{"keys over http", keysURL("http://127.0.0.1/keys"), nil, us + "keysURL: must be https"},
		{"keys over http on loopback with a client", keysURL("http://127.0.0.1/keys"), client, ""},
		{"keys over http with a client", keysURL("http://10.0.0.1/keys"), client, us + "keysURL: must be https"},
		{"keys in a file by URL", keysURL("file:///etc/keys"), client, us + "keysURL: has no host"},
		{"keys at no URL", keysURL("https://%zz"), nil, us + "keysURL: not a URL"},
		{"keys with a user", keysURL("https://a:b@10.0.0.1/keys"), nil, us + "keysURL: must not have a user or a password"},
		{"keys with a fragment", keysURL("https://10.0.0.1/keys#1"), nil, us + "keysURL: must not have a fragment"},
		{"keys and discovery", with(func(c *jwt.Config) { c.KeysURL, c.DiscoveryURL = login+"/keys", login+"/d" }), nil, prefix + "keysURL: not together with a discoveryURL"},
		{"keys at a URL and given", keysURL("https://10.0.0.1/keys"), keys, us + "keysURL: not together with Options.Keys"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			auth, err := jwt.New(tt.config, tt.opts)
			if tt.want == "" {
				require.NoError(t, err)
				require.Equal(t, tt.config.Issuer, auth.Issuer())
				return
			}
			require.EqualError(t, err, tt.want)
			require.Nil(t, auth)
		})
	}
}

// What the caller does with its slices later does not matter.
func TestNewCopies(t *testing.T) {
	issuer := newIssuer(t)
	audiences, algorithms := []string{audience}, []string{"ES256"}
	auth := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) { c.Audiences, c.Algorithms = audiences, algorithms })
	audiences[0], algorithms[0] = "changed", "RS256"
	require.Equal(t, isUser("jane"), ask(t, auth, issuer.Sign("ES256", good(nil), nil)))
	require.Equal(t, authn.WrongAlgorithm, ask(t, auth, issuer.Sign("RS256", good(nil), nil)).reason)
	require.Equal(t, authn.WrongAudience, ask(t, auth, issuer.Sign("ES256", good(object{"aud": "changed"}), nil)).reason)
}

func TestNewDefaults(t *testing.T) {
	issuer := newIssuer(t)
	issuer.SetNow(nil)
	auth, err := jwt.New(jwt.Config{Issuer: login, Audiences: []string{audience}, User: bySub.User}, &jwt.Options{Keys: keysOf(issuer)})
	require.NoError(t, err)
	require.Equal(t, "jwt", auth.String())
	require.NoError(t, auth.HealthCheck(), "given keys are healthy")
	require.NoError(t, auth.Preload(t.Context()))
	require.Equal(t, isUser("jane"), ask(t, auth, issuer.Token(good(nil))))
	past := time.Now().Add(-time.Minute).Unix()
	require.Equal(t, authn.Expired, ask(t, auth, issuer.Token(good(object{"exp": past}))).reason)
}

type ctxKey struct{}

func TestUserFunc(t *testing.T) {
	issuer := newIssuer(t)
	token := issuer.Token(good(nil))
	errReason := authn.Errorf(authn.Revoked, "the account is closed")
	type result = answer
	tests := []struct {
		name string
		user user.Info
		err  error
		want result
	}{
		{"a user", &user.DefaultInfo{Name: "ann", UID: "7", Groups: []string{"a"}}, nil, result{user: &user.DefaultInfo{Name: "ann", UID: "7", Groups: []string{"a"}}}},
		{"nil", nil, nil, result{reason: authn.InvalidUser, text: "Config.User returned no user"}},
		{"an error", nil, errors.New("no such account"), result{reason: authn.Refused, text: "no such account"}},
		{"an error and a user", &user.DefaultInfo{Name: "ann"}, errors.New("no such account"), result{reason: authn.Refused, text: "no such account"}},
		{"a reason", nil, errReason, result{reason: authn.Revoked, text: "the account is closed"}},
		{"unavailable", nil, authn.Errorf(authn.Unavailable, "the directory is down"), result{reason: authn.Unavailable, text: "the directory is down"}},
		{"the context's end", nil, context.DeadlineExceeded, result{reason: authn.Unavailable, text: "context deadline exceeded"}},
		{"no name", &user.DefaultInfo{}, nil, result{reason: authn.InvalidUser, text: "the user name is empty"}},
		{"NUL", &user.DefaultInfo{Name: "a\x00"}, nil, result{reason: authn.InvalidUser, text: "the user name has the control character U+0000 at byte 1"}},
		{"not UTF-8", &user.DefaultInfo{Name: "a\xff"}, nil, result{reason: authn.InvalidUser, text: "the user name is not valid UTF-8 at byte 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var seen any
			auth := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) {
				c.User = func(ctx context.Context, claims jwt.Claims) (user.Info, error) {
					seen = ctx.Value(ctxKey{})
					return tt.user, tt.err
				}
			})
			require.Equal(t, tt.want, askWith(context.WithValue(t.Context(), ctxKey{}, "of the request"), t, auth, token))
			require.Equal(t, "of the request", seen)
		})
	}
}

// The error of a User func stays what it was.
func TestUserFuncErrorIs(t *testing.T) {
	issuer := newIssuer(t)
	own := errors.New("no such account")
	auth := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) {
		c.User = func(context.Context, jwt.Claims) (user.Info, error) { return nil, own }
	})
	_, _, err := auth.AuthenticateToken(t.Context(), issuer.Token(good(nil)))
	require.ErrorIs(t, err, own)
	require.EqualError(t, err, `jwt: issuer "https://login.example.com": no such account`)
}

// A panic is for whoever serves the request: it must not become a verdict here.
func TestUserFuncPanics(t *testing.T) {
	issuer := newIssuer(t)
	auth := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) {
		c.User = func(context.Context, jwt.Claims) (user.Info, error) { panic("boom") }
	})
	token := issuer.Token(good(nil))
	require.PanicsWithValue(t, "boom", func() { _, _, _ = auth.AuthenticateToken(t.Context(), token) })
}

// The User func only sees claims that are verified.
func TestUserFuncComesLast(t *testing.T) {
	issuer, calls := newIssuer(t), 0
	auth := newStatic(t, keysOf(issuer), func(c *jwt.Config, _ *jwt.Options) {
		c.User = func(ctx context.Context, claims jwt.Claims) (user.Info, error) {
			calls++
			return bySub.User(ctx, claims)
		}
	})
	h, p, _ := parts(issuer.Token(good(nil)))
	for _, token := range []string{
		h + "." + p + ".",
		newIssuer(t).Token(good(nil)),
		issuer.Token(good(object{"aud": "another"})),
		issuer.Token(good(object{"exp": noon.Unix()})),
		issuer.Token(good(object{"nbf": noon.Unix() + 61})),
	} {
		require.NotEmpty(t, ask(t, auth, token).reason)
	}
	require.Zero(t, calls)
	require.Equal(t, isUser("jane"), ask(t, auth, issuer.Token(good(nil))))
	require.Equal(t, 1, calls)
}
