package bearer_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/group"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/internal/confirm"
)

// ask is all that an answer may depend on.
type ask struct {
	token     string
	limited   bool // to the audiences
	audiences authenticator.Audiences
	promised  bool
	withheld  bool
}

func (a ask) context(ctx context.Context) context.Context {
	if a.limited {
		ctx = authenticator.WithAudiences(ctx, a.audiences)
	}
	if a.promised {
		ctx, _ = confirm.New(ctx)
	}
	if a.withheld {
		ctx = authn.Withhold(ctx)
	}
	return ctx
}

// asks have the same letters in them, and differ in what is what.
var asks = func() (all []ask) {
	tokens := []string{"", "a", "ab", "abc", "a\x01", "\x00", "ab\x00\x00\x00\x00\x00", "c\x01\x00\x00\x00\x01\x00\x00\x00\x01", "a\x00\x00\x00\x00", "ab\x01\x00\x00\x00"}
	lists := []authenticator.Audiences{nil, {""}, {"", ""}, {"a"}, {"b"}, {"c"}, {"bc"}, {"b", "c"}, {"c", "b"}, {"bc", ""}, {"", "bc"},
		{"a", "a"}, {"c\x01\x00\x00\x00\x01\x00\x00\x00\x01"}, {"\x01\x00\x00\x00"}}
	for _, token := range tokens {
		for flags := range 4 {
			promised, withheld := flags&1 != 0, flags&2 != 0
			all = append(all, ask{token, false, nil, promised, withheld})
			for _, list := range lists {
				all = append(all, ask{token, true, list, promised, withheld})
			}
		}
	}
	return all
}()

// mirror accepts every question as a user who is called after it.
func mirror(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	audiences, limited := authenticator.AudiencesFrom(ctx)
	name := fmt.Sprintf("%+q %t %+q %t %t", token, limited, audiences, confirm.From(ctx) != nil, authn.Withheld(ctx))
	return &authenticator.Response{User: authntest.User(name)}, true, nil
}

// Nobody gets the answer to another question.
func TestCachedTellsQuestionsApart(t *testing.T) {
	j := &judge{judgment: mirror}
	c := bearer.Cached(j, &bearer.CacheOptions{Now: newClock().now})
	for range 2 {
		for _, a := range asks {
			ctx := a.context(t.Context())
			want, _, _ := mirror(ctx, a.token)
			mustKnow(t, c, ctx, a.token, want.User.GetName())
		}
	}
	require.EqualValues(t, len(asks), j.asked.Load())
	none := authenticator.WithAudiences(t.Context(), authenticator.Audiences{})
	mustKnow(t, c, none, "a", `"a" true [] false false`)
	require.EqualValues(t, len(asks), j.asked.Load(), "an empty list is a nil one")
}

// What the caller does with its slice once it has left changes nobody's answer.
func TestCachedOwnsTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := bearer.Cached(authenticator.TokenFunc(func(ctx context.Context, token string) (*authenticator.Response, bool, error) {
			time.Sleep(2 * time.Second)
			resp, ok, err := mirror(ctx, token)
			resp.Audiences, _ = authenticator.AudiencesFrom(ctx)
			return resp, ok, err
		}), nil)
		mine := authenticator.Audiences{"b"}
		first, leave := context.WithTimeout(authenticator.WithAudiences(t.Context(), mine), time.Second)
		defer leave()
		ctx := authenticator.WithAudiences(t.Context(), authenticator.Audiences{"b"})
		go func() {
			_, _, err := c.AuthenticateToken(first, "a")
			require.ErrorIs(t, err, context.DeadlineExceeded)
			mine[0] = "other"
		}()
		for range 2 {
			resp := mustKnow(t, c, ctx, "a", `"a" true ["b"] false false`)
			require.Equal(t, authenticator.Audiences{"b"}, resp.Audiences)
		}
	})
}

// Nothing of the first caller reaches the look-up, and nothing of it the second.
func TestCachedLookUpIsNobodys(t *testing.T) {
	type key struct{}
	c := bearer.Cached(authenticator.TokenFunc(func(ctx context.Context, _ string) (*authenticator.Response, bool, error) {
		_, hasDeadline := ctx.Deadline()
		require.Nil(t, ctx.Value(key{}))
		require.False(t, hasDeadline)
		return nil, false, nil
	}), nil)
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "secret"), time.Hour)
	defer cancel()
	_, ok, err := c.AuthenticateToken(ctx, "a")
	require.NoError(t, err)
	require.False(t, ok)
}

// bound is a user whose sender is to be confirmed.
type bound struct{ user.Info }

