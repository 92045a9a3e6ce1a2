package authn_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// listFunc is a list kept elsewhere.
type listFunc func(ctx context.Context, u user.Info) error

func (f listFunc) Revoked(ctx context.Context, u user.Info) error { return f(ctx, u) }

func says(err error) authn.RevocationList {
	return listFunc(func(context.Context, user.Info) error { return err })
}

func denying(t testing.TB, lines ...string) *authn.MemoryRevocations {
	t.Helper()
	return fill(t, &authn.MemoryRevocations{}, lines)
}

var (
	errGone = authn.Errorf(authn.Revoked, "gone")
	errDown = errors.New("no route")
	errBusy = &authn.Error{Reason: authn.Unavailable, Err: errors.New("busy"), RetryAfter: 7 * time.Second}
)

func TestRevocations(t *testing.T) {
	const unknown = `authn: user "jane": whether it was revoked is not known: `
	type lists = []authn.RevocationList
	jane := accepts("jane's", authntest.User("jane"))
	clear := says(nil)
	tests := []struct {
		name   string
		auth   stub
		lists  lists
		reason authn.Reason // empty: accepted
		err    string
	}{
		{"on none", jane, lists{clear, clear}, "", ""},
		{"on one", jane, lists{says(errGone)}, authn.Revoked, `authn: user "jane": gone`},
		{"on the last", jane, lists{clear, clear, says(errGone)}, authn.Revoked, `authn: user "jane": gone`},
		{"on two", jane, lists{says(errGone), says(authn.Errorf(authn.Revoked, "long gone"))}, authn.Revoked, `authn: user "jane": gone`},
		{"wrapped", jane, lists{says(fmt.Errorf("redis: %w", errGone))}, authn.Revoked, `authn: user "jane": redis: gone`},
		{"in memory", jane, lists{denying(t, "user jane")}, authn.Revoked, `authn: user "jane": revoked: user "jane"`},
		{"nobody can tell", jane, lists{says(errDown)}, authn.Unavailable, unknown + "no route"},
		{"nobody can tell, with a reason", jane, lists{says(errBusy)}, authn.Unavailable, unknown + "busy"},
		{"nobody can tell, for another reason", jane, lists{says(authn.Errorf(authn.Expired, "late"))}, authn.Unavailable, unknown + "late"},
		{"nobody can tell in time", jane, lists{says(context.DeadlineExceeded)}, authn.Unavailable, unknown + "context deadline exceeded"},
		{"an error that is hardly one", jane, lists{says((*authn.Error)(nil))}, authn.Unavailable, unknown + "authn: refused for no reason that was told"},
		{"one cannot tell and one can", jane, lists{says(errDown), clear}, authn.Unavailable, unknown + "no route"},
		{"one cannot tell and one denies", jane, lists{says(errDown), clear, says(errGone)}, authn.Revoked, `authn: user "jane": gone`},
		{"both in one", jane, lists{says(errors.Join(errGone, errBusy))}, authn.Unavailable, unknown + "gone\nbusy"},
		{"refused before", refuses("x", errors.New("no")), lists{says(errGone)}, authn.Refused, "no"},
		{"a name that is none", accepts("x", authntest.User("")), lists{clear}, authn.InvalidUser, "authn: x accepted a request: the user name is empty"},
		{"no user", accepts("x", nil), lists{says(errGone)}, authn.InvalidUser, "authn: x accepted a request without naming a user"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, _ := authn.WithTrace(t.Context())
			for _, ctx := range []context.Context{t.Context(), ctx} {
				resp, ok, err := authn.Revocations(tt.auth, tt.lists...).AuthenticateRequest(request().WithContext(ctx))
				tokenResp, tokenOK, tokenErr := authn.TokenRevocations(tt.auth, tt.lists...).AuthenticateToken(ctx, "token")
				require.Equal(t, resp, tokenResp)
				require.Equal(t, ok, tokenOK)
				require.Equal(t, fmt.Sprint(err), fmt.Sprint(tokenErr))
				if tt.reason == "" {
					require.NoError(t, err)
					require.Same(t, tt.auth.resp, resp)
					continue
				}
				require.EqualError(t, err, tt.err)
				require.Equal(t, tt.reason, authn.ReasonOf(err))
				require.False(t, ok)
				require.Nil(t, resp)
			}
		})
	}
	resp, ok, err := authn.Revocations(passes("x", "not mine"), says(errGone)).AuthenticateRequest(request())
	require.Nil(t, resp)
	require.False(t, ok)
	require.NoError(t, err, "there is nobody to be on a list")
}

