package bootstrap_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/bearer/bootstrap"
)

const (
	id     = "abc123"
	secret = "c4n4ryc4n4ryc4n4"
	token  = id + "." + secret
	name   = "bootstrap-token-" + id
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func now() time.Time { return noon }

// stub has Secrets, and an error if it is to have one for everything.
type stub struct {
	secrets map[string]*bootstrap.Secret
	err     error
	asked   []string
}

func (s *stub) Secret(_ context.Context, name string) (*bootstrap.Secret, error) {
	s.asked = append(s.asked, name)
	if s.err != nil {
		return nil, s.err
	}
	found, ok := s.secrets[name]
	if !ok {
		return nil, bootstrap.ErrNotFound
	}
	return found, nil
}

// good returns a Secret with the data changed that is given as key, value; an empty
// value takes it away.
func good(changes ...string) *bootstrap.Secret {
	data := map[string][]byte{"token-id": []byte(id), "token-secret": []byte(secret), "usage-bootstrap-authentication": []byte("true")}
	for i := 0; i < len(changes); i += 2 {
		data[changes[i]] = []byte(changes[i+1])
		if changes[i+1] == "" {
			delete(data, changes[i])
		}
	}
	return &bootstrap.Secret{Type: bootstrap.Type, Data: data}
}

// having returns an authenticator that knows s alone.
func having(s *bootstrap.Secret) *bootstrap.Authenticator {
	return bootstrap.New(&stub{secrets: map[string]*bootstrap.Secret{name: s}}, &bootstrap.Options{Now: now})
}

// ask returns the user of token, as a plain value, or nil and the note why it is not
// mine.
func ask(t *testing.T, auth authenticator.Token, token string) (*user.DefaultInfo, string) {
	t.Helper()
	ctx, trace := authn.WithTrace(t.Context())
	resp, ok, err := authn.AskToken(ctx, auth, token)
	require.NoError(t, err)
	link := trace.Result().Links[0]
	require.Equal(t, "bootstrap", link.Name)
	require.NotContains(t, trace.String(), "c4n4ry")
	if !ok {
		require.Nil(t, resp)
		require.Equal(t, authn.VerdictNotMine, link.Verdict)
		return nil, link.Detail
	}
	require.Empty(t, resp.Audiences)
	return &user.DefaultInfo{Name: resp.User.GetName(), UID: resp.User.GetUID(), Groups: resp.User.GetGroups(), Extra: resp.User.GetExtra()}, ""
}

func TestAccepted(t *testing.T) {
	const g = "system:bootstrappers"
	long := g + ":" + strings.Repeat("a", 256)
	for _, tt := range []struct {
		name    string
		changes []string
		groups  []string
	}{
		{"plain", nil, []string{g}},
		{"an extra group", []string{"auth-extra-groups", g + ":kubeadm:default-node-token"}, []string{g, g + ":kubeadm:default-node-token"}},
		{"sorted, each once", []string{"auth-extra-groups", g + ":z," + g + ":a," + g + ":z"}, []string{g, g + ":a", g + ":z"}},
		{"the longest group", []string{"auth-extra-groups", long}, []string{g, long}},
		{"one character", []string{"auth-extra-groups", g + ":0"}, []string{g, g + ":0"}},
		{"dashes and colons first", []string{"auth-extra-groups", g + ":-::a"}, []string{g, g + ":-::a"}},
		{"no extra groups", []string{"auth-extra-groups", ""}, []string{g}},
		{"no end", []string{"expiration", ""}, []string{g}},
		{"a second to go", []string{"expiration", "2026-11-23T12:00:01Z"}, []string{g}},
		{"a moment to go, elsewhere", []string{"expiration", "2026-11-23T14:00:00.000000001+02:00"}, []string{g}},
		{"signing too", []string{"usage-bootstrap-signing", "true"}, []string{g}},
		{"no signing", []string{"usage-bootstrap-signing", "false"}, []string{g}},
		{"a description", []string{"description", "for the new rack"}, []string{g}},
		{"what nobody knows", []string{"color", "blue"}, []string{g}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := ask(t, having(good(tt.changes...)), token)
			require.Equal(t, &user.DefaultInfo{Name: "system:bootstrap:" + id, Groups: tt.groups}, got)
		})
	}
}

