package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStopped has expressions that were not waited for.
func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	claims := input{value: `{"iss":"https://ci.example.com","aud":"api","exp":1}`, claims: true}
	r, err := dryRun(ctx, &settings{config: write(t, config), input: claims}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"exp", "expressions"}, r.refusals())
	last := r.Steps[len(r.Steps)-1]
	require.Equal(t, "Unavailable", last.Reason)
	require.Contains(t, last.Error, "context canceled")
}
