// Package flight does one thing for many who want it at the same time.
package flight

import (
	"context"
	"fmt"
	"sync"
)

// Group is the work under way, by key. The zero Group has none. It is safe for
// concurrent use.
type Group[K comparable, V any] struct {
	mu    sync.Mutex // guards calls
	calls map[K]*call[V]
}

// call is one piece of work and those who wait for it.
type call[V any] struct {
	done    chan struct{} // closed when it is over
	cancel  context.CancelFunc
	waiting int // guarded by the group's mu
	value   V   // once done is closed, and so is err
	err     error
}

// Do returns what do returns, which runs once for all who call Do with the same
// key meanwhile. It belongs to none of them: its context carries nothing of
// theirs, and ends when the last of them has left. Do returns when its own context
// ends, with that error. A panic of do is a [*PanicError].
func (g *Group[K, V]) Do(ctx context.Context, key K, do func(context.Context) (V, error)) (V, error) {
	g.mu.Lock()
	c, ok := g.calls[key]
	if !ok {
		c = g.start(key, do)
	}
	c.waiting++
	g.mu.Unlock()
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		g.leave(key, c)
		var none V
		return none, ctx.Err()
	}
}

// start begins a call. g.mu is held.
func (g *Group[K, V]) start(key K, do func(context.Context) (V, error)) *call[V] {
	ctx, cancel := context.WithCancel(context.Background())
	c := &call[V]{done: make(chan struct{}), cancel: cancel}
	if g.calls == nil {
		g.calls = make(map[K]*call[V])
	}
	g.calls[key] = c
	go func() {
		defer cancel()
		defer func() {
			if v := recover(); v != nil {
				c.err = &PanicError{v}
			}
			g.forget(key, c)
			close(c.done)
		}()
		c.err = errEnded // unless it returns
		c.value, c.err = do(ctx)
	}()
	return c
}

// leave counts one caller out. Work that nobody waits for ends, and whoever comes
// next begins anew.
func (g *Group[K, V]) leave(key K, c *call[V]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.waiting--; c.waiting == 0 {
		c.cancel()
		if g.calls[key] == c {
			delete(g.calls, key)
		}
	}
}

func (g *Group[K, V]) forget(key K, c *call[V]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls[key] == c {
		delete(g.calls, key)
	}
}

var errEnded = fmt.Errorf("the work ended its goroutine")

// PanicError is a panic. Its text leaves out the value, which may hold a
// credential.
type PanicError struct{ Value any }

func (e *PanicError) Error() string { return fmt.Sprintf("panicked with a %T", e.Value) }