func TestNotMine(t *testing.T) {
	const (
		of     = "Secret " + name + ": "
		noType = ", not bootstrap.kubernetes.io/token"
		group1 = "auth-extra-groups: group 1 is not system:bootstrappers: and a to z, 0 to 9, colons and dashes"
		noTime = of + "expiration is no time of RFC 3339"
		noUse  = of + `usage-bootstrap-authentication is not "true"`
	)
	deleted, opaque, untyped := good(), good(), good()
	deleted.Deleted, opaque.Type, untyped.Type = true, "Opaque", ""
	groups := func(groups string) *bootstrap.Secret { return good("auth-extra-groups", groups) }
	for _, tt := range []struct {
		name   string
		secret *bootstrap.Secret
		why    string
	}{
		{"being deleted", deleted, of + "it is being deleted"},
		{"of another type", opaque, of + `its type is "Opaque"` + noType},
		{"of no type", untyped, of + `its type is ""` + noType},
		{"no data", &bootstrap.Secret{Type: bootstrap.Type}, of + "token-secret is not the token's"},
		{"another secret", good("token-secret", "0123456789abcdef"), of + "token-secret is not the token's"},
		{"no secret", good("token-secret", ""), of + "token-secret is not the token's"},
		{"more secret", good("token-secret", secret+"x"), of + "token-secret is not the token's"},
		{"less secret", good("token-secret", secret[1:]), of + "token-secret is not the token's"},
		{"a line after the secret", good("token-secret", secret+"\n"), of + "token-secret is not the token's"},
		{"the secret in capitals", good("token-secret", strings.ToUpper(secret)), of + "token-secret is not the token's"},
		{"another id", good("token-id", "abc124"), of + "token-id is not the token's"},
		{"no id", good("token-id", ""), of + "token-id is not the token's"},
		{"expired now", good("expiration", "2026-11-23T12:00:00Z"), of + "expired 0s ago (expiration 2026-11-23T12:00:00Z)"},
		{"expired", good("expiration", "2026-11-23T12:56:48.5+01:00"), of + "expired 3m11s ago (expiration 2026-11-23T11:56:48Z)"},
		{"ends in the year 1", good("expiration", "0001-01-01T00:00:00Z"), of + "expiration is in the year 1"},
		{"ends with a date", good("expiration", "2027-11-23"), noTime},
		{"ends without a zone", good("expiration", "2027-11-23T12:00:00"), noTime},
		{"ends in seconds", good("expiration", "1826971200"), noTime},
		{"ends with a line break", good("expiration", "2027-11-23T12:00:00Z\n"), noTime},
		{"ends never", good("expiration", "never"), noTime},
		{"no usage", good("usage-bootstrap-authentication", ""), noUse},
		{"usage is false", good("usage-bootstrap-authentication", "false"), noUse},
		{"usage in capitals", good("usage-bootstrap-authentication", "True"), noUse},
		{"usage with a line break", good("usage-bootstrap-authentication", "true\n"), noUse},
		{"for signing only", good("usage-bootstrap-authentication", "", "usage-bootstrap-signing", "true"), noUse},
		{"system:masters", groups("system:masters"), of + group1},
		{"the group itself", groups("system:bootstrappers"), of + group1},
		{"an empty name", groups("system:bootstrappers:"), of + group1},
		{"capitals", groups("system:bootstrappers:A"), of + group1},
		{"a dash last", groups("system:bootstrappers:a-"), of + group1},
		{"a colon last", groups("system:bootstrappers:a:"), of + group1},
		{"a letter too many", groups("system:bootstrappers:" + strings.Repeat("a", 257)), of + group1},
		{"beyond ASCII", groups("system:bootstrappers:é"), of + group1},
		{"half a letter", groups("system:bootstrappers:\xe1"), of + group1},
		{"an underscore", groups("system:bootstrappers:a_b"), of + group1},
		{"a blank", groups("system:bootstrappers:a, system:bootstrappers:b"), of + strings.Replace(group1, "1", "2", 1)},
		{"a line break", groups("system:bootstrappers:a\n"), of + group1},
		{"a comma last", groups("system:bootstrappers:a,"), of + strings.Replace(group1, "1", "2", 1)},
		{"a comma alone", groups(","), of + group1},
		{"one is bad", groups("system:bootstrappers:a,system:nodes"), of + strings.Replace(group1, "1", "2", 1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, why := ask(t, having(tt.secret), token)
			require.Nil(t, got)
			require.Equal(t, tt.why, why)
		})
	}
}

