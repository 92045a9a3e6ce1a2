package fetch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// silence is how long nothing has come if a caller who leaves may have had a reason to.
const silence = time.Second

// Renewal asks one server, on new connections once nothing has come on an old one. With
// HTTP/2 all requests share one, and net/http stays with it for as long as TCP hopes for
// an answer: a quarter of an hour, if a firewall has forgotten the connection or the host
// is gone. The zero Renewal is ready for use. It is safe for concurrent use.
type Renewal struct {
	mu   sync.Mutex // guards all below
	due  bool
	last time.Time // when the last one began
}

// Do is the function [Do]. Once nothing has come, the connections that are idle are closed
// before the next request; and if that goes to one on which others wait, it is the last.
func (n *Renewal) Do(c *http.Client, req *http.Request, want ...int) (*Answer, error) {
	began := time.Now()
	if req.Close = n.take(began); req.Close {
		c.CloseIdleConnections()
	}
	answer, err := Do(c, req, want...)
	if silent(err, time.Since(began)) {
		n.ask(began)
	}
	return answer, err
}

// Get is Do of a GET with the status 200.
func (n *Renewal) Get(ctx context.Context, c *http.Client, url, accept string) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	return n.Do(c, req, http.StatusOK)
}

// take reports whether connections are to be new.
func (n *Renewal) take(now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	due := n.due
	if due {
		n.due, n.last = false, now
	}
	return due
}

// ask has connections be new because of a request that began then. One from before the
// last renewal, or the one that it came with, says nothing of those that are new since.
func (n *Renewal) ask(began time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.due = n.due || began.After(n.last)
}

// silent reports whether an error is that nothing has come for so long.
func silent(err error, took time.Duration) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.Canceled) && took >= silence
}
