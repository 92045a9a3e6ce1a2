package x509

import (
	"context"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
)

// answer is what was said of a verified certificate.
type answer struct {
	resp       *authenticator.Response
	until      time.Time // the end of its chain
	generation uint64    // of the Revocation
	asked      time.Time // when the Revocation was
}

// mayRemember reports whether answers may be remembered at all.
func (a *Authenticator) mayRemember() bool {
	if a.User != nil && !a.UserOnce {
		return false
	}
	_, generational := a.Revocation.(authn.Generational)
	return generational || a.Revocation == nil
}

// holds reports whether known is still what would be said.
func (a *Authenticator) holds(known *answer, generation uint64, now time.Time) bool {
	if a.Revocation == nil {
		return true
	}
	age := now.Sub(known.asked)
	return known.generation == generation && age >= 0 && age < RevocationInterval
}

// judge returns what is said of leaf by the first of its chains that is good, or nil
// if none names a user.
func (a *Authenticator) judge(ctx context.Context, leaf *x509.Certificate, v *verified) (*answer, error) {
	var errs refusals
	for _, above := range v.above {
		found, err := a.judgeChain(ctx, append([]*x509.Certificate{leaf}, above...))
		if err != nil {
			errs = append(errs, err)
		} else if found != nil {
			return found, nil
		}
	}
	if errs == nil {
		return nil, nil
	}
	return nil, errs
}

func (a *Authenticator) judgeChain(ctx context.Context, chain []*x509.Certificate) (*answer, error) {
	leaf := chain[0] // others may do to the slice what they like
	_, until := validity(chain)
	if a.Revocation != nil {
		if err := a.Revocation.Check(ctx, chain); err != nil {
			return nil, err
		}
	}
	name := a.User
	if name == nil {
		name = CommonName
	}
	resp, ok, err := name(chain)
	switch {
	case err != nil || !ok:
		return nil, err
	case resp == nil || resp.User == nil:
		return nil, authn.Errorf(authn.InvalidUser, "accepted without naming a user")
	}
	u := authn.ReadOnly(newHolder(resp.User, leaf, a.memory.issuerOf(leaf), until))
	return &answer{resp: &authenticator.Response{Audiences: resp.Audiences, User: u}, until: until}, nil
}

// refusals are the errors of several chains, which often say the same.
type refusals []error

func (r refusals) Error() string {
	var texts []string
	for _, err := range r {
		if text := err.Error(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}

func (r refusals) Unwrap() []error { return r }
