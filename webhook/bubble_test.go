package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/webhook"
)

// act is what a reviewer does about a request.
type act func(r *http.Request) (*http.Response, error)

// reviewer is one without a network, in whose time nobody waits. It does what its acts
// say, one for each request; the last goes on.
type reviewer struct {
	mu          sync.Mutex
	acts        []act
	at          []time.Duration // when it was asked, since it began
	began       time.Time
	under, most int // requests under way, now and at most
}

// RoundTrip implements [http.RoundTripper].
func (rv *reviewer) RoundTrip(r *http.Request) (*http.Response, error) {
	rv.mu.Lock()
	do := rv.acts[min(len(rv.at), len(rv.acts)-1)]
	rv.at = append(rv.at, time.Since(rv.began))
	rv.under++
	rv.most = max(rv.most, rv.under)
	rv.mu.Unlock()
	defer func() {
		rv.mu.Lock()
		defer rv.mu.Unlock()
		rv.under--
	}()
	return do(r)
}

// does has the reviewer do something else from now on, and forget who came.
func (rv *reviewer) does(acts ...act) {
	rv.mu.Lock()
	defer rv.mu.Unlock()
	rv.acts, rv.at, rv.began, rv.most = acts, nil, time.Now(), 0
}

// asked returns when it was asked.
func (rv *reviewer) asked() []time.Duration {
	rv.mu.Lock()
	defer rv.mu.Unlock()
	return append([]time.Duration{}, rv.at...)
}

const reviewURL = "https://reviewer.test/review"

// inBubble runs a test with a reviewer in which no real time passes, and somebody who
// asks it without jitter.
func inBubble(t *testing.T, f func(t *testing.T, rv *reviewer, a *webhook.Authenticator)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		rv := &reviewer{}
		rv.does(says(`{"authenticated":true,"user":{"username":"ann"}}`))
		a, err := webhook.New(webhook.Config{URL: reviewURL}, &webhook.Options{Client: &http.Client{Transport: rv}})
		require.NoError(t, err)
		a.SetRandom(func() float64 { return 0 })
		f(t, rv, a)
	})
}

func sends(code int, header http.Header, body io.Reader) act {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(body)}, nil
	}
}

// says answers with a status of a TokenReview, as often as it is asked.
func says(status string) act { return text(review(status)) }

func text(body string) act {
	return func(r *http.Request) (*http.Response, error) { return sends(200, nil, strings.NewReader(body))(r) }
}

// code answers with a status code, and whatever it takes to wait.
func code(code int, retryAfter ...string) act {
	return sends(code, http.Header{"Retry-After": retryAfter}, strings.NewReader(""))
}

func fails(err error) act {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hangs answers nothing.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// after does something later.
func after(d time.Duration, do act) act {
	return func(r *http.Request) (*http.Response, error) {
		if err := pass(r.Context(), d); err != nil {
			return nil, err
		}
		return do(r)
	}
}

// pass waits.
func pass(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cut answers with a body that ends too early.
func cut(r *http.Request) (*http.Response, error) {
	return sends(200, nil, io.MultiReader(strings.NewReader(`{"kind":`), brokenReader{}))(r)
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// trickle is a body that comes a byte a second, and never ends.
func trickle(r *http.Request) (*http.Response, error) {
	return sends(200, nil, slowReader{r.Context()})(r)
}

type slowReader struct{ ctx context.Context }

func (s slowReader) Read(p []byte) (int, error) {
	p[0] = ' '
	return 1, pass(s.ctx, time.Second)
}

// What the network says.
var (
	errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	errReset   = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	errAlert   = &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}
	errNoHost  = &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "reviewer.test", IsNotFound: true}}
)

// verdict is what comes of a token.
type verdict struct {
	name       string // of the user
	text       string // of the error, less the words that all begin with
	reason     authn.Reason
	retryAfter time.Duration
	took       time.Duration
}

// ask asks about a token.
func ask(ctx context.Context, a *webhook.Authenticator, token string) (v verdict) {
	began := time.Now()
	resp, ok, err := a.AuthenticateToken(ctx, token)
	v.took = time.Since(began)
	if ok {
		v.name = resp.User.GetName()
	}
	if err != nil {
		v.text, v.reason = strings.TrimPrefix(err.Error(), "webhook: "), authn.ReasonOf(err)
	}
	var e *authn.Error
	if errors.As(err, &e) {
		v.retryAfter = e.RetryAfter
	}
	return v
}

// out is that the token could not be judged.
func out(text string, took, retryAfter time.Duration) verdict {
	return verdict{text: text, reason: authn.Unavailable, took: took, retryAfter: retryAfter}
}

// mustAccept asks about a token, which must be ann's at once.
func mustAccept(t *testing.T, a *webhook.Authenticator, token string) {
	t.Helper()
	require.Equal(t, verdict{name: "ann"}, ask(t.Context(), a, token))
}

// outage has the breaker open, by as many tokens as it takes, after which the reviewer
// has been asked for 1.25 s and was not for longer than that.
func outage(t *testing.T, a *webhook.Authenticator, rv *reviewer) {
	t.Helper()
	rv.does(code(503))
	var all sync.WaitGroup
	for i := range 5 {
		all.Go(func() { ask(t.Context(), a, fmt.Sprint("outage-", i)) })
	}
	all.Wait()
}
