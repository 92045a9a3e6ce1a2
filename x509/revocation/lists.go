package revocation

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// lists are the CRLs that one file or one answer held. They do not change once they are
// in use.
type lists struct {
	all   []*list
	kept  []*list            // from before, as nothing has taken their place; not in all
	named map[string][]*list // all and kept, by the name of their issuer, in DER
}

// maxPerIssuer is how many lists one issuer may have in a bundle. Each may have to be
// verified when somebody asks.
const maxPerIssuer = 256

// parseLists reads one CRL in DER, or a bundle of them in PEM. All must be good.
func parseLists(data []byte) (*lists, error) {
	ders := [][]byte{data}
	if len(data) < 2 || data[0] != 0x30 || data[1] < 0x80 { // else a long SEQUENCE, which no text begins like
		var err error
		if ders, err = decode(data); err != nil {
			return nil, err
		}
	}
	x := &lists{named: make(map[string][]*list)}
	for i, der := range ders {
		l, err := parseList(der)
		if err == nil && len(x.named[l.issuer]) == maxPerIssuer {
			err = fmt.Errorf("more than %d CRLs of %s", maxPerIssuer, clip.Quote(l.issuerText))
		}
		if err != nil && len(ders) > 1 {
			return nil, fmt.Errorf("block %d: %w", i+1, err)
		}
		if err != nil {
			return nil, err
		}
		x.all = append(x.all, l)
		x.named[l.issuer] = append(x.named[l.issuer], l)
	}
	return x, nil
}

// decode returns the blocks of a PEM file (RFC 7468), which holds CRLs, text between
// them, and nothing else.
func decode(data []byte) ([][]byte, error) {
	var ders [][]byte
	for {
		block, rest := pem.Decode(data)
		passed := data[:len(data)-len(rest)]
		if block == nil {
			passed = data
		}
		begun, ended := bytes.Count(passed, []byte("-----BEGIN")), bytes.Count(passed, []byte("-----END"))
		switch n := len(ders) + 1; {
		case block == nil && begun+ended == 0 && n > 1:
			return ders, nil
		case block == nil && begun+ended == 0:
			return nil, errors.New("no CRL in it")
		case block == nil || begun != 1 || ended != 1:
			return nil, fmt.Errorf("block %d: cut off or broken", n)
		case block.Type != "X509 CRL": // RFC 7468, section 6
			return nil, fmt.Errorf("block %d: want an X509 CRL, got another type of block", n)
		case len(block.Headers) > 0:
			return nil, fmt.Errorf("block %d: an X509 CRL has no headers", n)
		}
		ders = append(ders, block.Bytes)
		data = rest
	}
}

// errNoList is for a certificate that no list covers.
var errNoList = errors.New("no CRL of its issuer that covers it")

// status says what the lists say of cert: until when it is known not to be revoked,
// or that it is revoked, or why they cannot tell. A stale list still knows what was
// revoked.
func (x *lists) status(cert, issuer *x509.Certificate, now time.Time) (time.Time, error) {
	var until time.Time
	problem := errNoList
	for _, l := range x.named[string(cert.RawIssuer)] {
		if !l.scope.covers(cert) {
			continue
		}
		err := l.signedBy(issuer)
		if e, ok := l.revoked[serialOf(cert.SerialNumber)]; ok && l.provenBy(issuer) {
			return time.Time{}, authn.Errorf(authn.Revoked, "%s by %s", e, l)
		}
		if err != nil {
			problem = err
			continue
		}
		if err := l.currentAt(now); err != nil {
			problem = err
		} else if l.next.After(until) {
			until = l.next
		}
	}
	if until.IsZero() {
		return until, problem
	}
	return until, nil
}

// after says why x may not take the place of old: it is a roll-back to an older list,
// or claims to be of an authority that did not sign it.
func (x *lists) after(old *lists, now time.Time) error {
	for _, l := range x.all {
		if l.this.After(now.Add(leeway)) {
			return l.currentAt(now)
		}
	}
	if old == nil {
		return nil
	}
	for _, o := range slices.Concat(old.all, old.kept) {
		signer := o.signer.Load()
		if signer == nil {
			continue // nobody has said yet that it was good
		}
		switch l, err := x.newest(o, signer); {
		case err != nil && o.currentAt(now) == nil:
			return err
		case l != nil && l.olderThan(o):
			return fmt.Errorf("%s: older than %s, which is in use", l, o)
		}
	}
	return nil
}

// newest returns the newest list that could take the place of o and has the same
// signer, nil if there is none, and an error if there is only one with another's
// signature.
func (x *lists) newest(o *list, signer *x509.Certificate) (*list, error) {
	var newest *list
	var problem error
	for _, l := range x.named[o.issuer] {
		if !l.replaces(o) {
			continue
		}
		if err := l.signedBy(signer); err != nil {
			problem = err
		} else if newest == nil || newest.olderThan(l) {
			newest = l
		}
	}
	if newest != nil {
		return newest, nil
	}
	return nil, problem
}

// same reports whether x and old hold the same lists.
func (x *lists) same(old *lists) bool {
	return old != nil && maps.Equal(x.fingerprints(), old.fingerprints())
}

func (x *lists) fingerprints() map[[sha256.Size]byte]bool {
	set := make(map[[sha256.Size]byte]bool, len(x.all))
	for _, l := range x.all {
		set[l.fingerprint] = true
	}
	return set
}

// problem says which lists are of no use now.
func (x *lists) problem(now time.Time) error {
	var errs []error
	for _, l := range x.all {
		err := l.currentAt(now)
		if err == nil && l.unsigned() {
			err = l.foreign()
		}
		errs = append(errs, err)
	}
	return join(errs...)
}
