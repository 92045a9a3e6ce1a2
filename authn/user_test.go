package authn_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

func TestUserFrom(t *testing.T) {
	u, ok := authn.UserFrom(t.Context())
	require.False(t, ok)
	require.Nil(t, u)

	ann := authntest.User("ann", "ops")
	u, ok = authn.UserFrom(authn.WithUser(t.Context(), ann))
	require.True(t, ok)
	require.Equal(t, ann, u)

	_, ok = authn.UserFrom(authn.WithUser(t.Context(), nil))
	require.False(t, ok)
}

func TestAuthenticatedGroup(t *testing.T) {
	tests := []struct {
		name string
		user user.Info
		want []string
	}{
		{"no groups", authntest.User("ann"), []string{"system:authenticated"}},
		{"after the others", authntest.User("ann", "ops", "dev"), []string{"ops", "dev", "system:authenticated"}},
		{"has it last", authntest.User("ann", "ops", "system:authenticated"), []string{"ops", "system:authenticated"}},
		{"has it first", authntest.User("ann", "system:authenticated", "ops"), []string{"system:authenticated", "ops"}},
		{"other case", authntest.User("ann", "System:Authenticated"), []string{"System:Authenticated", "system:authenticated"}},
		{"anonymous", authntest.User("system:anonymous", "system:unauthenticated"), []string{"system:unauthenticated"}},
		{"anonymous by name", authntest.User("system:anonymous", "ops"), []string{"ops"}},
		{"anonymous by name, no groups", authntest.User("system:anonymous"), nil},
		{"anonymous by group", authntest.User("ann", "system:unauthenticated"), []string{"system:unauthenticated"}},
		{"in both groups", authntest.User("ann", "system:unauthenticated", "system:authenticated"), []string{"system:unauthenticated", "system:authenticated"}},
		{"other case of the name", authntest.User("System:Anonymous"), []string{"system:authenticated"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := &user.DefaultInfo{Name: tt.user.GetName(), Groups: append([]string(nil), tt.user.GetGroups()...)}
			for _, given := range []user.Info{tt.user, authn.ReadOnly(tt.user)} {
				got := userOf(t, authn.Middleware{Authenticator: authntest.As(given)})
				require.Equal(t, tt.want, got.GetGroups())
				require.Equal(t, tt.user.GetName(), got.GetName())
			}
			require.ElementsMatch(t, before.Groups, tt.user.GetGroups())
		})
	}
}

func TestReadOnly(t *testing.T) {
	mutable := &user.DefaultInfo{Name: "ann", UID: "7", Groups: []string{"ops"}, Extra: map[string][]string{"k": {"v"}}}
	fixed := authn.ReadOnly(mutable)
	unchanged := func() {
		t.Helper()
		require.Equal(t, "ann", fixed.GetName())
		require.Equal(t, "7", fixed.GetUID())
		require.Equal(t, []string{"ops"}, fixed.GetGroups())
		require.Equal(t, map[string][]string{"k": {"v"}}, fixed.GetExtra())
	}
	unchanged()

	spoil(mutable)
	unchanged()
	spoil(fixed)
	unchanged()

	nothing := authn.ReadOnly(authntest.User("ann"))
	require.Nil(t, nothing.GetGroups())
	require.Nil(t, nothing.GetExtra())
}

// spoil changes everything of u that its getters give away.
func spoil(u user.Info) {
	groups := u.GetGroups()
	for i := range groups {
		groups[i] = "system:masters"
	}
	_ = append(groups, "system:masters")
	for key, values := range u.GetExtra() {
		for i := range values {
			values[i] = "spoilt"
		}
		u.GetExtra()[key] = nil
		u.GetExtra()["more"] = values
	}
}

// No two calls return the same memory, however many groups there are: copies of
// some lengths have room behind them.
func TestGroupsAreCopies(t *testing.T) {
	for n := range 40 {
		u := userOf(t, authn.Middleware{Authenticator: authntest.As(authn.ReadOnly(authntest.User("ann", make([]string, n)...)))})
		first, second := u.GetGroups(), u.GetGroups()
		first[n] = "system:masters"
		require.Equal(t, "system:authenticated", second[n], n)
		require.Equal(t, "system:authenticated", u.GetGroups()[n], n)
	}
}

// An authenticator may give all requests one user, with room behind its groups;
// a handler that spoils its own must reach nobody else. The race detector sees
// what the comparison does not.
func TestHandlerChangesNobody(t *testing.T) {
	roomy := append(make([]string, 0, 8), "ops")
	shared := &user.DefaultInfo{Name: "ann", Groups: roomy, Extra: map[string][]string{"k": {"v"}}}
	for name, given := range map[string]user.Info{"own": shared, "read-only": authn.ReadOnly(shared)} {
		t.Run(name, func(t *testing.T) {
			h := authn.Middleware{Authenticator: authntest.As(given)}.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				u, _ := authn.UserFrom(r.Context())
				if r.URL.Path == "/spoil" {
					spoil(u)
					return
				}
				require.Equal(t, []string{"ops", "system:authenticated"}, u.GetGroups())
				require.Equal(t, map[string][]string{"k": {"v"}}, u.GetExtra())
			}))
			var wg sync.WaitGroup
			for i := range 16 {
				path := [...]string{"/spoil", "/look"}[i%2]
				wg.Go(func() { h.ServeHTTP(httptest.NewRecorder(), authntest.Request(path)) })
			}
			wg.Wait()
			require.Equal(t, []string{"ops", "", "", "", "", "", "", ""}, roomy[:8])
			require.Equal(t, map[string][]string{"k": {"v"}}, shared.Extra)
		})
	}
}
