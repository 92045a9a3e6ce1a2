package authn_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

const canary = "CANARY-6b1f8d2e9a"

// requireNoCanary looks for the canary and for each half of it.
func requireNoCanary(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		for _, part := range []string{"CANARY", "8d2e9a"} {
			require.NotContains(t, strings.ToUpper(text), strings.ToUpper(part))
		}
	}
}

// No token shows in what the operator or the client reads of a request that is
// not accepted, however it is printed.
func TestCanary(t *testing.T) {
	known, err := bearer.NewTokens(map[string]user.Info{"known": authntest.User("ann")})
	require.NoError(t, err)
	judge := func(f func(token string) (*authenticator.Response, bool, error)) authenticator.Token {
		return authenticator.TokenFunc(func(_ context.Context, token string) (*authenticator.Response, bool, error) { return f(token) })
	}
	panicWith := func(f func(token string) any) authenticator.Token {
		return judge(func(token string) (*authenticator.Response, bool, error) { panic(f(token)) })
	}
	type holder struct{ Token string }
	stranger := judge(func(string) (*authenticator.Response, bool, error) {
		return &authenticator.Response{User: authntest.User("ann"), Audiences: []string{"b"}}, true, nil
	})
	long := strings.Repeat(canary, 2000)

	tests := []struct {
		name   string
		token  authenticator.Token
		header []string
		reason authn.Reason
	}{
		{"unknown", known, []string{"Bearer " + canary}, authn.UnknownToken},
		{"unknown to several", union.Tokens(known, known), []string{"Bearer " + canary}, authn.UnknownToken},
		{"other scheme", known, []string{"Basic " + canary}, authn.NoCredential},
		{"scheme alone", known, []string{canary}, authn.NoCredential},
		{"two parts", known, []string{"Bearer " + canary + " b"}, authn.Malformed},
		{"two blanks", known, []string{"Bearer  " + canary}, authn.Malformed},
		{"tab", known, []string{"Bearer\t" + canary}, authn.Malformed},
		{"NUL", known, []string{"Bearer " + canary + "\x00"}, authn.Malformed},
		{"not ASCII", known, []string{"Bearer é" + canary}, authn.Malformed},
		{"no blank", known, []string{"Bearer," + canary}, authn.Malformed},
		{"too long", known, []string{"Bearer " + long}, authn.Malformed},
		{"two headers", known, []string{"Bearer " + canary, "Bearer " + canary}, authn.Malformed},
		{"with Basic", known, []string{"Basic " + canary, "Bearer known"}, authn.Malformed},
		{"other audience", stranger, []string{"Bearer " + canary}, authn.WrongAudience},
		{"refused", refuses("t", errors.New("no")), []string{"Bearer " + canary}, authn.Refused},
		{"unavailable", refuses("t", authn.Errorf(authn.Unavailable, "down")), []string{"Bearer " + canary}, authn.Unavailable},
		{"bad name", accepts("t", authntest.User("a\n")), []string{"Bearer " + canary}, authn.InvalidUser},
		{"nobody", accepts("t", nil), []string{"Bearer " + canary}, authn.InvalidUser},
		{"panic with a string", panicWith(func(s string) any { return s }), []string{"Bearer " + canary}, authn.Panicked},
		{"panic with an error", panicWith(func(s string) any { return fmt.Errorf("bad: %s", s) }), []string{"Bearer " + canary}, authn.Panicked},
		{"panic with a struct", panicWith(func(s string) any { return holder{s} }), []string{"Bearer " + canary}, authn.Panicked},
		{"panic with an authn.Error", panicWith(func(s string) any { return authn.Errorf(authn.Expired, "%s", s) }), []string{"Bearer " + canary}, authn.Panicked},
		{"panic of the runtime", panicWith(func(s string) any { return any(s).(fmt.Stringer) }), []string{"Bearer " + canary}, authn.Panicked},
		{"bearer without tokens", nil, []string{"Bearer " + canary}, authn.Unavailable},
	}
	for _, tt := range tests {
		for _, answer := range []func(http.ResponseWriter, *http.Request, error){nil, authn.PlainUnauthorized} {
			t.Run(tt.name, func(t *testing.T) {
				auth := anonymous.New(union.Requests(&bearer.Authenticator{Token: tt.token}), "/healthz")
				ctx, trace := authn.WithTrace(t.Context())
				r := request("Accept", "application/json").WithContext(ctx)
				r.Header["Authorization"] = tt.header
				var log bytes.Buffer
				m := authn.Middleware{Authenticator: auth, Audiences: []string{"a"}, Unauthorized: answer, Observe: func(ctx context.Context, o authn.Outcome) {
					require.Equal(t, tt.reason, o.Reason)
					record(&log, o)
				}}
				w := serve(m, r)
				require.GreaterOrEqual(t, w.Code, 401)
				require.NotEmpty(t, log.String())
				result, err := json.Marshal(trace.Result())
				require.NoError(t, err)
				requireNoCanary(t, log.String(), trace.String(), string(result), fmt.Sprintf("%#v", trace.Result()),
					w.Body.String(), fmt.Sprint(w.Header()))
			})
		}
	}
}

// record writes o in the ways that people log things.
func record(log *bytes.Buffer, o authn.Outcome) {
	for _, verb := range []string{"%v", "%+v", "%s", "%q"} {
		fmt.Fprintf(log, verb+" "+verb+"\n", o, o.Err)
	}
	fmt.Fprintf(log, "%#v %#v\n", o, o.Err)
	for _, h := range []slog.Handler{slog.NewTextHandler(log, nil), slog.NewJSONHandler(log, nil)} {
		slog.New(h).Warn("refused", "outcome", o, "err", o.Err, "reason", o.Reason)
	}
	text, _ := json.Marshal(o)
	log.Write(text)
}
