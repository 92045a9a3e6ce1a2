package fetch

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	defaultTimeout  = 10 * time.Second
	defaultInFlight = 256
)

// Limits bound the questions that are put to one server, each in time and all in number.
type Limits struct {
	timeout time.Duration
	places  chan struct{}
}

// NewLimits returns Limits; zero means ten seconds, and 256 in flight.
func NewLimits(timeout time.Duration, inFlight int) *Limits {
	if timeout == 0 {
		timeout = defaultTimeout
	}
	if inFlight == 0 {
		inFlight = defaultInFlight
	}
	return &Limits{timeout, make(chan struct{}, inFlight)}
}

// CrowdedError is that so many questions are under way already.
type CrowdedError int

func (e CrowdedError) Error() string {
	return fmt.Sprintf("%d questions are under way already", int(e))
}

// Begin returns a context for one question, and what ends it. If there are too many it is
// a [CrowdedError].
func (l *Limits) Begin(ctx context.Context) (limited context.Context, end func(), err error) {
	select {
	case l.places <- struct{}{}:
	default:
		return nil, nil, CrowdedError(cap(l.places))
	}
	limited, cancel := context.WithTimeout(ctx, l.timeout)
	return limited, func() { cancel(); <-l.places }, nil
}

// Health is how the last question to a server went. The zero Health is good. It is safe
// for concurrent use.
type Health struct {
	mu    sync.Mutex // guards all below
	err   error
	since time.Time
}

// Set is told of every question what went wrong, in a text for all to see; nil: it was
// answered.
func (h *Health) Set(err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil {
		h.since = now
	}
	h.err = err
}

// Check returns nil unless the last question was not answered.
func (h *Health) Check() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil {
		return nil
	}
	return fmt.Errorf("not answered since %s: %w", h.since.UTC().Format(time.RFC3339), h.err)
}