func TestRevocationsPanics(t *testing.T) {
	jane, list := accepts("jane's", authntest.User("jane")), says(nil)
	for want, f := range map[string]func(){
		"authn.Revocations: the authenticator to wrap is nil":         func() { authn.Revocations(nil, list) },
		"authn.Revocations: no list, so nobody would be refused":      func() { authn.Revocations(jane) },
		"authn.Revocations: a list is nil":                            func() { authn.Revocations(jane, list, nil) },
		"authn.TokenRevocations: the authenticator to wrap is nil":    func() { authn.TokenRevocations(nil, list) },
		"authn.TokenRevocations: no list, so nobody would be refused": func() { authn.TokenRevocations(jane) },
		"authn.TokenRevocations: a list is nil":                       func() { authn.TokenRevocations(jane, nil) },
	} {
		require.PanicsWithValue(t, want, f)
	}
	lists := []authn.RevocationList{says(errGone)}
	auth := authn.Revocations(jane, lists...)
	lists[0] = list
	_, ok, _ := auth.AuthenticateRequest(request())
	require.False(t, ok, "the caller's slice is the caller's")
}

// A list that panics lets nobody in.
func TestRevocationsListPanics(t *testing.T) {
	m := authn.Middleware{Authenticator: authn.Revocations(authntest.As(authntest.User("jane")), listFunc(func(context.Context, user.Info) error { panic("boom") }))}
	require.Equal(t, http.StatusInternalServerError, serve(m, request()).Code)
	trace := authn.Explain(m.Authenticator, request())
	require.Equal(t, authn.Panicked, trace.Result().Reason)
}

// What the client is told: 401 for who is on a list, be the path open to anonymous, and
// 503 for who may be.
func TestRevocationsAnswers(t *testing.T) {
	jane := accepts("jane's", authntest.User("jane"))
	for name, tt := range map[string]struct {
		auth  authenticator.Request
		code  int
		retry []string
	}{
		"revoked":                   {authn.Revocations(anonymous.New(jane), says(errGone)), 401, nil},
		"revoked within anonymous":  {anonymous.New(authn.Revocations(jane, says(errGone))), 401, nil},
		"not known":                 {authn.Revocations(anonymous.New(jane), says(errBusy)), 503, []string{"7"}},
		"not known, no time told":   {authn.Revocations(jane, says(errDown)), 503, []string{"1"}},
		"nobody":                    {authn.Revocations(anonymous.New(passes("x", "")), denying(t, "user jane")), 200, nil},
		"nobody, who is denied too": {authn.Revocations(anonymous.New(passes("x", "")), denying(t, "user system:anonymous")), 401, nil},
		"the other of a union":      {union.Requests(authn.Revocations(jane, says(errGone)), accepts("joe's", authntest.User("joe"))), 200, nil},
		"a union as a whole":        {authn.Revocations(union.Requests(jane, accepts("joe's", authntest.User("joe"))), denying(t, "user jane")), 401, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := serve(authn.Middleware{Authenticator: tt.auth}, request())
			require.Equal(t, tt.code, w.Code)
			require.Equal(t, tt.retry, w.Header()["Retry-After"])
		})
	}
}

