package anonymous_test

import (
	"errors"
	"net/http"
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

var nobody = &user.DefaultInfo{Name: "system:anonymous", Groups: []string{"system:unauthenticated"}}

func refuses(err error) authenticator.Request {
	return authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) { return nil, false, err })
}

func TestNew(t *testing.T) {
	no, down := errors.New("no"), authn.Errorf(authn.Unavailable, "down")
	ann := authntest.User("ann")
	tests := []struct {
		name  string
		auth  authenticator.Request
		paths []string
		user  user.Info
		err   error
	}{
		{"no opinion", authntest.As(nil), nil, nobody, nil},
		{"no opinion, on a path", authntest.As(nil), []string{"/healthz"}, nobody, nil},
		{"no opinion, on another path", authntest.As(nil), []string{"/livez", "/readyz"}, nil, nil},
		{"accepted", authntest.As(ann), nil, ann, nil},
		{"accepted, on another path", authntest.As(ann), []string{"/livez"}, ann, nil},
		{"refused", refuses(no), nil, nil, no},
		{"refused, on a path", refuses(no), []string{"/healthz"}, nil, no},
		{"refused, on another path", refuses(no), []string{"/livez"}, nil, no},
		{"unavailable", refuses(down), nil, nil, down},
		{"refused by one of several", union.Requests(authntest.As(nil), refuses(no), authntest.As(nil)), nil, nil, &union.Error{Errors: []error{no}}},
		{"refused and accepted", union.Requests(refuses(no), authntest.As(ann)), nil, ann, nil},
		{"nobody to ask", union.Requests(), nil, nobody, nil},
		{"twice", anonymous.New(authntest.As(nil), "/livez"), []string{"/healthz"}, nobody, nil},
		{"twice, refused", anonymous.New(refuses(no)), nil, nil, no},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, ok, err := anonymous.New(tt.auth, tt.paths...).AuthenticateRequest(authntest.Request("/healthz"))
			require.Equal(t, tt.err, err)
			require.Equal(t, tt.user != nil, ok)
			if ok {
				require.Equal(t, authn.ReadOnly(tt.user), authn.ReadOnly(resp.User))
				require.Empty(t, resp.Audiences)
			} else {
				require.Nil(t, resp)
			}
		})
	}
}

// A bad name is a refusal like others.
func TestBadName(t *testing.T) {
	_, ok, err := anonymous.New(authntest.As(authntest.User(""))).AuthenticateRequest(authntest.Request("/"))
	require.False(t, ok)
	require.Equal(t, authn.InvalidUser, authn.ReasonOf(err))
}

func TestAudiences(t *testing.T) {
	var seen *authenticator.Response
	inner := anonymous.New(authntest.As(nil))
	spy := authenticator.RequestFunc(func(r *http.Request) (resp *authenticator.Response, ok bool, err error) {
		seen, ok, err = inner.AuthenticateRequest(r)
		return seen, ok, err
	})
	for _, auds := range []authenticator.Audiences{nil, {"a"}, {"a", "b"}} {
		_, err := authn.Middleware{Authenticator: spy, Audiences: auds}.Authenticate(authntest.Request("/"))
		require.NoError(t, err)
		require.Equal(t, auds, seen.Audiences)
	}
}

// Whoever changes the user of an answer changes no other.
func TestUserIsNotShared(t *testing.T) {
	auth := anonymous.New(authntest.As(nil))
	resp, _, _ := auth.AuthenticateRequest(authntest.Request("/"))
	resp.User.GetGroups()[0] = "system:masters"
	resp, _, _ = auth.AuthenticateRequest(authntest.Request("/"))
	require.Equal(t, authn.ReadOnly(nobody), authn.ReadOnly(resp.User))
}

func TestPathsAreCopied(t *testing.T) {
	paths := []string{"/healthz"}
	auth := anonymous.New(authntest.As(nil), paths...)
	paths[0] = "/secret"
	_, ok, _ := auth.AuthenticateRequest(authntest.Request("/secret"))
	require.False(t, ok)
}

func TestLinks(t *testing.T) {
	links := anonymous.New(bearer.New(union.Tokens())).(authn.Chain).Links()
	require.Len(t, links, 2)
	require.Equal(t, bearer.New(union.Tokens()), links[0])
	require.Equal(t, "anonymous", links[1].(interface{ String() string }).String())
}

func TestNewPanics(t *testing.T) {
	require.PanicsWithValue(t, "anonymous.New: the authenticator to wrap is nil", func() { anonymous.New(nil) })
	for _, bad := range []string{
		"", "healthz", ".", "..", "*", " /healthz", "//", "///", "//healthz", "/healthz//", "/a//b", "/.", "/./", "/..", "/../healthz",
		"/./healthz", "/healthz/.", "/healthz/..", "/a/../b", "/a/./b", "http://x/healthz", "?", "#",
	} {
		t.Run(bad, func(t *testing.T) {
			want := `anonymous.New: path "` + bad + `": must begin with / and be clean (no //, no . and no .. in it)`
			require.PanicsWithValue(t, want, func() { anonymous.New(authntest.As(nil), "/good", bad) })
		})
	}
	for _, good := range []string{"/", "/healthz", "/healthz/", "/a/b", "/...", "/.well-known/x", "/a b", "/%41", "/ü"} {
		require.NotPanics(t, func() { anonymous.New(authntest.As(nil), good) })
	}
}
