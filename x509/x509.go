// Package x509 authenticates requests by their TLS client certificates
// (RFC 5280).
//
// [New] makes an [Authenticator] that trusts the certificates issued under some
// roots, verifies the one of each request itself, and names its holder by a
// func, [CommonName] unless told otherwise. [File] follows a file of roots. The
// server's [crypto/tls.Config] must ask for certificates without verifying them;
// [TLSConfig] is such a one, and [CheckTLS] looks at others.
//
// # What is checked
//
//   - The certificate leads to a root, at the time of the request, through at
//     most [MaxIntermediates] of the certificates that the client sent with it,
//     less those with an RSA key of more than 4,096 bits or an exponent over 2^17.
//   - It may be used for client authentication: its extended key usage, and
//     that of every certificate above it, says so or says nothing; and it is no
//     CA certificate.
//   - No RSA key in the chain is shorter than 2,048 bits.
//   - It was not taken back, if there is a [Revocation].
//
// crypto/tls has checked before that the client has the private key.
//
// # Once
//
// A certificate is verified when it first comes, and again once another answer is
// possible: the roots are others, a certificate of the chain has ended, other
// intermediates come with it. The next requests of its connection find what was said,
// and so do all connections that resume a session with it. Refusals are not remembered.
// What is known of a certificate goes with it, when no connection has it any more.
package x509

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
)

// Authenticator checks client certificates and names their holders. It must be
// neither changed nor copied once it is in use.
type Authenticator struct {
	// Roots returns the authorities to trust. It is asked on every request, so
	// that they may change while the server runs; an error says that they are
	// not known now, which makes every certificate [authn.Unavailable]. Roots is
	// required and may not return nil, since to crypto/x509 no roots are all that
	// the system trusts. What was verified counts until it returns another pool, so
	// it should return the same one while nothing has changed, as [FileRoots] does,
	// and must not take certificates out of a pool that it has returned.
	Roots func() (*x509.CertPool, error)

	// User names the holder of a certificate, given a verified chain that begins
	// with it. With several chains it is asked about each until it accepts one; if
	// it accepts none, its errors come back together. Nil means [CommonName].
	User func(chain []*x509.Certificate) (*authenticator.Response, bool, error)

	// UserOnce says that the answer of User depends on the chain and on nothing
	// else, so that it need not be asked again while the certificate is good. False
	// means that User is asked on every request. CommonName, if User is nil, never is.
	UserOnce bool

	// Revocation is asked about each chain before its holder is named. Nil means
	// that nobody is asked whether a certificate was taken back.
	Revocation Revocation

	// Health returns why the roots are not up to date, for
	// [Authenticator.HealthCheck]; [FileRoots.HealthCheck] is one. Nil means that
	// there is nothing to tell.
	Health func() error

	// Remaining is told of every request that is accepted how long the chain of its
	// certificate is still valid, for a histogram. It must be safe for concurrent
	// use. Nil means that nobody watches.
	Remaining func(time.Duration)

	// Now returns the time that certificates must be valid at. Nil means
	// [time.Now].
	Now func() time.Time

	memory memory
}

// New returns an Authenticator of the certificates issued under roots. It panics
// if roots is nil.
func New(roots *x509.CertPool) *Authenticator {
	if roots == nil {
		panic("x509.New: the roots are nil, which would mean all that the system trusts")
	}
	return &Authenticator{Roots: func() (*x509.CertPool, error) { return roots, nil }}
}

// String is how a trace calls it.
func (a *Authenticator) String() string { return "x509" }

// HealthCheck returns why the certificates are not judged by what is up to date: what
// Roots and Health say, and [authn.HealthOf] the Revocation. It is nil if all is well.
func (a *Authenticator) HealthCheck() error {
	_, err := a.roots()
	if err != nil {
		err = fmt.Errorf("roots: %w", err)
	}
	if a.Health != nil {
		err = errors.Join(err, a.Health())
	}
	if err = errors.Join(err, authn.HealthOf(a.Revocation)); err != nil {
		return fmt.Errorf("x509: %w", err)
	}
	return nil
}

// AuthenticateRequest implements [authenticator.Request]. It has no opinion on a
// request without a client certificate. One that is not good is refused with
// [authn.UntrustedCertificate], [authn.Expired], [authn.NotYetValid] or
// [authn.Revoked].
//
// The response may be shared with other requests and must not be changed. It may be
// if the context of r has audiences ([authenticator.WithAudiences]): upstream's
// [authenticator.WrapAudienceAgnosticRequest] does. Its user cannot be changed
// ([authn.ReadOnly]), and has the end of the chain as its expiry ([authn.ExpiryOf]).
func (a *Authenticator) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		authn.Note(r.Context(), "no client certificate")
		return nil, false, nil
	}
	leaf, now := r.TLS.PeerCertificates[0], a.now()
	generation := authn.GenerationOf(a.Revocation) // before it is asked
	v, err := a.verified(leaf, r.TLS.PeerCertificates[1:], now)
	if err != nil {
		return nil, false, err
	}
	if known := v.answer.Load(); known != nil && a.holds(known, generation, now) {
		authn.Note(r.Context(), "remembered")
		return a.accept(r.Context(), known, now)
	}
	found, err := a.judge(r.Context(), leaf, v)
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("x509: %s: %w", describe(leaf), err)
	case found == nil:
		authn.Note(r.Context(), "the certificate names no user")
		return nil, false, nil
	}
	if a.mayRemember() {
		found.generation, found.asked = generation, now
		v.answer.Store(found)
	}
	return a.accept(r.Context(), found, now)
}

func (a *Authenticator) now() time.Time {
	if a.Now != nil {
		return a.Now()
	}
	return time.Now()
}

func (a *Authenticator) accept(ctx context.Context, found *answer, now time.Time) (*authenticator.Response, bool, error) {
	if a.Remaining != nil {
		a.Remaining(found.until.Sub(now))
	}
	resp := found.resp
	if _, ok := authenticator.AudiencesFrom(ctx); ok {
		own := *resp
		resp = &own
	}
	return resp, true, nil
}
