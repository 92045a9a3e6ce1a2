package webhook_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/webhook"
)

func TestAudiences(t *testing.T) {
	type auds = authenticator.Audiences
	const ann = `"authenticated":true,"user":{"username":"ann"}`
	const other = "the reviewer knows the token for other audiences"
	tests := []struct {
		name   string
		wanted auds   // nil: the request is not limited
		config auds   // of the Config
		status string // of the answer
		want   auds
		note   string // not mine
	}{
		{"not limited, none", nil, nil, `{` + ann + `}`, nil, ""},
		{"not limited, some", nil, nil, `{` + ann + `,"audiences":["a"]}`, nil, ""},
		{"not limited, configured", nil, auds{"a"}, `{` + ann + `}`, nil, ""},
		{"the one", auds{"a"}, nil, `{` + ann + `,"audiences":["a"]}`, auds{"a"}, ""},
		{"some of them", auds{"a", "b", "c"}, nil, `{` + ann + `,"audiences":["d","c","b"]}`, auds{"c", "b"}, ""},
		{"others", auds{"a"}, nil, `{` + ann + `,"audiences":["b"]}`, nil, other},
		{"others in case", auds{"a"}, nil, `{` + ann + `,"audiences":["A"]}`, nil, other},
		{"a part of one", auds{"a"}, nil, `{` + ann + `,"audiences":["ab",""]}`, nil, other},
		{"others, configured", auds{"a"}, auds{"a"}, `{` + ann + `,"audiences":["b"]}`, nil, other},
		{"none", auds{"a"}, nil, `{` + ann + `}`, nil, other},
		{"none, configured", auds{"b", "a"}, auds{"a", "c"}, `{` + ann + `}`, auds{"a"}, ""},
		{"none, others configured", auds{"a"}, auds{"c"}, `{` + ann + `}`, nil, other},
		{"empty list, configured", auds{"a"}, auds{"a"}, `{` + ann + `,"audiences":[]}`, auds{"a"}, ""},
		{"null, configured", auds{"a"}, auds{"a"}, `{` + ann + `,"audiences":null}`, auds{"a"}, ""},
		{"limited to none", auds{}, auds{"a"}, `{` + ann + `,"audiences":["a"]}`, nil, other},
		{"not authenticated", auds{"a"}, auds{"a"}, `{"audiences":["a"]}`, nil, "the reviewer does not know the token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rv := authntest.NewReviewer(t)
			rv.Serve(answer(review(tt.status)))
			a := asking(t, rv, nil, tt.config...)
			ctx := t.Context()
			if tt.wanted != nil {
				ctx = authenticator.WithAudiences(ctx, tt.wanted)
			}
			resp, ok, err := a.AuthenticateToken(ctx, "t")
			require.NoError(t, err)
			if tt.note != "" {
				require.False(t, ok)
				require.Nil(t, resp)
				require.Equal(t, authn.Link{Name: "webhook", Verdict: authn.VerdictNotMine, Detail: tt.note}, traced(t, ctx, a, "t"))
				return
			}
			require.True(t, ok)
			require.Equal(t, &authenticator.Response{Audiences: tt.want, User: resp.User}, resp)
			require.Equal(t, "ann", resp.User.GetName())
		})
	}
}

// A refusal stays one for every audience.
func TestAudiencesOfRefusal(t *testing.T) {
	rv := authntest.NewReviewer(t)
	rv.Serve(answer(review(`{"error":"revoked","audiences":["b"]}`)))
	ctx := authenticator.WithAudiences(t.Context(), authenticator.Audiences{"a"})
	_, ok, err := asking(t, rv, nil).AuthenticateToken(ctx, "t")
	require.EqualError(t, err, `webhook: the reviewer says: "revoked"`)
	require.Equal(t, authn.Refused, authn.ReasonOf(err))
	require.False(t, ok)
}

func TestAudiencesAreTheCallers(t *testing.T) {
	rv := authntest.NewReviewer(t)
	rv.Accept("t", authntest.User("ann"))
	audiences := authenticator.Audiences{"a"}
	a, err := webhook.New(webhook.Config{URL: rv.URL(), Audiences: audiences}, &webhook.Options{Client: rv.Client()})
	require.NoError(t, err)
	audiences[0] = "b"

	wanted := authenticator.Audiences{"a", "b"}
	resp, ok, err := a.AuthenticateToken(authenticator.WithAudiences(t.Context(), wanted), "t")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, authenticator.Audiences{"a"}, resp.Audiences)
	resp.Audiences[0] = "changed"
	require.Equal(t, authenticator.Audiences{"a", "b"}, wanted)

	resp, _, err = a.AuthenticateToken(authenticator.WithAudiences(t.Context(), wanted), "t")
	require.NoError(t, err)
	require.Equal(t, authenticator.Audiences{"a"}, resp.Audiences)
}
