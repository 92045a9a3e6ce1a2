package authn_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/token/tokenfile"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// untimed is l without its durations. None is longer than the parent's, and what
// was not tried took none.
func untimed(t *testing.T, l authn.Link) authn.Link {
	t.Helper()
	for i, child := range l.Links {
		require.LessOrEqual(t, child.Took, l.Took)
		l.Links[i] = untimed(t, child)
	}
	if l.Verdict == authn.VerdictNotTried {
		require.Zero(t, l.Took)
	}
	l.Took = 0
	return l
}

func TestTraceResult(t *testing.T) {
	type links = []authn.Link
	ann := accepts("ann's", authntest.User("ann"))
	late := refuses("late", authn.Errorf(authn.Expired, "late: expired"))
	down := refuses("down", authn.Errorf(authn.Unavailable, "no route"))
	notMine := passes("other", "not here")

	wasAccepted := authn.Link{Name: "ann's", Verdict: authn.VerdictAccepted, User: "ann"}
	wasLate := authn.Link{Name: "late", Verdict: authn.VerdictRefused, Reason: authn.Expired, Detail: "expired"}
	wasDown := authn.Link{Name: "down", Verdict: authn.VerdictUnavailable, Reason: authn.Unavailable, Detail: "no route"}
	wasNotMine := authn.Link{Name: "other", Verdict: authn.VerdictNotMine, Detail: "not here"}
	notTried := func(name, why string) authn.Link {
		return authn.Link{Name: name, Verdict: authn.VerdictNotTried, Detail: why}
	}
	const first, refused = "accepted before it", "an authenticator refused the credential"

	tests := []struct {
		name string
		auth authenticator.Request
		want authn.Link
	}{
		{"one", ann, authn.Link{Verdict: authn.VerdictAccepted, User: "ann", Links: links{wasAccepted}}},
		{"not mine", notMine, authn.Link{Verdict: authn.VerdictNotMine, Reason: authn.NoCredential, Detail: "authn: no credential in the request", Links: links{wasNotMine}}},
		{"refused", late, authn.Link{Verdict: authn.VerdictRefused, Reason: authn.Expired, Detail: "late: expired", Links: links{wasLate}}},
		{"unavailable", union.Requests(late, down), authn.Link{Verdict: authn.VerdictUnavailable, Reason: authn.Unavailable, Detail: "late: expired; no route", Links: links{wasLate, wasDown}}},
		{"the rest is not tried", union.Requests(notMine, ann, late, down), authn.Link{Verdict: authn.VerdictAccepted, User: "ann", Links: links{wasNotMine, wasAccepted, notTried("late", first), notTried("down", first)}}},
		{"a union in a union has no line", union.Requests(union.Requests(notMine, late), union.Requests(union.Requests(ann), down)), authn.Link{Verdict: authn.VerdictAccepted, User: "ann", Links: links{wasNotMine, wasLate, wasAccepted, notTried("down", first)}}},
		{"an empty union", union.Requests(), authn.Link{Verdict: authn.VerdictNotMine, Reason: authn.NoCredential, Detail: "authn: no credential in the request"}},
		{"anonymous, accepted before", anonymous.New(ann), authn.Link{Verdict: authn.VerdictAccepted, User: "ann", Links: links{wasAccepted, notTried("anonymous", first)}}},
		{"anonymous, refused before", anonymous.New(late), authn.Link{Verdict: authn.VerdictRefused, Reason: authn.Expired, Detail: "late: expired", Links: links{wasLate, notTried("anonymous", refused)}}},
		{"anonymous", anonymous.New(notMine), authn.Link{Verdict: authn.VerdictAccepted, User: "system:anonymous", Links: links{wasNotMine, {Name: "anonymous", Verdict: authn.VerdictAccepted, User: "system:anonymous"}}}},
		{"anonymous elsewhere", anonymous.New(notMine, "/healthz"), authn.Link{Verdict: authn.VerdictNotMine, Reason: authn.NoCredential, Detail: "authn: no credential in the request", Links: links{wasNotMine, {Name: "anonymous", Verdict: authn.VerdictNotMine, Detail: "the path is not one of those open to anonymous"}}}},
		{"tokens below bearer", bearer.New(union.Tokens(notMine, ann, late)), authn.Link{Verdict: authn.VerdictAccepted, User: "ann", Links: links{{Name: "bearer", Verdict: authn.VerdictAccepted, User: "ann", Links: links{wasNotMine, wasAccepted, notTried("late", first)}}}}},
		{"a name that is none", authntest.As(authntest.User("")), authn.Link{Verdict: authn.VerdictRefused, Reason: authn.InvalidUser, Detail: "authn: func accepted a request: the user name is empty", Links: links{{Name: "func", Verdict: authn.VerdictRefused, Reason: authn.InvalidUser, Detail: "authn: func accepted a request: the user name is empty"}}}},
		{"a detail of many lines", refuses("x", errors.New("a\nb\x1b[2J\xff")), authn.Link{Verdict: authn.VerdictRefused, Reason: authn.Refused, Detail: "a\uFFFDb\uFFFD[2J\uFFFD", Links: links{{Name: "x", Verdict: authn.VerdictRefused, Reason: authn.Refused, Detail: "a\uFFFDb\uFFFD[2J\uFFFD"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			trace := authn.Explain(tt.auth, request("Authorization", "Bearer x"))
			require.Equal(t, tt.want, untimed(t, trace.Result()))
			require.Equal(t, trace.Result(), trace.Result())
		})
	}
}

// named is a stranger without a String method.
type named struct{}

func (*named) AuthenticateRequest(*http.Request) (*authenticator.Response, bool, error) {
	return nil, false, nil
}

func (*named) AuthenticateToken(context.Context, string) (*authenticator.Response, bool, error) {
	return nil, false, nil
}

func TestTraceNames(t *testing.T) {
	const path = "testdata/tokens.csv"
	file, err := tokenfile.NewCSV(path)
	require.NoError(t, err)
	fn := authenticator.TokenFunc(func(context.Context, string) (*authenticator.Response, bool, error) { return nil, false, nil })

	trace := authn.Explain(union.Requests(&named{}, authntest.As(nil), passes("mine", ""), bearertoken.New(fn),
		bearer.New(union.Tokens(file, fn, &named{}))), request("Authorization", "Bearer x"))
	var names []string
	for _, l := range trace.Result().Links {
		names = append(names, l.Name)
		for _, below := range l.Links {
			names = append(names, "  "+below.Name)
		}
	}
	require.Equal(t, []string{"authn_test.named", "func", "mine", "bearertoken", "bearer", "  tokenfile.TokenAuthenticator", "  func", "  authn_test.named"}, names)
}

func TestNote(t *testing.T) {
	require.NotPanics(t, func() { authn.Note(t.Context(), "without a trace") })
	require.False(t, authn.Traced(t.Context()))

	var kept context.Context
	auth := authenticator.RequestFunc(func(r *http.Request) (*authenticator.Response, bool, error) {
		kept = r.Context()
		require.True(t, authn.Traced(kept))
		authn.Note(kept, "first")
		authn.Note(kept, "the last\n"+strings.Repeat("x", 2000))
		return nil, false, nil
	})
	trace := authn.Explain(auth, request())
	want := "the last\uFFFD" + strings.Repeat("x", 1024-len("the last\n")) + "…"
	require.Equal(t, want, trace.Result().Links[0].Detail)
	authn.Note(kept, "too late")
	require.Equal(t, want, trace.Result().Links[0].Detail)
}

// A link of which an authenticator panicked has no verdict.
func TestTracePanic(t *testing.T) {
	trace := authn.Explain(union.Requests(passes("first", ""), panics("boom"), passes("last", "")), request())
	got := trace.Result()
	require.Equal(t, authn.VerdictRefused, got.Verdict)
	require.Equal(t, authn.Panicked, got.Reason)
	require.Equal(t, "authn: an authenticator panicked with a string", got.Detail)
	require.Len(t, got.Links, 2)
	got.Links[1].Took = 0
	require.Equal(t, authn.Link{Name: "func", Verdict: authn.VerdictRefused, Reason: authn.Panicked, Detail: "panicked"}, got.Links[1])
}

// A refusal that is no link's is told in the first line.
func TestTraceOfMiddleware(t *testing.T) {
	ctx, trace := authn.WithTrace(t.Context())
	other := authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) {
		return &authenticator.Response{User: authntest.User("ann"), Audiences: authenticator.Audiences{"other"}}, true, nil
	})
	_, err := authn.Middleware{Authenticator: other, Audiences: authenticator.Audiences{"me"}}.Authenticate(request().WithContext(ctx))
	require.Error(t, err)
	require.Regexp(t, `^refused in \S+: authn: the credential of user "ann" is for audiences \["other"\], not for any of \["me"\]\n  func        accepted   ann\n$`, trace.String())
	require.Empty(t, (&authn.Trace{}).Result())
}

