package webhook_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/webhook"
)

// No answer names an audience that nobody has said the token is for, and none that is
// limited names none: kube-apiserver would take it for its own.
func TestHandlerAudiences(t *testing.T) {
	type auds = authenticator.Audiences
	const none = `webhook: the token is accepted without audiences, and Reviewer.Audiences says none: it is not known to be for any of `
	tests := []struct {
		name  string
		asked auds
		known auds // of the Reviewer
		token auds // that the authenticator names
		told  auds // that the authenticator is limited to
		want  auds
		err   string
	}{
		{"nobody knows any", nil, nil, nil, nil, nil, ""},
		{"not asked, the token's", nil, nil, auds{"a"}, nil, auds{"a"}, ""},
		{"not asked, the reviewer's", nil, auds{"a", "b"}, nil, auds{"a", "b"}, auds{"a", "b"}, ""},
		{"not asked, the token's among the reviewer's", nil, auds{"a", "b"}, auds{"b", "c"}, auds{"a", "b"}, auds{"b"}, ""},
		{"not asked, the token's not the reviewer's", nil, auds{"a"}, auds{"b"}, auds{"a"}, nil, `webhook: the token is for "b", not for any of "a"`},
		{"asked to no avail", auds{"a"}, nil, nil, auds{"a"}, nil, none + `"a"`},
		{"asked, the token's", auds{"a"}, nil, auds{"a"}, auds{"a"}, auds{"a"}, ""},
		{"asked, some of the token's", auds{"a", "b", "c"}, nil, auds{"d", "c", "b"}, auds{"a", "b", "c"}, auds{"c", "b"}, ""},
		{"asked, others of the token", auds{"b"}, nil, auds{"a"}, auds{"b"}, nil, `webhook: the token is for "a", not for any of "b"`},
		{"asked, the reviewer's", auds{"b", "a"}, auds{"a", "c"}, nil, auds{"b", "a"}, auds{"a"}, ""},
		{"asked, others of the reviewer", auds{"b"}, auds{"a"}, nil, auds{"b"}, nil, `webhook: the token is for "a", not for any of "b"`},
		{"asked, the reviewer's but not the token's", auds{"b"}, auds{"b"}, auds{"a"}, auds{"b"}, nil, `webhook: the token is for "a", not for any of "b"`},
		{"asked, the token's but not the reviewer's", auds{"a"}, auds{"b"}, auds{"a"}, auds{"a"}, auds{"a"}, ""},
		{"asked, in another case", auds{"A"}, auds{"a"}, nil, auds{"A"}, nil, `webhook: the token is for "a", not for any of "A"`},
		{"asked for many", auds{"a", "b", "c", "d", "e"}, nil, nil, auds{"a", "b", "c", "d", "e"}, nil, none + `"a", "b", "c" and 2 more`},
		{"asked for four", auds{"a", "b", "c", "d"}, nil, nil, auds{"a", "b", "c", "d"}, nil, none + `"a", "b", "c" and 1 more`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var told auds
			rv := webhook.Reviewer{Audiences: tt.known, Token: judge(func(ctx context.Context, _ string) (*authenticator.Response, bool, error) {
				limit, _ := authenticator.AudiencesFrom(ctx)
				told = slices.Clone(limit)
				clear(limit) // it is its own
				return &authenticator.Response{User: authntest.User("ann"), Audiences: tt.token}, true, nil
			})}
			// What the asker's own request is limited to is another matter.
			ctx := authenticator.WithAudiences(t.Context(), auds{"of the asker"})
			got := rv.Judge(ctx, "t", tt.asked)
			require.Equal(t, tt.told, told)
			if tt.err != "" {
				require.EqualError(t, got.Err, tt.err)
				require.Equal(t, authn.WrongAudience, got.Reason)
				require.Nil(t, got.User)
				return
			}
			require.NoError(t, got.Err)
			require.Equal(t, authn.VerdictAccepted, got.Verdict)
			require.Equal(t, tt.want, got.Audiences)
		})
	}
}

// A JWT for one audience is no token for another, though one chain knows both.
func TestHandlerTokenOfAnotherAudience(t *testing.T) {
	is := authntest.NewIssuer(t)
	people := func(audience string) authenticator.Token {
		a, err := jwt.New(jwt.Config{
			Issuer: is.URL(), Audiences: []string{audience},
			User: jwt.ClaimMappings{Username: jwt.Claim("sub")}.User,
		}, &jwt.Options{Client: is.Client()})
		require.NoError(t, err)
		return authenticator.WrapAudienceAgnosticToken(authenticator.Audiences{audience}, a)
	}
	h := webhook.Handler(union.Tokens(people("a"), people("b")))
	for _, tt := range []struct{ token, asked, want string }{
		{"a", `["a"]`, `{"authenticated":true,"user":{"username":"jane"},"audiences":["a"]}`},
		{"b", `["b"]`, `{"authenticated":true,"user":{"username":"jane"},"audiences":["b"]}`},
		{"b", `["a","b"]`, `{"authenticated":true,"user":{"username":"jane"},"audiences":["b"]}`},
		{"a", `["b"]`, `{"authenticated":false,"error":"WrongAudience"}`},
		{"b", `["a"]`, `{"authenticated":false,"error":"WrongAudience"}`},
		{"a", `["c"]`, `{"authenticated":false}`},
		{"c", `["c"]`, `{"authenticated":false}`},
	} {
		token := is.Token(map[string]any{"aud": tt.token, "sub": "jane"})
		resp := post(t, h, question(`{"token":"`+token+`","audiences":`+tt.asked+`}`))
		require.Equal(t, review(tt.want), bodyOf(t, resp), "%s for %s", tt.token, tt.asked)
	}
}
