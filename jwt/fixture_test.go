package jwt_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

const (
	login    = "https://login.example.com" // the issuer, where its keys are given
	audience = "kubernetes"
)

// noon is what the clocks show at first.
var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

var allAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

type (
	object = map[string]any
	raw    = json.RawMessage
)

// clock is a clock that moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: noon} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newIssuer(t testing.TB) *authntest.Issuer {
	t.Helper()
	issuer := authntest.NewIssuer(t)
	issuer.SetNow(func() time.Time { return noon })
	return issuer
}

// keysOf returns the issuer's current keys.
func keysOf(issuer *authntest.Issuer) jwt.StaticKeys {
	var keys jwt.StaticKeys
	for _, alg := range []string{"RS256", "ES256", "ES384", "ES512", "EdDSA"} {
		keys = append(keys, jwt.Key{ID: issuer.KeyID(alg), Public: issuer.PublicKey(alg)})
	}
	return keys
}

var bySub = jwt.ClaimMappings{Username: jwt.Claim("sub")}

// newStatic returns an authenticator of login's tokens with given keys, at noon.
func newStatic(t testing.TB, keys jwt.KeySet, edit ...func(*jwt.Config, *jwt.Options)) *jwt.Authenticator {
	t.Helper()
	c := jwt.Config{Issuer: login, Audiences: []string{audience}, User: bySub.User}
	o := &jwt.Options{Keys: keys, Now: func() time.Time { return noon }}
	for _, e := range edit {
		e(&c, o)
	}
	auth, err := jwt.New(c, o)
	require.NoError(t, err)
	return auth
}

// good returns the claims of a good token of login's, with changes.
func good(changes object) object {
	c := object{"iss": login, "sub": "jane", "aud": audience}
	maps.Copy(c, changes)
	return c
}

// payload returns the JSON of a good token's claims with the given members in
// the place of sub, aud and exp.
func payload(members string) []byte { return []byte(`{"iss":"` + login + `",` + members + `}`) }

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func unb64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	require.NoError(t, err)
	return b
}

func toJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return b
}

// notMine is the reason of answers without one: the token is another's.
const notMine authn.Reason = "not mine"

// answer is what an authenticator made of a token. The text of a refusal is
// without the prefix that names the issuer; that of notMine is the note in the
// trace.
type answer struct {
	user   *user.DefaultInfo
	reason authn.Reason
	text   string
}

func isUser(name string) answer { return answer{user: &user.DefaultInfo{Name: name}} }

// ask returns auth's answer, after checking what must hold of every answer.
func ask(t testing.TB, auth authenticator.Token, token string) answer {
	t.Helper()
	return askWith(t.Context(), t, auth, token)
}

func askWith(ctx context.Context, t testing.TB, auth authenticator.Token, token string) answer {
	t.Helper()
	var (
		resp *authenticator.Response
		ok   bool
		err  error
	)
	ctx, trace := authn.WithTrace(ctx)
	_, _, _ = authn.AskToken(ctx, authenticator.TokenFunc(func(ctx context.Context, token string) (*authenticator.Response, bool, error) {
		resp, ok, err = auth.AuthenticateToken(ctx, token)
		return resp, ok, err
	}), token)
	note := trace.Result().Links[0].Detail
	mustBeSilentOn(t, token, note)
	switch {
	case err != nil:
		require.Nil(t, resp)
		require.False(t, ok)
		mustBeSilentOn(t, token, err.Error())
		return answer{reason: authn.ReasonOf(err), text: trimIssuer(t, err)}
	case !ok:
		require.Nil(t, resp)
		return answer{reason: notMine, text: note}
	}
	require.NotEmpty(t, resp.User.GetName())
	require.Empty(t, resp.Audiences)
	u := resp.User
	return answer{user: &user.DefaultInfo{Name: u.GetName(), UID: u.GetUID(), Groups: u.GetGroups(), Extra: u.GetExtra()}}
}

// trimIssuer returns the text of an error without the package and the issuer in
// front, which must be there.
func trimIssuer(t testing.TB, err error) string {
	t.Helper()
	before, after, found := strings.Cut(err.Error(), `": `)
	require.True(t, found, err)
	require.True(t, strings.HasPrefix(before, `jwt: issuer "https://`), err)
	return after
}

// mustBeSilentOn fails if text is long or quotes a token.
func mustBeSilentOn(t testing.TB, token, text string) {
	t.Helper()
	require.LessOrEqual(t, len(text), 1024, text)
	mustNotQuote(t, token, text)
}

// mustNotQuote fails if text holds so much of a token, from wherever in it, that
// it is no coincidence. The name of the issuer is not the token's alone.
func mustNotQuote(t testing.TB, token, text string) {
	t.Helper()
	const much = 17
	text = strings.ReplaceAll(text, login, "")
	for i := range max(0, len(text)-much+1) {
		if part := text[i : i+much]; strings.Contains(token, part) {
			require.Fail(t, "a token is quoted", "%q in %q", part, text)
		}
	}
}

// row is a token and what should come of it.
type row struct {
	name  string
	token string
	want  answer
}

func run(t *testing.T, auth authenticator.Token, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) { require.Equal(t, r.want, ask(t, auth, r.token)) })
	}
}
