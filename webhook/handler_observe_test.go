package webhook_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/internal/confirm"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/webhook"
)

// The operator of the reviewer is told what whoever asks is not.
func TestHandlerObserve(t *testing.T) {
	ann := authntest.User("ann")
	expired := authn.Errorf(authn.Expired, "judge: expired an hour ago")
	down := authn.Errorf(authn.Unavailable, "judge: keys.test: connection refused")
	notMine := judge(func(ctx context.Context, _ string) (*authenticator.Response, bool, error) {
		authn.Note(ctx, "of another issuer")
		return nil, false, nil
	})
	links := func(l authn.Link) []authn.Link { l.Name = "judge"; return []authn.Link{l} }
	tests := []struct {
		name string
		j    judge
		want webhook.Review
		link authn.Link
	}{
		{"accepted", accepts(ann, "a", "c"), webhook.Review{Verdict: authn.VerdictAccepted, User: ann, Audiences: []string{"a"}}, authn.Link{Verdict: authn.VerdictAccepted, User: "ann"}},
		{"refused", refuses(expired), webhook.Review{Verdict: authn.VerdictRefused, Reason: authn.Expired, Audiences: []string{"a", "b"}, Err: expired}, authn.Link{Verdict: authn.VerdictRefused, Reason: authn.Expired, Detail: "expired an hour ago"}},
		{"unavailable", refuses(down), webhook.Review{Verdict: authn.VerdictUnavailable, Reason: authn.Unavailable, Audiences: []string{"a", "b"}, Err: down}, authn.Link{Verdict: authn.VerdictUnavailable, Reason: authn.Unavailable, Detail: "keys.test: connection refused"}},
		{"not known", notMine, webhook.Review{Verdict: authn.VerdictNotMine, Audiences: []string{"a", "b"}}, authn.Link{Verdict: authn.VerdictNotMine, Detail: "of another issuer"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var seen []webhook.Review
			rv := webhook.Reviewer{Token: tt.j, Observe: func(ctx context.Context, r webhook.Review) {
				asker, ok := authn.UserFrom(ctx)
				require.True(t, ok)
				require.Equal(t, "kube-apiserver", asker.GetName())
				require.Positive(t, r.Duration)
				require.Equal(t, r.Duration, r.Trace.Took)
				r.Duration = 0
				seen = append(seen, r)
			}}
			got := rv.Judge(authn.WithUser(t.Context(), authntest.User("kube-apiserver")), "t", []string{"a", "b"})
			require.Len(t, seen, 1)
			trace := seen[0].Trace
			seen[0].Trace = authn.Link{}
			require.Equal(t, tt.want, seen[0])
			require.Equal(t, seen[0].Err, got.Err)
			require.Equal(t, tt.want.Verdict, trace.Verdict)
			require.Equal(t, tt.link.User, trace.User)
			for i := range trace.Links {
				trace.Links[i].Took = 0
			}
			require.Equal(t, links(tt.link), trace.Links)
		})
	}
}

// The chain sees nothing of the request that asks but its end.
func TestHandlerContext(t *testing.T) {
	ctx, _ := authn.WithTrace(authn.WithUser(t.Context(), authntest.User("asker")))
	ctx, promise := confirm.New(authenticator.WithAudiences(ctx, []string{"a"}))
	ctx = authn.Withhold(ctx)
	deadline := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(ctx, deadline)
	got := webhook.Reviewer{Token: judge(func(judging context.Context, _ string) (*authenticator.Response, bool, error) {
		_, limited := authenticator.AudiencesFrom(judging)
		require.False(t, limited)
		_, known := authn.UserFrom(judging)
		require.False(t, known)
		require.False(t, authn.Withheld(judging))
		require.NotSame(t, promise, confirm.From(judging))
		end, ok := judging.Deadline()
		require.True(t, ok)
		require.Equal(t, deadline, end)
		require.NoError(t, judging.Err())
		cancel()
		<-judging.Done()
		return nil, false, judging.Err()
	})}.Judge(ctx, "t", nil)
	require.Equal(t, authn.Unavailable, got.Reason)
	require.ErrorIs(t, got.Err, context.Canceled)
}

type bound struct{ user.Info }

func (bound) Confirmation() confirm.Func { return func(*http.Request, string) error { return nil } }

// A token that is good for its sender alone is no token for whoever asks.
func TestHandlerBoundTokens(t *testing.T) {
	careless := accepts(bound{authntest.User("ann")})
	lost := judge(func(ctx context.Context, _ string) (*authenticator.Response, bool, error) {
		confirm.From(ctx).Expect()
		return &authenticator.Response{User: authntest.User("ann")}, true, nil
	})
	for name, j := range map[string]authenticator.Token{"careless": careless, "lost": lost, "remembered": bearer.Cached(careless, nil), "in a union": union.Tokens(careless)} {
		h := webhook.Handler(j)
		for range 2 {
			require.Equal(t, review(`{"authenticated":false,"error":"BadProof"}`), bodyOf(t, post(t, h, question(`{"token":"t"}`))), name)
		}
	}
}

// Likewise JWTs with the claim "cnf", whatever their authenticator is told of it.
func TestHandlerBoundJWTs(t *testing.T) {
	is := authntest.NewIssuer(t)
	const thumbprint = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for name, tt := range map[string]struct {
		binding *jwt.Binding
		want    string
	}{
		"checked elsewhere": {&jwt.Binding{Certificates: true}, "BadProof"},
		"if there is one":   {&jwt.Binding{Certificates: true, Optional: true}, "BadProof"},
		"not known":         {nil, "RuleFailed"},
	} {
		people, err := jwt.New(jwt.Config{
			Issuer: is.URL(), Audiences: []string{"api"}, Binding: tt.binding,
			User: jwt.ClaimMappings{Username: jwt.Claim("sub")}.User,
		}, &jwt.Options{Client: is.Client()})
		require.NoError(t, err)
		claims := map[string]any{"aud": "api", "sub": "jane", "cnf": map[string]any{"x5t#S256": thumbprint}}
		for chain, token := range map[string]authenticator.Token{"alone": people, "remembered": bearer.Cached(people, nil)} {
			h := webhook.Handler(token)
			got := bodyOf(t, post(t, h, question(`{"token":"`+is.Token(claims)+`"}`)))
			require.Equal(t, review(`{"authenticated":false,"error":"`+tt.want+`"}`), got, "%s, %s", name, chain)
		}
	}
}

// A server of it lives on after a panic, and a client that leaves ends the review.
func TestHandlerServes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	s := httptest.NewServer(webhook.Handler(judge(func(judging context.Context, token string) (*authenticator.Response, bool, error) {
		switch token {
		case "panics":
			panic(token)
		case "hangs":
			cancel() // the client's
			<-judging.Done()
			left <- judging.Err()
			return nil, false, judging.Err()
		}
		return &authenticator.Response{User: authntest.User("ann")}, true, nil
	})))
	t.Cleanup(s.Close)
	a, err := webhook.New(webhook.Config{URL: s.URL}, &webhook.Options{Client: s.Client()})
	require.NoError(t, err)
	a.NoBackoff()

	_, _, err = a.AuthenticateToken(t.Context(), "panics")
	require.ErrorContains(t, err, "status 500")
	_, _, err = a.AuthenticateToken(ctx, "hangs")
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	require.ErrorIs(t, <-left, context.Canceled)
	resp, ok, err := a.AuthenticateToken(t.Context(), "good")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "ann", resp.User.GetName())
}
