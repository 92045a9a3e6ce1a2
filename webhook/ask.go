package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/pause"
)

// The policy of retries: kube-apiserver's, but for their number.
const (
	maxAttempts  = 3
	firstBackoff = 500 * time.Millisecond
	growth       = 1.5
	maxJitter    = 0.2
)

// maxWait is how long an attempt waits for a place among those in flight.
const maxWait = 500 * time.Millisecond

// inquiry is what becomes of one token.
type inquiry struct {
	*Authenticator
	caller  context.Context // of whoever asks
	waiting context.Context // the same, but where too many wait
	end     time.Time       // by the timeout
	token   string
	body    []byte
}

// review asks about a token, as often as it is worth while. It has places of its own
// for the attempts under way, and so needs no other meanwhile.
func (a *Authenticator) review(caller context.Context, token string, audiences []string) (*status, error) {
	waiting, resume := pause.Begin(caller, a)
	defer resume()
	q := &inquiry{a, caller, waiting, time.Now().Add(a.timeout), token, a.request(token, audiences)}
	backoff := a.backoff
	for n := 1; ; n++ {
		st, err := q.attempt()
		if err == nil {
			return st, nil
		}
		var f *failure
		again := errors.As(err, &f) && f.again && n < maxAttempts && a.breaker.check() == nil && q.sleep(a.delay(f, n, backoff))
		if n > 1 {
			err = fmt.Errorf("attempt %d: %w", n, err)
		}
		if !again {
			return nil, err
		}
		backoff = time.Duration(growth * float64(backoff))
	}
}

// delay returns how long to wait after a failure, the nth. A connection that broke was
// often idle for longer than the reviewer likes; so the first time that is no reason
// to wait.
func (a *Authenticator) delay(f *failure, n int, backoff time.Duration) time.Duration {
	if f.broken && n == 1 {
		return 0
	}
	d := max(backoff, f.after)
	return d + time.Duration(maxJitter*a.random()*float64(d))
}

// sleep reports whether there is something to do after d. It does not begin to wait if
// the time will be over then.
func (q *inquiry) sleep(d time.Duration) bool {
	end := q.end
	if earlier, ok := q.caller.Deadline(); ok && earlier.Before(end) {
		end = earlier
	}
	if time.Until(end) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-q.waiting.Done():
		return false
	}
}

// attempt asks once, if the breaker lets it.
func (q *inquiry) attempt() (*status, error) {
	if err := q.breaker.check(); err != nil {
		return nil, err
	}
	if err := q.enter(); err != nil {
		return nil, err
	}
	defer func() { <-q.inFlight }()
	probe, err := q.breaker.admit()
	if err != nil {
		return nil, err
	}
	st, f := q.ask()
	switch {
	case f == nil:
		q.breaker.succeeded()
		return st, nil
	case q.caller.Err() != nil: // which says nothing of the reviewer
		f.again = false
		if probe {
			q.breaker.abandoned()
		}
	default:
		q.breaker.failed(q.token, f)
	}
	return nil, f
}

// enter waits for a place.
func (q *inquiry) enter() error {
	select {
	case q.inFlight <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(min(maxWait, time.Until(q.end)))
	defer timer.Stop()
	select {
	case q.inFlight <- struct{}{}:
		return nil
	case <-q.caller.Done():
		return q.caller.Err()
	case <-timer.C:
		return &authn.Error{Reason: authn.Unavailable, RetryAfter: time.Second, Err: fmt.Errorf("%d reviews are under way already", cap(q.inFlight))}
	}
}

// ask posts the review. Half of the timeout is the most that it may take, so that a
// connection on which nothing comes any more leaves time for another.
func (q *inquiry) ask() (*status, *failure) {
	ctx, cancel := context.WithTimeout(q.caller, min(q.timeout/2, time.Until(q.end)))
	defer cancel()
	req, err := q.post(ctx)
	if err != nil {
		return nil, noAnswer(err, q.token)
	}
	answer, err := q.renewal.Do(q.client, req, http.StatusOK, http.StatusCreated)
	if err != nil {
		return nil, newFailure(err, q.token)
	}
	st, err := q.parse(answer.Body) // whatever its Content-Type, of which many reviewers are careless
	if err != nil {
		return nil, noAnswer(err, q.token)
	}
	return st, nil
}

// post returns the request, of which nothing is another's: transports change what is
// not theirs.
func (q *inquiry) post(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "", bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	*req.URL, req.Host = *q.url, q.url.Host
	req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	return req, nil
}
