package authn_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/internal/confirm"
	"github.com/authnchain/authnchain/union"
)

// conclusive are the reasons that say that a credential is bad; inconclusive are all
// others.
var (
	conclusive = []authn.Reason{authn.Malformed, authn.Expired, authn.WrongAudience, authn.UntrustedIssuer,
		authn.WrongAlgorithm, authn.UnknownKey, authn.BadSignature, authn.ClaimMissing, authn.RuleFailed,
		authn.Revoked, authn.UntrustedCertificate, authn.UnknownToken, authn.InvalidUser}
	inconclusive = []authn.Reason{authn.NoCredential, authn.NotYetValid, authn.Unavailable, authn.Panicked, authn.Refused,
		"", "Expired ", "expired", "MyOwn"}
)

// leaves is an error of several, as foreign packages have their own.
type leaves []error

func (leaves) Error() string     { return "several" }
func (l leaves) Unwrap() []error { return l }

// netError says that it is the end of a context, as the errors of package net do.
type netError struct{ inner error }

func (netError) Error() string          { return "i/o timeout" }
func (netError) Is(target error) bool   { return target == context.DeadlineExceeded }
func (e netError) Unwrap() error        { return e.inner }
func because(reason authn.Reason) error { return authn.Errorf(reason, "x") }

func TestConclusive(t *testing.T) {
	for _, sure := range conclusive {
		require.True(t, authn.Conclusive(because(sure)), sure)
		for _, other := range conclusive {
			require.True(t, authn.Conclusive(errors.Join(because(sure), because(other))))
		}
		for _, other := range inconclusive {
			require.False(t, authn.Conclusive(because(other)), "%q", other)
			require.False(t, authn.Conclusive(errors.Join(because(sure), because(other))))
			require.False(t, authn.Conclusive(errors.Join(because(other), because(sure))))
		}
	}
	var none *authn.Error
	expired, down := because(authn.Expired), because(authn.Unavailable)
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"nil", nil, false},
		{"nil of a type", none, false},
		{"an error with nothing in it", &authn.Error{}, false},
		{"no reason", errors.New("no"), false},
		{"no reason, wrapped", fmt.Errorf("x: %w", errors.New("no")), false},
		{"wrapped", fmt.Errorf("x: %w", fmt.Errorf("y: %w", expired)), true},
		{"the outermost reason counts", authn.Errorf(authn.Expired, "x: %w", down), true},
		{"the outermost reason counts, of the other", authn.Errorf(authn.Unavailable, "x: %w", expired), false},
		{"several in one text", fmt.Errorf("%w and %w", expired, expired), true},
		{"several in one text, one not sure", fmt.Errorf("%w and %w", expired, down), false},
		{"one without a reason", errors.Join(expired, errors.New("no")), false},
		{"deep", errors.Join(expired, fmt.Errorf("x: %w", errors.Join(expired, fmt.Errorf("y: %w", down)))), false},
		{"union", &union.Error{Errors: []error{expired, because(authn.UnknownKey)}}, true},
		{"union, one not sure", &union.Error{Errors: []error{expired, down}}, false},
		{"union of none", &union.Error{}, false},
		{"union of nil", &union.Error{Errors: []error{nil, nil}}, false},
		{"union of nil and one", &union.Error{Errors: []error{nil, expired}}, true},
		{"foreign", leaves{expired, leaves{expired}}, true},
		{"foreign, one not sure", leaves{expired, leaves{down}}, false},
		{"foreign, none", leaves{}, false},
		{"context", context.Canceled, false},
		{"context, wrapped", fmt.Errorf("x: %w", context.DeadlineExceeded), false},
		{"context beside", errors.Join(expired, context.Canceled), false},
		{"context as the cause of one that is sure", authn.Errorf(authn.Expired, "x: %w", context.Canceled), true},
		{"says that it is a context's", netError{}, false},
		{"says that it is a context's, around one that is sure", netError{expired}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, authn.Conclusive(tt.err)) })
	}
}

// dated is a user whose credential expires.
type dated struct {
	user.Info
	expiry time.Time
}

