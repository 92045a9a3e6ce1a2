package authn_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/union"
)

func TestMiddlewareRefusesToBuild(t *testing.T) {
	const required = "authn: Middleware.Authenticator: required, and nil would mean to let everybody in"
	next := http.HandlerFunc(hello)
	require.PanicsWithValue(t, required, func() { authn.Middleware{}.Wrap(next) })
	require.PanicsWithValue(t, required, func() { authn.Middleware{}.Authenticate(request()) })
	require.PanicsWithValue(t, required, func() { authn.Explain(nil, request()) })
	require.PanicsWithValue(t, "authn: Middleware.Wrap: the handler to wrap is nil",
		func() { authn.Middleware{Authenticator: authntest.As(nil)}.Wrap(nil) })
}

func TestObserve(t *testing.T) {
	expired := authn.Errorf(authn.Expired, "late")
	down := authn.Errorf(authn.Unavailable, "down")
	elsewhere := stub{ok: true, resp: &authenticator.Response{User: authntest.User("ann"), Audiences: []string{"b", "c"}}}
	tests := []struct {
		name    string
		auth    authenticator.Request
		code    int
		verdict authn.Verdict
		reason  authn.Reason
		user    string
		err     string
	}{
		{"accepted", authntest.As(authntest.User("ann")), 200, authn.VerdictAccepted, "", "ann", ""},
		{"refused", refuses("", expired), 401, authn.VerdictRefused, authn.Expired, "", "late"},
		{"refused without a reason", refuses("", errors.New("no")), 401, authn.VerdictRefused, authn.Refused, "", "no"},
		{"refused without a word", refuses("", many{}), 401, authn.VerdictRefused, authn.Refused, "", "many"},
		{"unavailable", refuses("", down), 503, authn.VerdictUnavailable, authn.Unavailable, "", "down"},
		{"unavailable among refusals", union.Requests(refuses("", expired), refuses("", down)), 503, authn.VerdictUnavailable, authn.Unavailable, "", "late; down"},
		{"accepted after unavailable", union.Requests(refuses("", down), accepts("", authntest.User("ann"))), 200, authn.VerdictAccepted, "", "ann", ""},
		{"not mine", authntest.As(nil), 401, authn.VerdictNotMine, authn.NoCredential, "", "authn: no credential in the request"},
		{"bad name", authntest.As(authntest.User("")), 401, authn.VerdictRefused, authn.InvalidUser, "", "authn: func accepted a request: the user name is empty"},
		{"other audience", elsewhere, 401, authn.VerdictRefused, authn.WrongAudience, "", `authn: the credential of user "ann" is for audiences ["b" "c"], not for any of ["a"]`},
		{"panic", panics("boom"), 500, authn.VerdictRefused, authn.Panicked, "", "authn: an authenticator panicked with a string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			type key struct{}
			r := request()
			r = r.WithContext(context.WithValue(r.Context(), key{}, tt.name))
			var seen []authn.Outcome
			m := authn.Middleware{Authenticator: tt.auth, Audiences: []string{"a"}, Observe: func(ctx context.Context, o authn.Outcome) {
				require.Equal(t, tt.name, ctx.Value(key{}))
				seen = append(seen, o)
			}}
			require.Equal(t, tt.code, serve(m, r).Code)
			require.Len(t, seen, 1)
			o := seen[0]
			require.Equal(t, tt.verdict, o.Verdict)
			require.Equal(t, tt.reason, o.Reason)
			require.Greater(t, o.Duration, time.Duration(0))
			if tt.err != "" {
				require.EqualError(t, o.Err, tt.err)
				require.Nil(t, o.User)
				return
			}
			require.NoError(t, o.Err)
			require.Equal(t, tt.user, o.User.GetName())
		})
	}
}

func TestPanic(t *testing.T) {
	var refused error
	m := authn.Middleware{
		Authenticator: authenticator.RequestFunc(func(r *http.Request) (*authenticator.Response, bool, error) {
			if r.URL.Path == "/panic" {
				panic(errors.New("secret"))
			}
			return &authenticator.Response{User: authntest.User("ann")}, true, nil
		}),
		Observe: func(_ context.Context, o authn.Outcome) { refused = o.Err },
	}
	srv := httptest.NewServer(m.Wrap(http.HandlerFunc(hello)))
	defer srv.Close()
	for path, want := range map[string]string{"/": "200 hello ann", "/panic": "500 Internal Server Error\n"} {
		resp, err := srv.Client().Get(srv.URL + path)
		require.NoError(t, err)
		var body bytes.Buffer
		body.ReadFrom(resp.Body)
		resp.Body.Close()
		require.Equal(t, want, resp.Status[:3]+" "+body.String())
		require.Empty(t, resp.Header["Www-Authenticate"])
	}

	_, err := m.Authenticate(authntest.Request("/panic"))
	require.Equal(t, err, refused)
	require.EqualError(t, err, "authn: an authenticator panicked with a *errors.errorString")
	var typed *authn.PanicError
	require.ErrorAs(t, err, &typed)
	require.Equal(t, errors.New("secret"), typed.Value)
	require.Contains(t, string(typed.Stack), "TestPanic")

	var none []int
	_, err = authn.Middleware{Authenticator: authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) {
		return nil, none[3] > 0, nil
	})}.Authenticate(request())
	require.EqualError(t, err, "authn: an authenticator panicked: runtime error: index out of range [3] with length 0")
}

func TestAudiences(t *testing.T) {
	tests := []struct {
		name         string
		wanted, good authenticator.Audiences
		ok           bool
	}{
		{"no limit", nil, []string{"b"}, true},
		{"no limit, none known", nil, nil, true},
		{"empty limit", []string{}, []string{"b"}, true},
		{"the one", []string{"a"}, []string{"a"}, true},
		{"one of several", []string{"a", "b"}, []string{"c", "b"}, true},
		{"none known", []string{"a"}, nil, true},
		{"other", []string{"a"}, []string{"b"}, false},
		{"other case", []string{"a"}, []string{"A"}, false},
		{"empty name", []string{"a"}, []string{""}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked authenticator.Audiences
			m := authn.Middleware{Audiences: tt.wanted, Authenticator: authenticator.RequestFunc(func(r *http.Request) (*authenticator.Response, bool, error) {
				asked, _ = authenticator.AudiencesFrom(r.Context())
				return &authenticator.Response{User: authntest.User("ann"), Audiences: tt.good}, true, nil
			})}
			r, err := m.Authenticate(request())
			require.ElementsMatch(t, tt.wanted, asked)
			if !tt.ok {
				require.Equal(t, authn.WrongAudience, authn.ReasonOf(err))
				require.Nil(t, r)
				return
			}
			require.NoError(t, err)
		})
	}
}

// What a token says of itself is not repeated at length.
func TestAudienceErrorIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<16)
	auth := stub{ok: true, resp: &authenticator.Response{User: authntest.User(long), Audiences: []string{long, long}}}
	_, err := authn.Middleware{Authenticator: auth, Audiences: []string{"a"}}.Authenticate(request())
	require.Equal(t, authn.WrongAudience, authn.ReasonOf(err))
	require.Less(t, len(err.Error()), 600)
}