func TestLinkJSON(t *testing.T) {
	link := authn.Link{Verdict: authn.VerdictRefused, Reason: authn.Expired, Detail: "late", Took: 3 * time.Microsecond, Links: []authn.Link{
		{Name: "a", Verdict: authn.VerdictAccepted, User: "ann", Took: time.Nanosecond}, {Name: "b", Verdict: authn.VerdictNotTried},
	}}
	got, err := json.Marshal(link)
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"","verdict":"refused","reason":"Expired","detail":"late","took":3000,"links":[
		{"name":"a","verdict":"accepted","user":"ann","took":1},{"name":"b","verdict":"not tried","took":0}]}`, string(got))
	var back authn.Link
	require.NoError(t, json.Unmarshal(got, &back))
	require.Equal(t, link, back)
}

// A trace may be read while links are recorded, from several goroutines.
func TestTraceConcurrently(t *testing.T) {
	ctx, trace := authn.WithTrace(t.Context())
	auth := anonymous.New(union.Requests(passes("a", "note"), bearer.New(accepts("b", &user.DefaultInfo{Name: "ann"})), passes("c", "")))
	m := authn.Middleware{Authenticator: auth}
	const callers = 8
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			_, err := m.Authenticate(request("Authorization", "Bearer x").WithContext(ctx))
			require.NoError(t, err)
		})
		wg.Go(func() {
			require.LessOrEqual(t, len(trace.Result().Links), 4*callers)
			require.NotEmpty(t, trace.String())
		})
	}
	wg.Wait()
	require.Len(t, trace.Result().Links, 4*callers)
}