func (d dated) Expiry() time.Time { return d.expiry }

// wrong is a user with a method that only looks like it.
type wrong struct{ user.Info }

func (wrong) Expiry() int64 { return 1 }

func TestExpiryOf(t *testing.T) {
	ann, end := authntest.User("ann"), time.Date(2026, 11, 24, 12, 0, 0, 7, time.UTC)
	tests := []struct {
		name string
		user user.Info
		want time.Time
	}{
		{"nil", nil, time.Time{}},
		{"none", ann, time.Time{}},
		{"zero", dated{ann, time.Time{}}, time.Time{}},
		{"of another type", wrong{ann}, time.Time{}},
		{"known", dated{ann, end}, end},
		{"before 1970", dated{ann, time.Unix(-1, 0)}, time.Unix(-1, 0)},
		{"read-only", authn.ReadOnly(dated{ann, end}), end},
		{"read-only, twice", authn.ReadOnly(authn.ReadOnly(dated{ann, end})), end},
		{"read-only, none", authn.ReadOnly(ann), time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, known := authn.ExpiryOf(tt.user)
			require.Equal(t, !tt.want.IsZero(), known)
			require.Equal(t, tt.want, got)
		})
	}
	u := userOf(t, authn.Middleware{Authenticator: authntest.As(dated{ann, end})})
	got, known := authn.ExpiryOf(u)
	require.True(t, known, "a handler sees it too")
	require.Equal(t, end, got)
}

type generation struct {
	authenticator.Token
	n uint64
}

func (g *generation) Generation() uint64 { return g.n }

func TestGenerationOf(t *testing.T) {
	require.Zero(t, authn.GenerationOf(nil))
	require.Zero(t, authn.GenerationOf(authntest.User("ann")))
	require.EqualValues(t, 7, authn.GenerationOf(&generation{n: 7}))
}

// Carry takes along what the answer depends on and what is written down, and nothing
// else.
func TestCarry(t *testing.T) {
	type key struct{}
	audiences := authenticator.Audiences{"a"}
	from, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "secret"))
	from, trace := authn.WithTrace(authn.WithUser(authenticator.WithAudiences(from, audiences), authntest.User("ann")))
	from, promise := confirm.New(from)

	to := authn.Carry(context.Background(), from)
	cancel()
	require.NoError(t, to.Err())
	require.Nil(t, to.Value(key{}))
	_, known := authn.UserFrom(to)
	require.False(t, known)
	audiences[0] = "changed"
	got, _ := authenticator.AudiencesFrom(to)
	require.Equal(t, authenticator.Audiences{"a"}, got)
	require.Same(t, promise, confirm.From(to))
	same, _ := authn.TraceFrom(to)
	require.Same(t, trace, same)

	require.False(t, authn.Withheld(to))
	require.True(t, authn.Withheld(authn.Carry(context.Background(), authn.Withhold(from))))

	bare := authn.Carry(context.Background(), t.Context())
	require.Equal(t, context.Background(), bare)

	for _, list := range []authenticator.Audiences{nil, {}} { // limited to none is not the same as not limited
		got, limited := authenticator.AudiencesFrom(authn.Carry(context.Background(), authenticator.WithAudiences(t.Context(), list)))
		require.True(t, limited)
		require.Empty(t, got)
	}

	outer, theirs := context.WithCancel(context.Background())
	defer theirs()
	require.Equal(t, outer.Done(), authn.Carry(outer, from).Done())
}

// What is written down under a carried context stands where the caller's would.
func TestCarryTrace(t *testing.T) {
	auth := authenticator.RequestFunc(func(r *http.Request) (*authenticator.Response, bool, error) {
		ctx := authn.Carry(context.Background(), r.Context())
		authn.Note(ctx, "carried")
		return authn.AskToken(ctx, stub{name: "inner"}, "a")
	})
	links := authn.Explain(auth, request()).Result().Links
	require.Len(t, links, 1)
	require.Equal(t, "carried", links[0].Detail)
	require.True(t, slices.ContainsFunc(links[0].Links, func(l authn.Link) bool { return l.Name == "inner" }))
}
