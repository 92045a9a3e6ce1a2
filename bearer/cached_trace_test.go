package bearer_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// accepting is a link that accepts one token.
type accepting struct{ name string }

func (a accepting) String() string { return a.name }

func (a accepting) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	switch token {
	case "late":
		return nil, false, authn.Errorf(authn.Expired, "%s: late", a.name)
	case "down":
		return nil, false, authn.Errorf(authn.Unavailable, "%s: down", a.name)
	case a.name:
		return &authenticator.Response{User: authntest.User(token)}, true, nil
	}
	authn.Note(ctx, "another's")
	return nil, false, nil
}

// A trace shows the whole chain when a token is looked up, and says so when the answer
// is one that was remembered.
func TestCachedTrace(t *testing.T) {
	c := bearer.Cached(union.Tokens(accepting{"ann"}, accepting{"bob"}), nil)
	auth := union.Requests(bearer.New(c))
	link := func(name string, v authn.Verdict, reason authn.Reason, detail, user string, links ...authn.Link) authn.Link {
		return authn.Link{Name: name, Verdict: v, Reason: reason, Detail: detail, User: user, Links: links}
	}
	const accepted, refused, notMine, unavailable = authn.VerdictAccepted, authn.VerdictRefused, authn.VerdictNotMine, authn.VerdictUnavailable
	twice := "ann: late; bob: late"
	tests := []struct {
		name, token string
		want        authn.Link
	}{
		{"miss", "bob", link("cache", accepted, "", "", "bob",
			link("ann", notMine, "", "another's", ""), link("bob", accepted, "", "", "bob"))},
		{"hit", "bob", link("cache", accepted, "", "remembered", "bob")},
		{"refused", "late", link("cache", refused, authn.Expired, twice, "",
			link("ann", refused, authn.Expired, "late", ""), link("bob", refused, authn.Expired, "late", ""))},
		{"refused before", "late", link("cache", refused, authn.Expired, "remembered: "+twice, "")},
		{"unknown", "eve", link("cache", notMine, "", "", "",
			link("ann", notMine, "", "another's", ""), link("bob", notMine, "", "another's", ""))},
		{"unknown before", "eve", link("cache", notMine, "", "remembered", "")},
		{"unavailable", "down", link("cache", unavailable, authn.Unavailable, "ann: down; bob: down", "",
			link("ann", unavailable, authn.Unavailable, "down", ""), link("bob", unavailable, authn.Unavailable, "down", ""))},
		{"unavailable again", "down", link("cache", unavailable, authn.Unavailable, "ann: down; bob: down", "",
			link("ann", unavailable, authn.Unavailable, "down", ""), link("bob", unavailable, authn.Unavailable, "down", ""))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			whole := traced(auth, authntest.Bearer(authntest.Request("/"), tt.token))
			require.Len(t, whole.Links, 1)
			require.Len(t, whole.Links[0].Links, 1)
			require.Equal(t, tt.want, timeless(whole.Links[0].Links[0]))
		})
	}
}

// traced returns what a trace tells of a request that is not explained.
func traced(auth authenticator.Request, r *http.Request) authn.Link {
	ctx, trace := authn.WithTrace(r.Context())
	_, _ = authn.Middleware{Authenticator: auth}.Authenticate(r.WithContext(ctx))
	return trace.Result()
}

// An explanation is the whole story, also of what was refused before. What it finds is
// not remembered.
func TestCachedExplained(t *testing.T) {
	answer := refusing("late")
	j := &judge{judgment: func(ctx context.Context, token string) (*authenticator.Response, bool, error) {
		return answer(ctx, token)
	}}
	c := bearer.Cached(j, nil)
	auth := bearer.New(c)
	r := authntest.Bearer(authntest.Request("/"), "a")
	explained := func() authn.Link { return authn.Explain(auth, r).Result().Links[0].Links[0] }
	late := authn.Link{Name: "judge", Verdict: authn.VerdictRefused, Reason: authn.Expired, Detail: "late"}

	require.Equal(t, []authn.Link{late}, timeless(explained()).Links, "a first look")
	require.Equal(t, []authn.Link{late}, timeless(explained()).Links, "asked anew")
	require.EqualValues(t, 2, j.asked.Load())
	require.Empty(t, traced(auth, r).Links[0].Links[0].Links, "remembered")
	require.EqualValues(t, 2, j.asked.Load())

	answer = always(authntest.User("ann"), nil)
	require.Equal(t, authn.VerdictAccepted, explained().Verdict)
	require.Equal(t, authn.VerdictRefused, traced(auth, r).Verdict)
}

// Explanations take a place among those in flight, as everybody does.
func TestCachedExplainedInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := bearer.Cached(&judge{judgment: func(ctx context.Context, token string) (*authenticator.Response, bool, error) {
			if token == "hangs" {
				return hang(ctx, token)
			}
			return refusing("late")(ctx, token)
		}}, &bearer.CacheOptions{MaxInFlight: 1})
		auth := bearer.New(c)
		r := authntest.Bearer(authntest.Request("/"), "late")
		require.Equal(t, authn.Expired, traced(auth, r).Reason)
		ctx, leave := context.WithCancel(t.Context())
		go func() { _, _, _ = c.AuthenticateToken(ctx, "hangs") }()
		synctest.Wait()
		require.Equal(t, authn.Unavailable, authn.Explain(auth, r).Result().Reason)
		require.Equal(t, authn.Expired, traced(auth, r).Reason, "remembered")
		leave()
		synctest.Wait()
		require.Equal(t, authn.Expired, authn.Explain(auth, r).Result().Reason)
	})
}

func refusing(text string) judgment { return always(nil, authn.Errorf(authn.Expired, "%s", text)) }

// timeless returns a link without how long it took.
func timeless(l authn.Link) authn.Link {
	l.Took = 0
	links := l.Links
	l.Links = nil
	for _, inner := range links {
		l.Links = append(l.Links, timeless(inner))
	}
	return l
}

// Without a trace a remembered refusal is the very error.
func TestCachedRemembersTheError(t *testing.T) {
	refusal := authn.Errorf(authn.Expired, "late")
	c := bearer.Cached(&judge{judgment: always(nil, refusal)}, nil)
	for range 2 {
		_, _, err := c.AuthenticateToken(t.Context(), "a")
		require.Same(t, refusal, err)
	}
	ctx, _ := authn.WithTrace(t.Context())
	_, _, err := c.AuthenticateToken(ctx, "a")
	require.ErrorIs(t, err, refusal)
	require.Equal(t, authn.Expired, authn.ReasonOf(err))
}

// A look-up goes on in the trace of who began it, also when that one has left; it ends
// there while others read.
func TestCachedTraceOfWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := bearer.Cached(&judge{judgment: slow}, nil)
		auth := bearer.New(c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		go func() {
			l := authn.Explain(auth, authntest.Bearer(authntest.Request("/").WithContext(ctx), "a")).Result()
			require.Equal(t, authn.VerdictUnavailable, l.Verdict)
			require.Equal(t, "context deadline exceeded", l.Detail)
		}()
		synctest.Wait()
		l := authn.Explain(auth, authntest.Bearer(authntest.Request("/").WithContext(t.Context()), "a")).Result()
		require.Equal(t, authn.VerdictAccepted, l.Verdict)
		require.Equal(t, "ann", l.User)
	})
}