// What is wrong with a Secret shows to nobody who has not its token.
func TestTheSecretComesFirst(t *testing.T) {
	_, why := ask(t, having(good("expiration", "2020-01-01T00:00:00Z", "token-id", "x", "auth-extra-groups", "x")), id+".0123456789abcdef")
	require.Equal(t, "Secret "+name+": token-secret is not the token's", why)
}

// A Secret is looked up for what has the form of a token, and for nothing else.
func TestForms(t *testing.T) {
	for _, other := range []string{
		"", ".", "abc123", "abc123.", "." + secret, "abc12." + secret, "abc1234." + secret, "abc123." + secret[1:], token + "a", token + "\n", " " + token, token + " ",
		"Abc123." + secret, "abc123." + strings.ToUpper(secret), "abc-23." + secret, "abc123:" + secret, "abc123.." + secret[1:], "abc123." + secret[:15] + ".", "abc12é." + secret,
		"a/../b." + secret, "eyJhbGciOiJub25lIn0.e30.", "abc123." + secret + "." + secret, "abc12\x00." + secret, "ａbc123." + secret,
	} {
		secrets := &stub{}
		got, why := ask(t, bootstrap.New(secrets, nil), other)
		require.Nil(t, got)
		require.Equal(t, "not of a bootstrap token's form", why)
		require.Empty(t, secrets.asked, other)
	}
	secrets := &stub{}
	_, why := ask(t, bootstrap.New(secrets, nil), "000000.0000000000000000")
	require.Equal(t, "there is no Secret of its id", why)
	require.Equal(t, []string{"bootstrap-token-000000"}, secrets.asked)
}

// If nobody can tell, the token is neither good nor bad.
func TestUnavailable(t *testing.T) {
	for _, tt := range []struct {
		name  string
		err   error
		want  string
		after time.Duration
	}{
		{"an error", errors.New("etcd is down"), "etcd is down", 0},
		{"one that tells when", &authn.Error{Reason: authn.Unavailable, Err: errors.New("busy"), RetryAfter: 7 * time.Second}, "busy", 7 * time.Second},
		{"one that says refused", authn.Errorf(authn.Refused, "no right to look"), "no right to look", 0},
		{"a long one", errors.New(strings.Repeat("x", 2000) + "\n"), strings.Repeat("x", 509) + "…", 0},
		{"the request's end", context.Canceled, "context canceled", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, ok, err := bootstrap.New(&stub{err: tt.err}, nil).AuthenticateToken(t.Context(), token)
			require.Nil(t, resp)
			require.False(t, ok)
			require.EqualError(t, err, "bootstrap: Secrets cannot be looked up: "+tt.want)
			require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
			var e *authn.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, tt.after, e.RetryAfter)
			require.ErrorIs(t, err, tt.err)
		})
	}
	_, _, err := having(nil).AuthenticateToken(t.Context(), token)
	require.EqualError(t, err, "bootstrap: Secrets cannot be looked up: neither a Secret nor an error")
	_, ok, err := bootstrap.New(&stub{err: fmt.Errorf("of mine: %w", bootstrap.ErrNotFound)}, nil).AuthenticateToken(t.Context(), token)
	require.NoError(t, err)
	require.False(t, ok)
}

// A cache remembers a token for no longer than it lasts.
func TestExpiry(t *testing.T) {
	resp, _, err := having(good("expiration", "2026-11-23T12:00:05Z")).AuthenticateToken(t.Context(), token)
	require.NoError(t, err)
	expiry, known := authn.ExpiryOf(resp.User)
	require.True(t, known)
	require.True(t, noon.Add(5*time.Second).Equal(expiry))
	resp, _, err = having(good()).AuthenticateToken(t.Context(), token)
	require.NoError(t, err)
	_, known = authn.ExpiryOf(resp.User)
	require.False(t, known)

	clock := noon
	secrets := &stub{secrets: map[string]*bootstrap.Secret{name: good("expiration", "2026-11-23T12:00:05Z")}}
	tick := func() time.Time { return clock }
	cached := bearer.Cached(bootstrap.New(secrets, &bootstrap.Options{Now: tick}), &bearer.CacheOptions{Now: tick})
	for second := range 8 {
		clock = noon.Add(time.Duration(second) * time.Second)
		_, ok, err := cached.AuthenticateToken(t.Context(), token)
		require.NoError(t, err)
		require.Equal(t, second < 5, ok, second)
	}
}

