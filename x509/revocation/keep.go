package revocation

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

const (
	maxKept   = 8 // how many lists are kept that are not there any more
	maxAskers = 8 // how many issuers are remembered that were asked about
)

// keep keeps those lists of old that somebody's signature was found good for and that
// nothing in x takes the place of. Whoever is on the way could else have it forgotten
// who was revoked: by lists of another authority, or of none. x is nobody's yet.
func (x *lists) keep(old *lists) {
	if old == nil {
		return
	}
	for _, o := range slices.Concat(old.kept, old.all) {
		signer := o.signer.Load()
		if signer == nil {
			continue
		}
		if l, _ := x.newest(o, signer); l == nil {
			x.kept = append(x.kept, o)
		}
	}
	x.kept = x.kept[max(0, len(x.kept)-maxKept):]
	for _, o := range x.kept {
		x.named[o.issuer] = append(x.named[o.issuer], o)
	}
}

// admissible says why fetched lists may not take the place of old: besides [after],
// since they lack one that is still good, or none is signed by one of the issuers that
// were asked about.
func (x *lists) admissible(old *lists, issuers []*x509.Certificate, now time.Time) error {
	if err := x.after(old, now); err != nil {
		return err
	}
	if old != nil {
		for _, o := range old.all {
			if o.signer.Load() != nil && x.named[o.issuer] == nil && o.currentAt(now) == nil {
				return fmt.Errorf("%s, which is in use, is not there any more", o)
			}
		}
	}
	var problem error
	for _, issuer := range issuers {
		for _, l := range x.named[string(issuer.RawSubject)] {
			err := l.signedBy(issuer)
			if err == nil {
				return nil
			}
			problem = err
		}
	}
	return problem
}

// asks remembers an issuer that somebody asks about. One alone could not tell whether a
// list is good: several authorities may have the same name. r.mu is held.
func (r *remote) asks(issuer *x509.Certificate) {
	known := func(c *x509.Certificate) bool {
		return bytes.Equal(c.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) && bytes.Equal(c.RawSubject, issuer.RawSubject)
	}
	if slices.ContainsFunc(r.askers, known) {
		return
	}
	r.askers = append(r.askers[max(0, len(r.askers)+1-maxAskers):], issuer)
}

func (r *remote) issuers() []*x509.Certificate {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.askers)
}
