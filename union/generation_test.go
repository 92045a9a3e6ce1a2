package union_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/union"
)

// reloaded is a member that knows its generation.
type reloaded struct {
	member
	generation uint64
}

func (r *reloaded) Generation() uint64 { return r.generation }

// A union is of another generation when a member is, and never of an earlier one again.
func TestGeneration(t *testing.T) {
	a, b := &reloaded{}, &reloaded{generation: 3}
	u := union.Tokens(member{}, a, union.Tokens(member{}, b))
	seen := make(map[uint64]bool)
	for _, change := range []func(){func() {}, func() { a.generation++ }, func() { b.generation += 2 }, func() { a.generation, b.generation = a.generation+1, b.generation+1 }} {
		change()
		got := authn.GenerationOf(u)
		require.NotContains(t, seen, got)
		require.Equal(t, got, authn.GenerationOf(u))
		seen[got] = true
	}
	require.Zero(t, authn.GenerationOf(union.Tokens()))
	require.Zero(t, authn.GenerationOf(union.Tokens(member{}, authenticator.TokenFunc(nil))))
}
