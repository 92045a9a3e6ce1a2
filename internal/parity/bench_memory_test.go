package parity

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
)

const (
	cacheEntries = 32_768 // that ours has, unless told otherwise
	cacheMemory  = 120    // bytes that ours may take for each
)

// TestMemory fills caches with tokens and weighs what they take beyond a slice of
// the same responses.
func TestMemory(t *testing.T) {
	slice, _ := weigh(func() any { return manyResponses() })
	response := slice / cacheEntries
	for _, tt := range []struct {
		name  string
		cache func(authenticator.Token) authenticator.Token
		most  float64 // zero: no matter
	}{
		{upstream, upstreamCache, 0},
		{"bearer", ourCache, cacheMemory},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // in which nothing expires
				source := &source{}
				full, cache := weigh(func() any { return fullCache(t, tt.cache(source)) })
				kept := float64(source.kept(t, cache.(authenticator.Token)))
				require.Greater(t, kept, 0.9*cacheEntries, "so few tokens are kept")
				beyond := full/kept - response
				t.Logf("%.0f bytes for each of %.0f tokens, beyond the response of %.0f", beyond, kept, response)
				if tt.most > 0 {
					require.LessOrEqual(t, beyond, tt.most)
				}
			})
		})
	}
}

// weigh returns how many bytes of the heap it takes to keep what is made.
func weigh(make func() any) (float64, any) {
	before := heap()
	made := make()
	after := heap()
	runtime.KeepAlive(made)
	return float64(after) - float64(before), made
}

func heap() uint64 {
	var m runtime.MemStats
	for range 3 { // pools take two to be empty
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func manyResponses() []*authenticator.Response {
	all := make([]*authenticator.Response, cacheEntries)
	for i := range all {
		all[i] = newResponse()
	}
	return all
}

func newResponse() *authenticator.Response {
	groups := make([]string, len(benchGroups)) // which are its own, as those of a token are
	for i, g := range benchGroups {
		groups[i] = strings.Clone(g)
	}
	u := &user.DefaultInfo{Name: strings.Clone(benchUser), Groups: groups, Extra: map[string][]string{user.CredentialIDKey: {strings.Clone("JTI=0f7b4e2c")}}}
	return &authenticator.Response{User: authn.ReadOnly(u)}
}

func fullCache(t *testing.T, cache authenticator.Token) authenticator.Token {
	t.Helper()
	for i := range cacheEntries {
		_, ok, err := cache.AuthenticateToken(t.Context(), nthToken(i))
		require.NoError(t, err)
		require.True(t, ok)
	}
	return cache
}

// nthToken is as long as those of issuers are.
func nthToken(n int) string { return strings.Repeat("x", 1090) + fmt.Sprintf("%010d", n) }

// source accepts every token with a response of its own, and counts them.
type source struct{ asked int }

// AuthenticateToken implements [authenticator.Token].
func (s *source) AuthenticateToken(context.Context, string) (*authenticator.Response, bool, error) {
	s.asked++
	return newResponse(), true, nil
}

// kept returns how many tokens the cache still knows. Those that came last are
// asked about first: what the others bring in may drive out only them.
func (s *source) kept(t *testing.T, cache authenticator.Token) int {
	t.Helper()
	s.asked = 0
	for i := cacheEntries - 1; i >= 0; i-- {
		_, ok, err := cache.AuthenticateToken(t.Context(), nthToken(i))
		require.NoError(t, err)
		require.True(t, ok)
	}
	return cacheEntries - s.asked
}