// Each request has a user of its own, and the Secret stays as it is.
func TestUsersAreOnesOwn(t *testing.T) {
	s := good("auth-extra-groups", "system:bootstrappers:b,system:bootstrappers:a")
	before := maps.Clone(s.Data)
	auth := having(s)
	first, _, err := auth.AuthenticateToken(t.Context(), token)
	require.NoError(t, err)
	first.User.GetGroups()[0] = "system:masters"
	second, _ := ask(t, auth, token)
	require.Equal(t, []string{"system:bootstrappers", "system:bootstrappers:a", "system:bootstrappers:b"}, second.Groups)
	require.Equal(t, before, s.Data)
}

// watched are Secrets that tell of changes and of their health.
type watched struct{ stub }

func (*watched) Generation() uint64 { return 7 }
func (*watched) HealthCheck() error { return errors.New("a file is broken") }

func TestWhatTheSecretsTell(t *testing.T) {
	auth := bootstrap.New(&watched{}, nil)
	require.EqualValues(t, 7, authn.GenerationOf(auth))
	require.EqualError(t, authn.HealthOf(auth), "bootstrap: a file is broken")
	plain := bootstrap.New(&stub{}, nil)
	require.Zero(t, authn.GenerationOf(plain))
	require.NoError(t, authn.HealthOf(plain))
	require.PanicsWithValue(t, "bootstrap.New: secrets is nil", func() { bootstrap.New(nil, nil) })
}

// A token is taken back by a line of a deny list.
func TestRevocations(t *testing.T) {
	denied := &authn.MemoryRevocations{}
	require.NoError(t, denied.Add(authn.Revocation{User: "system:bootstrap:" + id}))
	_, _, err := authn.TokenRevocations(having(good()), denied).AuthenticateToken(t.Context(), token)
	require.Equal(t, authn.Revoked, authn.ReasonOf(err))
}

func TestCheck(t *testing.T) {
	const noSecret = "token-secret is not sixteen of a to z and 0 to 9"
	opaque := good()
	opaque.Type = "Opaque"
	for _, tt := range []struct {
		name, of string
		secret   *bootstrap.Secret
		want     string
	}{
		{"good", name, good(), ""},
		{"expired", name, good("expiration", "2020-01-01T00:00:00Z"), ""},
		{"for signing only", name, good("usage-bootstrap-authentication", ""), ""},
		{"no name", "", good(), "its name is not bootstrap-token- and six of a to z and 0 to 9"},
		{"another's name", "tls", good(), "its name is not bootstrap-token- and six of a to z and 0 to 9"},
		{"a token for a name", "bootstrap-token-" + token, good(), "its name is not bootstrap-token- and six of a to z and 0 to 9"},
		{"another id", "bootstrap-token-abc124", good(), "token-id is not that of its name"},
		{"another type", name, opaque, `its type is "Opaque", not bootstrap.kubernetes.io/token`},
		{"no secret", name, good("token-secret", ""), noSecret},
		{"a short secret", name, good("token-secret", secret[1:]), noSecret},
		{"a line after the secret", name, good("token-secret", secret+"\n"), noSecret},
		{"never", name, good("expiration", "never"), "expiration is no time of RFC 3339"},
		{"a group of masters", name, good("auth-extra-groups", "system:masters"), "auth-extra-groups: group 1 is not system:bootstrappers: and a to z, 0 to 9, colons and dashes"},
	} {
		err := tt.secret.Check(tt.of)
		if tt.want == "" {
			require.NoError(t, err, tt.name)
			continue
		}
		require.EqualError(t, err, tt.want, tt.name)
	}
}

// Behind a middleware the handler sees the user and no token.
func TestMiddleware(t *testing.T) {
	m := authn.Middleware{Authenticator: bearer.New(having(good()))}
	asking := func(token string) (*http.Request, error) {
		r := authntest.Request("/")
		r.Header.Set("Authorization", "Bearer "+token)
		return m.Authenticate(r)
	}
	r, err := asking(token)
	require.NoError(t, err)
	u, ok := authn.UserFrom(r.Context())
	require.True(t, ok)
	require.Equal(t, "system:bootstrap:"+id, u.GetName())
	require.Empty(t, r.Header)
	for _, other := range []string{id + ".0123456789abcdef", "abc124." + secret} {
		_, err = asking(other)
		require.Equal(t, authn.UnknownToken, authn.ReasonOf(err))
		require.NotContains(t, err.Error(), "c4n4ry")
	}
}
