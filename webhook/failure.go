package webhook

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/internal/hide"
)

// failure is an attempt that brought no answer, or one that is none.
type failure struct {
	error                // without the token
	again  bool          // another attempt may do better
	broken bool          // the connection was, on the way
	unwell bool          // the reviewer is
	unsent bool          // so it cannot be for the token
	after  time.Duration // that the reviewer asked for
}

func (f *failure) Unwrap() error { return f.error }

// noAnswer is for an answer that is no TokenReview.
func noAnswer(err error, token string) *failure {
	return &failure{error: hide.Error(err, token)}
}

// newFailure judges an error of fetch.Do.
func newFailure(err error, token string) *failure {
	f := &failure{error: hide.Error(err, token), unwell: true}
	var status *fetch.StatusError
	var tooLong fetch.TooLongError
	switch {
	case errors.As(err, &status):
		f.unwell = status.Code == http.StatusTooManyRequests || status.Code >= 500
		f.again = mayPass(status.Code)
		f.after = status.RetryAfter
	case errors.As(err, &tooLong):
	case refusesTLS(err):
		f.unsent = true
	default:
		f.unsent = noConnection(err)
		f.again = true
		f.broken = !f.unsent && !timedOut(err)
	}
	return f
}

// mayPass reports whether a status is of those that another attempt may not meet.
func mayPass(code int) bool {
	switch code {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// refusesTLS reports whether one side did not want to talk to the other, which it will
// not want the next time either.
func refusesTLS(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var op *net.OpError
	alert := errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error")
	return alert || errors.As(err, &certificate) || errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch)
}

// noConnection reports whether the reviewer was not reached at all.
func noConnection(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// unavailable returns the error for a token that could not be reviewed.
func unavailable(err error) error {
	e := &authn.Error{Reason: authn.Unavailable, Err: fmt.Errorf("webhook: %w", err)}
	var f *failure
	var closed *openError
	var crowded *authn.Error
	switch {
	case errors.As(err, &f):
		e.RetryAfter = f.after
	case errors.As(err, &closed):
		e.RetryAfter = closed.wait
	case errors.As(err, &crowded):
		e.RetryAfter = crowded.RetryAfter
	}
	return e
}