func TestRevocationsTrace(t *testing.T) {
	type links = []authn.Link
	jane := accepts("jane's", authntest.User("jane"))
	wasAccepted := authn.Link{Name: "jane's", Verdict: authn.VerdictAccepted, User: "jane"}
	const told = `authn: user "jane": revoked: user "jane"`
	tests := []struct {
		name string
		auth authenticator.Request
		want authn.Link
	}{
		{"on no list", authn.Revocations(jane, says(nil)), authn.Link{Verdict: authn.VerdictAccepted, User: "jane", Links: links{wasAccepted, {Name: "revocations", Verdict: authn.VerdictNotMine, Detail: "on no list"}}}},
		{"revoked", authn.Revocations(jane, denying(t, "user jane")), authn.Link{Verdict: authn.VerdictRefused, Reason: authn.Revoked, Detail: told, Links: links{wasAccepted, {Name: "revocations", Verdict: authn.VerdictRefused, Reason: authn.Revoked, Detail: told}}}},
		{"not known", authn.Revocations(jane, says(errDown)), authn.Link{Verdict: authn.VerdictUnavailable, Reason: authn.Unavailable, Detail: `authn: user "jane": whether it was revoked is not known: no route`, Links: links{wasAccepted, {Name: "revocations", Verdict: authn.VerdictUnavailable, Reason: authn.Unavailable, Detail: `authn: user "jane": whether it was revoked is not known: no route`}}}},
		{"nobody was accepted", authn.Revocations(passes("x", "not here"), says(errGone)), authn.Link{Verdict: authn.VerdictNotMine, Reason: authn.NoCredential, Detail: "authn: no credential in the request", Links: links{{Name: "x", Verdict: authn.VerdictNotMine, Detail: "not here"}, {Name: "revocations", Verdict: authn.VerdictNotTried, Detail: "nobody was accepted"}}}},
		{"a list that has a note", authn.Revocations(jane, listFunc(func(ctx context.Context, _ user.Info) error { authn.Note(ctx, "of 3 entries"); return nil })), authn.Link{Verdict: authn.VerdictAccepted, User: "jane", Links: links{wasAccepted, {Name: "revocations", Verdict: authn.VerdictNotMine, Detail: "of 3 entries"}}}},
		{"of tokens", bearer.New(authn.TokenRevocations(jane, denying(t, "user jane"))), authn.Link{Verdict: authn.VerdictRefused, Reason: authn.Revoked, Detail: told, Links: links{{Name: "bearer", Verdict: authn.VerdictRefused, Reason: authn.Revoked, Detail: told, Links: links{wasAccepted, {Name: "revocations", Verdict: authn.VerdictRefused, Reason: authn.Revoked, Detail: told}}}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, untimed(t, authn.Explain(tt.auth, request("Authorization", "Bearer x")).Result()))
		})
	}
	require.Regexp(t, `^refused in \S+
  jane's        accepted   jane
  revocations   refused    authn: user "jane": revoked: user "jane"
$`, authn.Explain(tests[1].auth, request()).String())
}

// sick is an authenticator and a list that are not well.
type sick struct {
	stub
	authn.RevocationList
	health     error
	generation uint64
}

func (s *sick) HealthCheck() error { return s.health }
func (s *sick) Generation() uint64 { return s.generation }

func TestRevocationsHealthAndGeneration(t *testing.T) {
	auth, list := &sick{}, &sick{RevocationList: says(nil)}
	both := []any{authn.Revocations(auth, says(nil), list), authn.TokenRevocations(auth, says(nil), list), union.Tokens(authn.TokenRevocations(auth, list))}
	for i, decorated := range both {
		auth.health, list.health, auth.generation, list.generation = nil, nil, 3, 4
		require.NoError(t, authn.HealthOf(decorated))
		require.EqualValues(t, 7, authn.GenerationOf(decorated))
		require.Len(t, decorated.(authn.Chain).Links(), 1, i)
		auth.health, list.health = errors.New("old keys"), errors.New("old list")
		require.EqualError(t, authn.HealthOf(decorated), "old keys\nold list")
		list.generation++
		require.EqualValues(t, 8, authn.GenerationOf(decorated))
		auth.health, auth.generation = nil, 4
		require.EqualError(t, authn.HealthOf(decorated), "old list")
		require.EqualValues(t, 9, authn.GenerationOf(decorated))
	}
}

// Lists are given the user as the authenticator made it.
func TestRevocationsAsk(t *testing.T) {
	u := certified(issued(identity("jane", "JTI=1"), "2026-11-24T12:00:00Z"), "1f", "CN=ca")
	asked := 0
	list := listFunc(func(_ context.Context, got user.Info) error {
		asked++
		require.Same(t, u, got)
		return nil
	})
	_, err := authn.Middleware{Authenticator: authn.Revocations(authntest.As(u), list)}.Authenticate(request())
	require.NoError(t, err)
	require.Equal(t, 1, asked)
}
