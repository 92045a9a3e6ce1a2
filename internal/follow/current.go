package follow

import "sync/atomic"

// Current is what a file that is followed holds, and a number that grows when this is
// something else. They change at once: who asks for the number first never has an old
// value under a new one. It is safe for concurrent use, with one who sets it.
type Current[T any] struct{ at atomic.Pointer[numbered[T]] }

type numbered[T any] struct {
	value  T
	number uint64
}

// Set puts value in the place of the one before. same, if not nil, reports whether two
// are the same to everybody: then the number stays. The first one has the number 1.
func (c *Current[T]) Set(value T, same func(before, now T) bool) {
	before := c.at.Load()
	switch {
	case before == nil:
		c.at.Store(&numbered[T]{value, 1})
	case same != nil && same(before.value, value):
		c.at.Store(&numbered[T]{value, before.number})
	default:
		c.at.Store(&numbered[T]{value, before.number + 1})
	}
}

// Value returns what was set last, and Number its number. Set must have been called.
func (c *Current[T]) Value() T { return c.at.Load().value }

// Number returns 0 if Set has not been called.
func (c *Current[T]) Number() uint64 {
	if now := c.at.Load(); now != nil {
		return now.number
	}
	return 0
}
