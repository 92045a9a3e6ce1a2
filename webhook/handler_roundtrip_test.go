package webhook_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/webhook"
)

// What a Reviewer's authenticator says is what an Authenticator that asks it says.
func TestRoundTrip(t *testing.T) {
	type auds = authenticator.Audiences
	whole := &user.DefaultInfo{
		Name: `system:serviceaccount:ns:"é\`, UID: "uid \u2028<&>\x7f", Groups: []string{"ops", "", "a\nb", "ops"},
		Extra: map[string][]string{user.CredentialIDKey: {"JTI=1"}, "": {""}, "none": {}, "Case": {"1"}, "case": {"2", "3"}},
	}
	tests := []struct {
		name    string
		token   judge
		known   auds // of the Reviewer
		asked   auds
		user    user.DefaultInfo // without a name: none
		auds    auds
		reason  authn.Reason
		text    string
		retried time.Duration
	}{
		{name: "name alone", token: accepts(authntest.User("ann")), user: user.DefaultInfo{Name: "ann"}},
		{name: "every field", token: accepts(whole), user: *whole},
		{name: "audiences", token: accepts(whole, "a", "b"), asked: auds{"b", "c"}, user: *whole, auds: auds{"b"}},
		{name: "audiences of the reviewer", token: accepts(whole), known: auds{"a", "b"}, asked: auds{"b", "c"}, user: *whole, auds: auds{"b"}},
		{name: "audiences, not asked", token: accepts(whole, "a"), user: *whole},
		{name: "other audiences", token: accepts(whole, "a"), asked: auds{"b"}, reason: authn.Refused, text: `webhook: the reviewer says: "WrongAudience"`},
		{name: "no audiences", token: accepts(whole), asked: auds{"b"}, reason: authn.Refused, text: `webhook: the reviewer says: "WrongAudience"`},
		{name: "not known", token: refuses(nil)},
		{name: "not known, audiences", token: refuses(nil), asked: auds{"a"}},
		{name: "refused", token: refuses(authn.Errorf(authn.Revoked, "a story")), reason: authn.Refused, text: `webhook: the reviewer says: "Revoked"`},
		{name: "unavailable", token: refuses(&authn.Error{Reason: authn.Unavailable, Err: authn.ErrNoCredential, RetryAfter: time.Minute}), reason: authn.Unavailable, text: "status 503", retried: time.Minute},
		{name: "panics", token: judge(nil), reason: authn.Unavailable, text: "status 500"},
	}
	for _, version := range []string{webhook.V1, webhook.V1beta1} {
		for _, tt := range tests {
			t.Run(tt.name+", "+version, func(t *testing.T) {
				s := httptest.NewServer(webhook.Handler(tt.token, tt.known...))
				t.Cleanup(s.Close)
				a, err := webhook.New(webhook.Config{URL: s.URL, Audiences: auds{"b"}}, &webhook.Options{Client: s.Client(), Version: version})
				require.NoError(t, err)
				a.NoBackoff()
				ctx := t.Context()
				if tt.asked != nil {
					ctx = authenticator.WithAudiences(ctx, tt.asked)
				}
				resp, ok, err := a.AuthenticateToken(ctx, "opaque-token")
				if tt.reason != "" {
					require.Equal(t, tt.reason, authn.ReasonOf(err))
					require.ErrorContains(t, err, tt.text)
					require.Equal(t, tt.retried, authn.RetryAfterOf(err))
					return
				}
				require.NoError(t, err)
				require.Equal(t, tt.user.Name != "", ok)
				if ok {
					require.Equal(t, &authenticator.Response{User: &tt.user, Audiences: tt.auds}, resp)
				}
			})
		}
	}
}
