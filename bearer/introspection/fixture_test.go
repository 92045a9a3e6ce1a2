package introspection_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/introspection"
	"github.com/authnchain/authnchain/jwt"
)

const (
	endpoint = "https://login.example.com/introspect"
	token    = "0paque-Token_of.jane~+/=="
)

// noon is what the clocks say.
var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// bySub is the mapping of most tests.
var bySub = jwt.ClaimMappings{Username: jwt.Claim("sub"), Groups: jwt.Claim("scope").Words()}

// roundTrip is a network with one server on it.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func clientOf(h http.Handler) *http.Client {
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result(), nil
	})}
}

func says(code int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	})
}

// asking returns an Authenticator whose questions h answers.
func asking(t testing.TB, h http.Handler, edits ...func(*introspection.Config, *introspection.Options)) *introspection.Authenticator {
	t.Helper()
	c := introspection.Config{
		URL: endpoint, Credentials: introspection.Basic("my-api", "s3cret-of-my-api"),
		Issuer: "https://login.example.com", Audiences: []string{"my-api"}, User: bySub.User,
	}
	o := introspection.Options{Client: clientOf(h), Now: func() time.Time { return noon }}
	for _, edit := range edits {
		edit(&c, &o)
	}
	a, err := introspection.New(c, &o)
	require.NoError(t, err)
	return a
}

// google is asking for Google's tokeninfo.
func google(t testing.TB, h http.Handler, edits ...func(*introspection.GoogleConfig, *introspection.Options)) *introspection.Authenticator {
	t.Helper()
	c := introspection.GoogleConfig{ClientIDs: []string{"42.apps.googleusercontent.com", "1075"}, User: jwt.ClaimMappings{Username: jwt.Claim("sub"), Groups: jwt.Claim("email")}.User}
	o := introspection.Options{Client: clientOf(h), Now: func() time.Time { return noon }}
	for _, edit := range edits {
		edit(&c, &o)
	}
	a, err := introspection.Google(c, &o)
	require.NoError(t, err)
	return a
}

// got is one of the answers, in one value.
type got struct {
	user   string
	groups []string
	reason authn.Reason // empty and no user: not mine
	text   string       // of the error, or of the note
	mine   bool
}

func isUser(name string, groups ...string) got { return got{user: name, groups: groups} }

func notMine(note string) got { return got{text: note} }

func refused(reason authn.Reason, text string) got {
	return got{reason: reason, text: "introspection: " + text, mine: true}
}

func unavailable(text string) got {
	return got{reason: authn.Unavailable, text: "introspection: " + text}
}

func ask(t testing.TB, a *introspection.Authenticator, token string) got {
	t.Helper()
	return askWith(context.Background(), t, a, token)
}

func askWith(ctx context.Context, t testing.TB, a *introspection.Authenticator, token string) got {
	t.Helper()
	ctx, trace := authn.WithTrace(ctx)
	resp, ok, err := authn.AskToken(ctx, a, token)
	require.Equal(t, ok, resp != nil)
	links := trace.Result().Links
	require.Len(t, links, 1)
	require.Equal(t, "introspection", links[0].Name)
	switch {
	case err != nil:
		require.False(t, ok)
		return got{reason: authn.ReasonOf(err), text: err.Error(), mine: authn.IsMine(err)}
	case !ok:
		return got{text: links[0].Detail}
	}
	return got{user: resp.User.GetName(), groups: resp.User.GetGroups()}
}

// recorder keeps what it was asked, and has one answer.
type recorder struct {
	body     string
	requests []*http.Request
	forms    []url.Values
	bodies   []string
}

func (s *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(text))
	s.requests, s.forms, s.bodies = append(s.requests, r), append(s.forms, form), append(s.bodies, string(text))
	says(http.StatusOK, s.body).ServeHTTP(w, r)
}

// active returns the answer for a good token of jane, with more members in it.
func active(more ...string) string {
	return `{` + strings.Join(append([]string{`"active":true,"sub":"jane","aud":"my-api","token_type":"Bearer"`}, more...), ",") + `}`
}
