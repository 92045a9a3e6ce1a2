package pause_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/pause"
)

type mark struct{}

// Who need not make room goes on as before.
func TestNobodyToMakeRoomFor(t *testing.T) {
	limited, resume := pause.Begin(t.Context(), "it")
	require.Equal(t, t.Context(), limited)
	resume()
}

// The nearest is asked, with what there is to wait for, and told when that is over.
func TestBegin(t *testing.T) {
	var calls []string
	say := func(name string) pause.Func {
		return func(ctx context.Context, what any) (context.Context, func()) {
			calls = append(calls, name+" "+what.(string))
			return context.WithValue(ctx, mark{}, name), func() { calls = append(calls, name+" again") }
		}
	}
	ctx := pause.With(pause.With(t.Context(), say("outer")), say("inner"))
	limited, resume := pause.Begin(ctx, "it")
	require.Equal(t, "inner", limited.Value(mark{}))
	require.Equal(t, []string{"inner it"}, calls)
	resume()
	require.Equal(t, []string{"inner it", "inner again"}, calls)
}
