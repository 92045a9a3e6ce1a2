//go:build !race

package parity

// raced is whether the race detector is on.
const raced = false
