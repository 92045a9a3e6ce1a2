//go:build race

package bearer_test

// The race detector has room for 8,128 goroutines. It also makes a sync.Pool lose
// things, so allocations cannot be counted.
const (
	racing = true
	crowd  = 3_000
)
