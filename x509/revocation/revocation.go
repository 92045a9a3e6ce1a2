package revocation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// Source knows of some certificates whether they were taken back. It must be safe for
// concurrent use.
type Source interface {
	// Status returns nil if cert, which issuer has issued, is not revoked, and the time
	// to ask again at the latest; an error with the reason [authn.Revoked] if it is; and
	// any other error if this source cannot tell.
	Status(ctx context.Context, cert, issuer *x509.Certificate) (until time.Time, err error)
}

// Policy says what becomes of a certificate that no source can tell of.
type Policy int

const (
	// Refuse makes it [authn.Unavailable]: nobody is let in while a list is stale or a
	// responder is down. It is the zero Policy.
	Refuse Policy = iota

	// Accept lets it in, with a note in the trace ([authn.Note]). Who can keep the
	// lists from this server makes revoked certificates good again, but for those that
	// were seen to be revoked before.
	Accept
)

// Config is the settings of a [Checker].
type Config struct {
	// Sources are asked in turn about each certificate, and the first that can tell is
	// believed. At least one is required.
	Sources []Source

	// Unknown is what becomes of a certificate that no source can tell of. Zero means
	// [Refuse].
	Unknown Policy

	// LeafOnly leaves out the certificates of the authorities above the client's.
	// False means that all are checked but the root, whose own word would count for
	// nothing.
	LeafOnly bool

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// Checker says whether the certificates of a chain were taken back. It is safe for
// concurrent use.
type Checker struct {
	config Config
	now    func() time.Time
	lapse  atomic.Int64  // when the first answer given out lapses, in Unix nanoseconds; zero: none does
	lapses atomic.Uint64 // how many have
}

// New returns a Checker that asks the sources of c.
func New(c Config) (*Checker, error) {
	if len(c.Sources) == 0 {
		return nil, errors.New("revocation: sources: at least one is required")
	}
	for i, s := range c.Sources {
		if s == nil {
			return nil, fmt.Errorf("revocation: sources: number %d is nil", i+1)
		}
	}
	if c.Unknown != Refuse && c.Unknown != Accept {
		return nil, fmt.Errorf("revocation: unknown: %d is no Policy", c.Unknown)
	}
	c.Sources = slices.Clone(c.Sources)
	return &Checker{config: c, now: orNow(c.Now)}, nil
}

// Check returns nil if no certificate of a verified chain, the client's first and the
// root last, was taken back; an error with the reason [authn.Revoked] if one was; and
// one with [authn.Unavailable] if nobody can tell and that is not accepted.
func (c *Checker) Check(ctx context.Context, chain []*x509.Certificate) error {
	last := len(chain) - 1
	if c.config.LeafOnly {
		last = min(last, 1)
	}
	for i := range last {
		if err := c.check(ctx, chain[i], chain[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (c *Checker) check(ctx context.Context, cert, issuer *x509.Certificate) error {
	var errs []error
	for _, s := range c.config.Sources {
		until, err := s.Status(ctx, cert, issuer)
		switch {
		case err == nil:
			c.lapsesAt(until)
			return nil
		case isRevoked(err):
			return authn.Errorf(authn.Revoked, "revocation: %s: %w", describe(cert), err)
		}
		errs = append(errs, err)
	}
	err := authn.Errorf(authn.Unavailable, "revocation: %s: nobody can tell: %w", describe(cert), join(errs...))
	if c.config.Unknown == Refuse || ctx.Err() != nil {
		return err
	}
	authn.Note(ctx, "accepted all the same: "+err.Error())
	c.lapsesAt(c.now().Add(askAgain))
	return nil
}

const (
	askAgain = 10 * time.Second // about what nobody could tell
	step     = 30 * time.Second // answers that hold for long lapse together, or each of many would be the end of all
)

// lapsesAt notes when an answer is to be asked for again.
func (c *Checker) lapsesAt(until time.Time) {
	if until.Sub(c.now()) > 2*step {
		until = until.Truncate(step)
	}
	at := until.UnixNano()
	for {
		first := c.lapse.Load()
		if first != 0 && first <= at || c.lapse.CompareAndSwap(first, at) {
			return
		}
	}
}

// Generation returns a number that grows when an answer of Check may have become
// another one: a list was replaced, or became stale, or an answer has to be asked for
// again. Who remembers that a chain was good must ask again then.
func (c *Checker) Generation() uint64 {
	if at := c.lapse.Load(); at != 0 && c.now().UnixNano() >= at {
		c.lapses.Add(1)
		c.lapse.CompareAndSwap(at, 0)
	}
	n := c.lapses.Load()
	for _, s := range c.config.Sources {
		n += authn.GenerationOf(s)
	}
	return n
}

// HealthCheck returns what [authn.HealthOf] the sources returns, together.
func (c *Checker) HealthCheck() error {
	var errs []error
	for _, s := range c.config.Sources {
		errs = append(errs, authn.HealthOf(s))
	}
	if err := join(errs...); err != nil {
		return fmt.Errorf("revocation: %w", err)
	}
	return nil
}

// describe names a certificate for an operator who looks for it.
func describe(c *x509.Certificate) string {
	return fmt.Sprintf("certificate of %s, serial %s, issued by %s",
		clip.Quote(c.Subject.String()), clip.Text(c.SerialNumber.Text(16)), clip.Quote(c.Issuer.String()))
}

// problems are errors that are told in one line.
type problems []error

// join returns the errors that are not nil together, and nil if there is none.
func join(errs ...error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return problems(errs)
}

func (p problems) Error() string {
	texts := make([]string, len(p))
	for i, err := range p {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (p problems) Unwrap() []error { return p }

func isRevoked(err error) bool { return authn.ReasonOf(err) == authn.Revoked }
