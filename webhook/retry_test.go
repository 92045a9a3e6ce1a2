package webhook_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/webhook"
)

// Retries, by the number and the time of what the reviewer is asked, and what comes of
// it when.
func TestRetries(t *testing.T) {
	type acts = []act
	type times = []time.Duration
	const ms = time.Millisecond
	const post = "POST https://reviewer.test/review: "
	good := says(`{"authenticated":true,"user":{"username":"ann"}}`)
	thrice := times{0, 500 * ms, 1250 * ms}
	ann := func(took time.Duration) verdict { return verdict{name: "ann", took: took} }
	tests := []struct {
		name  string
		acts  acts
		asked times
		want  verdict
	}{
		{"no need", acts{good}, times{0}, ann(0)},
		{"429", acts{code(429)}, thrice, out("attempt 3: "+post+"status 429", 1250*ms, 0)},
		{"500", acts{code(500)}, thrice, out("attempt 3: "+post+"status 500", 1250*ms, 0)},
		{"502", acts{code(502)}, thrice, out("attempt 3: "+post+"status 502", 1250*ms, 0)},
		{"503", acts{code(503)}, thrice, out("attempt 3: "+post+"status 503", 1250*ms, 0)},
		{"504", acts{code(504)}, thrice, out("attempt 3: "+post+"status 504", 1250*ms, 0)},
		{"refused", acts{fails(errRefused)}, thrice, out("attempt 3: "+post+"dial tcp: connection refused", 1250*ms, 0)},
		{"no such host", acts{fails(errNoHost)}, thrice, out("attempt 3: "+post+"dial tcp: lookup reviewer.test: no such host", 1250*ms, 0)},
		{"503, then well", acts{code(503), good}, times{0, 500 * ms}, ann(500 * ms)},
		{"503 twice, then well", acts{code(503), code(503), good}, thrice, ann(1250 * ms)},
		{"refused, then well", acts{fails(errRefused), good}, times{0, 500 * ms}, ann(500 * ms)},
		{"503, then a refusal", acts{code(503), says(`{"error":"revoked"}`)}, times{0, 500 * ms}, verdict{text: `the reviewer says: "revoked"`, reason: authn.Refused, took: 500 * ms}},
		{"503, then not its token", acts{code(503), says(`{}`)}, times{0, 500 * ms}, verdict{took: 500 * ms}},
		{"503, then 404", acts{code(503), code(404)}, times{0, 500 * ms}, out("attempt 2: "+post+"status 404", 500*ms, 0)},

		{"reset", acts{fails(errReset)}, times{0, 0, 750 * ms}, out("attempt 3: "+post+"read tcp: connection reset by peer", 750*ms, 0)},
		{"closed", acts{fails(io.EOF)}, times{0, 0, 750 * ms}, out("attempt 3: "+post+"EOF", 750*ms, 0)},
		{"closed while idle", acts{fails(io.EOF), good}, times{0, 0}, ann(0)},
		{"half an answer", acts{cut}, times{0, 0, 750 * ms}, out("attempt 3: "+post+"reading the answer: unexpected EOF", 750*ms, 0)},
		{"half an answer, then a whole", acts{cut, good}, times{0, 0}, ann(0)},
		{"503, then closed", acts{code(503), fails(io.EOF)}, thrice, out("attempt 3: "+post+"EOF", 1250*ms, 0)},

		{"hangs", acts{hangs}, times{0, 5500 * ms}, out("attempt 2: "+post+"context deadline exceeded", 10*time.Second, 0)},
		{"hangs once", acts{hangs, good}, times{0, 5500 * ms}, ann(5500 * ms)},
		{"slow-loris", acts{trickle}, times{0, 5500 * ms}, out("attempt 2: "+post+"reading the answer: context deadline exceeded", 10*time.Second, 0)},
		{"slow", acts{after(4*time.Second, good)}, times{0}, ann(4 * time.Second)},
		{"slow and unwell", acts{after(4*time.Second, code(503))}, times{0, 4500 * ms, 9250 * ms}, out("attempt 3: "+post+"context deadline exceeded", 10*time.Second, 0)},

		{"Retry-After, shorter", acts{code(503, "0"), good}, times{0, 500 * ms}, ann(500 * ms)},
		{"Retry-After", acts{code(429, "3"), good}, times{0, 3 * time.Second}, ann(3 * time.Second)},
		{"Retry-After, twice", acts{code(429, "3"), code(429, "3"), good}, times{0, 3 * time.Second, 6 * time.Second}, ann(6 * time.Second)},
		{"Retry-After, three times", acts{code(429, "3")}, times{0, 3 * time.Second, 6 * time.Second}, out("attempt 3: "+post+"status 429", 6*time.Second, 3*time.Second)},
		{"Retry-After beyond the timeout", acts{code(429, "10")}, times{0}, out(post+"status 429", 0, 10*time.Second)},
		{"Retry-After beyond what is left", acts{code(429, "6"), code(429, "6")}, times{0, 6 * time.Second}, out("attempt 2: "+post+"status 429", 6*time.Second, 6*time.Second)},
		{"Retry-After of a day", acts{code(503, "86400")}, times{0}, out(post+"status 503", 0, 5*time.Minute)},
		{"Retry-After with a status that will not pass", acts{code(404, "1")}, times{0}, out(post+"status 404", 0, time.Second)},

		{"400", acts{code(400)}, times{0}, out(post+"status 400", 0, 0)},
		{"401", acts{code(401)}, times{0}, out(post+"status 401", 0, 0)},
		{"408", acts{code(408)}, times{0}, out(post+"status 408", 0, 0)},
		{"501", acts{code(501)}, times{0}, out(post+"status 501", 0, 0)},
		{"redirect", acts{sends(307, http.Header{"Location": {"https://elsewhere.test"}}, http.NoBody)}, times{0}, out(post+"status 307", 0, 0)},
		{"no JSON", acts{text("<html>")}, times{0}, out("the answer: not a JSON object", 0, 0)},
		{"no TokenReview", acts{text("{}")}, times{0}, out(`the answer is a "" of "", not a TokenReview of authentication.k8s.io/v1`, 0, 0)},
		{"1 GiB", acts{sends(200, nil, io.LimitReader(blanks{}, 1<<30))}, times{0}, out(post+"the answer has more than 1048576 bytes", 0, 0)},
		{"an unknown authority", acts{fails(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}})}, times{0}, out(post+"tls: failed to verify certificate: x509: certificate signed by unknown authority", 0, 0)},
		{"a certificate that the reviewer does not like", acts{fails(errAlert)}, times{0}, out(post+"remote error: tls: bad certificate", 0, 0)},
		{"no TLS", acts{fails(tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"})}, times{0}, out(post+"tls: first record does not look like a TLS handshake", 0, 0)},
		{"HTTP where HTTPS was expected", acts{fails(http.ErrSchemeMismatch)}, times{0}, out(post+"http: server gave HTTP response to HTTPS client", 0, 0)},
		{"a transport that gives nothing", acts{fails(nil)}, times{0, 0, 750 * ms}, out("attempt 3: "+post+"no answer and no error", 750*ms, 0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
				rv.does(tt.acts...)
				require.Equal(t, tt.want, ask(t.Context(), a, "abc-123"))
				require.Equal(t, tt.asked, rv.asked())
			})
		})
	}
}

