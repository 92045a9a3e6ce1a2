package authn_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/union"
)

// many is an error with branches that nobody checks, as other libraries have.
type many []error

func (many) Error() string     { return "many" }
func (m many) Unwrap() []error { return m }

func TestReasonOf(t *testing.T) {
	var (
		plain       = errors.New("plain")
		expired     = authn.Errorf(authn.Expired, "late")
		badSig      = authn.Errorf(authn.BadSignature, "forged")
		unavailable = authn.Errorf(authn.Unavailable, "down")
		nobody      = &authn.Error{Err: plain}
	)
	tests := []struct {
		name string
		err  error
		want authn.Reason
	}{
		{"nil", nil, ""},
		{"plain", plain, authn.Refused},
		{"with a reason", expired, authn.Expired},
		{"no reason in it", nobody, authn.Refused},
		{"the package's own", authn.ErrNoCredential, authn.NoCredential},
		{"wrapped", fmt.Errorf("x: %w", expired), authn.Expired},
		{"wrapped twice", fmt.Errorf("y: %w", fmt.Errorf("x: %w", expired)), authn.Expired},
		{"wraps nothing", fmt.Errorf("x: %w", error(nil)), authn.Refused},
		{"nested: the outermost counts", authn.Errorf(authn.RuleFailed, "x: %w", expired), authn.RuleFailed},
		{"nested: also over Unavailable", authn.Errorf(authn.Expired, "x: %w", unavailable), authn.Expired},
		{"nested: Unavailable outside", authn.Errorf(authn.Unavailable, "x: %w", expired), authn.Unavailable},
		{"union of one", &union.Error{Errors: []error{expired}}, authn.Expired},
		{"union: the first counts", &union.Error{Errors: []error{expired, badSig}}, authn.Expired},
		{"union: the first has no reason", &union.Error{Errors: []error{plain, badSig}}, authn.Refused},
		{"union: the first has an empty reason", &union.Error{Errors: []error{nobody, badSig}}, authn.Refused},
		{"union: Unavailable before all", &union.Error{Errors: []error{expired, badSig, unavailable}}, authn.Unavailable},
		{"union in a union", &union.Error{Errors: []error{expired, fmt.Errorf("x: %w", &union.Error{Errors: []error{badSig, unavailable}})}}, authn.Unavailable},
		{"union below a reason", authn.Errorf(authn.RuleFailed, "x: %w", &union.Error{Errors: []error{unavailable}}), authn.RuleFailed},
		{"joined", errors.Join(badSig, expired), authn.BadSignature},
		{"two verbs", fmt.Errorf("%w, %w", expired, unavailable), authn.Unavailable},
		{"joined with nil", many{nil, expired}, authn.Expired},
		{"branches without an error", many{nil, nil}, authn.Refused},
		{"no branches", many{}, authn.Refused},
		{"cancelled", context.Canceled, authn.Unavailable},
		{"deadline", context.DeadlineExceeded, authn.Unavailable},
		{"deadline, wrapped", fmt.Errorf("x: %w", context.DeadlineExceeded), authn.Unavailable},
		{"cancelled, in a union", &union.Error{Errors: []error{expired, context.Canceled}}, authn.Unavailable},
		{"cancelled, below a reason", authn.Errorf(authn.BadSignature, "x: %w", context.Canceled), authn.BadSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, authn.ReasonOf(tt.err))
		})
	}
}

// Package net says in its own words that a context ended.
func TestReasonOfNetwork(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&net.Dialer{}).DialContext(cancelled, "tcp", "127.0.0.1:1")
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err), "%T %v", err, err)

	issuer := authntest.NewIssuer(t)
	issuer.Delay(time.Minute)
	client := issuer.Client()
	client.Timeout = 10 * time.Millisecond
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, issuer.URL(), nil)
	require.NoError(t, err)
	_, err = client.Do(req)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err), "%T %v", err, err)
}

func TestError(t *testing.T) {
	cause := errors.New("cause")
	err := authn.Errorf(authn.Expired, "jwt: %q: %w", "name", cause)
	require.EqualError(t, err, `jwt: "name": cause`)
	require.ErrorIs(t, err, cause)

	var typed *authn.Error
	require.ErrorAs(t, fmt.Errorf("x: %w", err), &typed)
	require.Equal(t, authn.Expired, typed.Reason)
	require.Zero(t, typed.RetryAfter)
	require.Equal(t, typed.Err, errors.Unwrap(err))

	require.EqualError(t, authn.ErrNoCredential, "authn: no credential in the request")
}