func (bound) Confirmation() confirm.Func {
	return func(r *http.Request, token string) error {
		return fmt.Errorf("%s did not send %s", r.URL.Path, token)
	}
}

// confirming accepts those who have promised to ask.
func confirming(ctx context.Context, _ string) (*authenticator.Response, bool, error) {
	promise := confirm.From(ctx)
	if promise == nil {
		return nil, false, authn.Errorf(authn.RuleFailed, "nobody asks")
	}
	promise.Expect()
	return &authenticator.Response{User: bound{authntest.User("ann")}}, true, nil
}

// Every caller has to ask, whether it looked the token up, waited for who did, or was
// answered from memory: who loses the check is caught each time.
func TestCachedConfirms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := bearer.Cached(&judge{judgment: func(ctx context.Context, token string) (*authenticator.Response, bool, error) {
			time.Sleep(time.Second)
			return confirming(ctx, token)
		}}, nil)
		loses := group.NewTokenGroupAdder(c, []string{"more"})
		for range 2 { // then from memory
			for range 3 {
				go func() {
					ctx, promise := confirm.New(t.Context())
					resp := mustKnow(t, c, ctx, "a", "ann")
					require.EqualError(t, promise.Keep(resp.User, authntest.Request("/x"), "a"), "/x did not send a")

					resp, ok, err := loses.AuthenticateToken(ctx, "a")
					require.NoError(t, err)
					require.True(t, ok)
					require.ErrorContains(t, promise.Keep(resp.User, authntest.Request("/x"), "a"), "was lost on the way")

					ctx, other := confirm.New(t.Context())
					resp, _, _ = loses.AuthenticateToken(ctx, "a")
					require.ErrorContains(t, other.Keep(resp.User, authntest.Request("/x"), "a"), "was lost on the way")
				}()
			}
			time.Sleep(time.Minute / 10)
		}
		_, _, err := c.AuthenticateToken(t.Context(), "a")
		require.EqualError(t, err, "nobody asks")
	})
}

// A check that is lost before the cache sees it is a refusal for all.
func TestCachedCheckLostWithin(t *testing.T) {
	j := &judge{judgment: group.NewTokenGroupAdder(authenticator.TokenFunc(confirming), []string{"more"}).AuthenticateToken}
	c := bearer.Cached(j, nil)
	for i := range 3 {
		ctx, _ := confirm.New(t.Context())
		resp, ok, err := c.AuthenticateToken(ctx, "a")
		require.Nil(t, resp)
		require.False(t, ok)
		require.EqualError(t, err, "bearer: cache: the check of the token's sender was lost on the way, by an authenticator that gives another user")
		require.EqualValues(t, i+1, j.asked.Load())
	}
}

// A change of the generation forgets all, and what was asked before it is not
// remembered after it, nor told to who asked after it.
func TestCachedGeneration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &judge{}
		j.judgment = func(context.Context, string) (*authenticator.Response, bool, error) {
			name := fmt.Sprint("generation ", j.generation.Load())
			time.Sleep(time.Second)
			return &authenticator.Response{User: authntest.User(name)}, true, nil
		}
		c := bearer.Cached(j, nil)
		require.Zero(t, c.Generation())
		go mustKnow(t, c, t.Context(), "a", "generation 0")
		synctest.Wait()
		j.generation.Add(1)
		require.EqualValues(t, 1, c.Generation())
		mustKnow(t, c, t.Context(), "a", "generation 1")
		mustKnow(t, c, t.Context(), "a", "generation 1")
		require.EqualValues(t, 2, j.asked.Load())
		j.generation.Add(1)
		mustKnow(t, c, t.Context(), "a", "generation 2")
		require.EqualValues(t, 3, j.asked.Load())
	})
}

// A slow look-up of an old generation does not push out what is known since.
func TestCachedOldAnswersComeTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &judge{}
		j.judgment = func(context.Context, string) (*authenticator.Response, bool, error) {
			if j.asked.Load() == 1 {
				time.Sleep(5 * time.Second)
				return &authenticator.Response{User: authntest.User("old")}, true, nil
			}
			return &authenticator.Response{User: authntest.User("new")}, true, nil
		}
		c := bearer.Cached(j, nil)
		go mustKnow(t, c, t.Context(), "a", "old")
		synctest.Wait()
		j.generation.Add(1)
		mustKnow(t, c, t.Context(), "a", "new")
		time.Sleep(6 * time.Second)
		mustKnow(t, c, t.Context(), "a", "new")
		require.EqualValues(t, 2, j.asked.Load())
	})
}