// blanks is a body without end.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// Who asks at the same time does not ask again at the same time.
func TestJitter(t *testing.T) {
	inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
		a.SetRandom(func() float64 { return 1 })
		rv.does(code(503))
		require.Equal(t, 1500*time.Millisecond, ask(t.Context(), a, "abc-123").took)
		require.Equal(t, []time.Duration{0, 600 * time.Millisecond, 1500 * time.Millisecond}, rv.asked())
	})
	synctest.Test(t, func(t *testing.T) {
		rv := &reviewer{}
		rv.does(code(503))
		a, err := webhook.New(webhook.Config{URL: reviewURL}, &webhook.Options{Client: &http.Client{Transport: rv}})
		require.NoError(t, err)
		took := map[time.Duration]bool{}
		for range 10 {
			v := ask(t.Context(), a, "abc-123")
			require.GreaterOrEqual(t, v.took, 1250*time.Millisecond)
			require.Less(t, v.took, 1500*time.Millisecond)
			took[v.took] = true
		}
		require.Greater(t, len(took), 1)
	})
}

// The caller's deadline is never exceeded, nor waited for in vain.
func TestCallersDeadline(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name     string
		deadline time.Duration
		does     act
		asked    int
		took     time.Duration
		err      error // beside what the text says
	}{
		{"hangs", 300 * ms, hangs, 1, 300 * ms, context.DeadlineExceeded},
		{"hangs, later than half the timeout", 7 * time.Second, hangs, 2, 7 * time.Second, context.DeadlineExceeded},
		{"later than the timeout", time.Hour, hangs, 2, 10 * time.Second, context.DeadlineExceeded},
		{"over before the second attempt", 400 * ms, code(503), 1, 0, nil},
		{"over when the second attempt is due", 500 * ms, code(503), 1, 0, nil},
		{"over before the third attempt", 900 * ms, code(503), 2, 500 * ms, nil},
		{"Retry-After beyond it", 900 * ms, code(503, "1"), 1, 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
				rv.does(tt.does)
				ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
				defer cancel()
				began := time.Now()
				_, ok, err := a.AuthenticateToken(ctx, "abc-123")
				require.False(t, ok)
				require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
				require.Equal(t, tt.took, time.Since(began))
				require.Len(t, rv.asked(), tt.asked)
				if tt.err != nil {
					require.ErrorIs(t, err, tt.err)
				}
			})
		})
	}
}

