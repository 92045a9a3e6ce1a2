package revocation_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// server is what clients reach, without a network between. It is for a bubble, in
// which no real time passes.
type server struct {
	mu       sync.Mutex
	status   int
	location string
	body     io.Reader // nil: what answer makes
	answer   func(request []byte) []byte
	delay    time.Duration
	down     bool
	asked    []string // the URLs
	under    int      // requests under way
	most     int
}

var errDown = errors.New("connection refused")

// inBubble runs a test with a server that has nothing to give yet.
func inBubble(t *testing.T, f func(t *testing.T, s *server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(10 * time.Second) // for what is under way to end
		f(t, &server{status: http.StatusOK})
	})
}

func (s *server) client() *http.Client { return &http.Client{Transport: s} }

// serve lets all get the same from now on.
func (s *server) serve(body []byte) { s.set(func() { s.give(body) }) }

// give is serve for who holds s.mu.
func (s *server) give(body []byte) { s.answer = func([]byte) []byte { return body } }

func (s *server) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// requests returns how many have come, once everything has come to rest.
func (s *server) requests() int {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// RoundTrip implements [http.RoundTripper].
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	var request []byte
	if r.Body != nil {
		request, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	s.mu.Lock()
	s.asked = append(s.asked, r.URL.String())
	s.under++
	s.most = max(s.most, s.under)
	status, location, body, answer, delay, down := s.status, s.location, s.body, s.answer, s.delay, s.down
	s.mu.Unlock()
	defer s.set(func() { s.under-- })
	if err := pause(r.Context(), delay); err != nil {
		return nil, err
	}
	if down {
		return nil, errDown
	}
	if body == nil {
		body = bytes.NewReader(answer(request))
	}
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Location": {location}},
		Body:       io.NopCloser(&patient{r.Context(), body}),
		Request:    r,
	}, nil
}

// patient is a body that ends with its context.
type patient struct {
	ctx  context.Context
	body io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := p.body.Read(b)
	if slow, ok := p.body.(trickle); ok {
		if err := pause(p.ctx, slow.every); err != nil {
			return 0, err
		}
	}
	return n, err
}

// trickle is a body that comes a byte at a time, and never ends.
type trickle struct{ every time.Duration }

func (trickle) Read(b []byte) (int, error) { return copy(b[:1], "0"), nil }

// endless is a body that counts what was read of it.
type endless struct{ read *int }

func (e endless) Read(b []byte) (int, error) {
	*e.read += len(b)
	return len(b), nil
}

func pause(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