// A caller who leaves between two attempts is let go.
func TestCallerLeavesBetweenAttempts(t *testing.T) {
	inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
		rv.does(code(503))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		require.Equal(t, out("POST https://reviewer.test/review: status 503", 100*time.Millisecond, 0), ask(ctx, a, "abc-123"))
		require.Len(t, rv.asked(), 1)
	})
}

// Who waits between two attempts takes no place: neither here nor in a cache around.
func TestWaitingTakesNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rv := &reviewer{}
		rv.does(code(503, "5"), says(`{"authenticated":true,"user":{"username":"ann"}}`))
		a, err := webhook.New(webhook.Config{URL: reviewURL}, &webhook.Options{Client: &http.Client{Transport: rv}, MaxInFlight: 1})
		require.NoError(t, err)
		c := bearer.Cached(a, &bearer.CacheOptions{MaxInFlight: 1})
		first := make(chan bool)
		go func() {
			_, ok, _ := c.AuthenticateToken(t.Context(), "first")
			first <- ok
		}()
		synctest.Wait() // the first has failed once and waits
		require.Len(t, rv.asked(), 1)
		began := time.Now()
		_, ok, err := c.AuthenticateToken(t.Context(), "second")
		require.NoError(t, err)
		require.True(t, ok)
		require.Zero(t, time.Since(began))
		require.True(t, <-first)
	})
}

// Nor does a review that is under way take one of a cache, which others need.
func TestReviewTakesNoPlaceOfACache(t *testing.T) {
	inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
		rv.does(hangs)
		c := bearer.Cached(a, &bearer.CacheOptions{MaxInFlight: 1})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		for _, token := range []string{"a", "b"} {
			go func() {
				_, _, err := c.AuthenticateToken(ctx, token)
				ended <- err
			}()
		}
		synctest.Wait()
		require.Len(t, rv.asked(), 2)
		cancel()
		for range 2 {
			require.ErrorIs(t, <-ended, context.Canceled)
		}
	})
}

// Too many who wait do not wait for long.
func TestCrowdThatWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, rv *reviewer, a *webhook.Authenticator) {
		c := bearer.Cached(a, &bearer.CacheOptions{MaxInFlight: 1})
		mustAccept(t, a, "abc-123") // so the breaker stays closed for a while
		rv.does(code(503, "5"), code(503, "5"), code(503, "5"), code(503, "5"), code(503, "5"), ann)
		accepted := make(chan bool)
		for _, token := range []string{"a", "b", "c", "d"} {
			go func() {
				_, ok, _ := c.AuthenticateToken(t.Context(), token)
				accepted <- ok
			}()
			synctest.Wait()
		}
		began := time.Now()
		_, ok, err := c.AuthenticateToken(t.Context(), "e")
		require.False(t, ok)
		require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
		require.Equal(t, 500*time.Millisecond, time.Since(began))
		for range 4 {
			require.True(t, <-accepted)
		}
		require.Equal(t, 5*time.Second, time.Since(began))
	})
}

// Nobody waits for a place beyond the timeout, nor the caller's end.
func TestWaitForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rv := &reviewer{}
		rv.does(hangs)
		a, err := webhook.New(webhook.Config{URL: reviewURL}, &webhook.Options{Client: &http.Client{Transport: rv}, MaxInFlight: 1, Timeout: 400 * time.Millisecond})
		require.NoError(t, err)
		go func() { _, _, _ = a.AuthenticateToken(t.Context(), "first") }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.Equal(t, out("context deadline exceeded", 50*time.Millisecond, 0), ask(ctx, a, "second"))
		require.Equal(t, []time.Duration{0}, rv.asked())
	})
	synctest.Test(t, func(t *testing.T) {
		rv := &reviewer{}
		rv.does(hangs)
		client := &http.Client{Transport: rv}
		slow, err := webhook.New(webhook.Config{URL: reviewURL}, &webhook.Options{Client: client, MaxInFlight: 1})
		require.NoError(t, err)
		go func() { _, _, _ = slow.AuthenticateToken(t.Context(), "first") }()
		synctest.Wait()
		require.Equal(t, out("1 reviews are under way already", 500*time.Millisecond, time.Second), ask(t.Context(), slow, "second"))
		time.Sleep(10 * time.Second)
	})
}
