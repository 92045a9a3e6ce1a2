package revocation

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authnchain/authnchain/internal/clip"
)

// leeway is how far the clock of a CA may be ahead.
const leeway = time.Minute

// maxFailed is how many keys are remembered that a list is not signed with.
const maxFailed = 8

// list is one CRL (RFC 5280, section 5) that is complete for what it covers.
type list struct {
	issuer      string // the name in DER
	issuerText  string
	keyID       []byte
	number      *big.Int // nil if it has none
	this, next  time.Time
	scope       scope
	revoked     map[serial]entry
	fingerprint [sha256.Size]byte

	signer atomic.Pointer[x509.Certificate] // nil until somebody's signature was found to be good

	mu       sync.Mutex           // guards the following
	unproven *x509.RevocationList // what its signature is about; nil once signer is known
	failed   [][]byte             // public keys that did not verify it
}

// serial is a serial number. A conforming one has no more than 20 octets (RFC
// 5280, section 4.1.2.2).
type serial [20]byte

func serialOf(n *big.Int) (s serial) {
	if n.Sign() >= 0 && n.BitLen() <= 8*len(s) {
		n.FillBytes(s[:])
		return s
	}
	sum := sha256.Sum256(n.Append(nil, 16))
	copy(s[:], sum[:])
	return s
}

// entry is what a list says of a certificate. Its time is in Unix seconds; 32 bits do
// until 2106.
type entry struct {
	at     uint32
	reason uint8
}

func (e entry) String() string {
	text := "revoked on " + time.Unix(int64(e.at), 0).UTC().Format(time.RFC3339)
	if name := reasonName(int(e.reason)); name != "" {
		text += ", " + name
	}
	return text
}

// reasonName returns the name that a reason has in RFC 5280, section 5.3.1.
func reasonName(reason int) string {
	names := [...]string{"", "keyCompromise", "cACompromise", "affiliationChanged", "superseded",
		"cessationOfOperation", "certificateHold", "", "removeFromCRL", "privilegeWithdrawn", "aACompromise"}
	if reason < 0 || reason >= len(names) {
		return ""
	}
	return names[reason]
}

// String names a list for an operator.
func (l *list) String() string {
	if l.number == nil {
		return fmt.Sprintf("CRL of %s", clip.Quote(l.issuerText))
	}
	return fmt.Sprintf("CRL %s of %s", clip.Text(l.number.String()), clip.Quote(l.issuerText))
}

// currentAt says why a list does not tell how things are at a time.
func (l *list) currentAt(now time.Time) error {
	switch {
	case l.this.After(now.Add(leeway)):
		return fmt.Errorf("%s: not valid before %s", l, l.this.UTC().Format(time.RFC3339))
	case !now.Before(l.next):
		return fmt.Errorf("%s: stale since %s", l, l.next.UTC().Format(time.RFC3339))
	}
	return nil
}

// olderThan reports whether o was issued after l.
func (l *list) olderThan(o *list) bool {
	if l.number != nil && o.number != nil {
		if c := l.number.Cmp(o.number); c != 0 {
			return c < 0
		}
	}
	return l.this.Before(o.this)
}

// replaces reports whether l is of the same authority as o and about the same
// certificates, as far as one can tell without the authority's key.
func (l *list) replaces(o *list) bool {
	return l.issuer == o.issuer && l.scope.equal(&o.scope) && bytes.Equal(l.keyID, o.keyID)
}

// signedBy says why a list is not one of issuer's. The list's name is the issuer's
// already. What a good signature was found for needs no second look, and neither do
// the bytes that it was made of.
func (l *list) signedBy(issuer *x509.Certificate) error {
	if err := maySign(issuer); err != nil {
		return fmt.Errorf("%s: %w", l, err)
	}
	if s := l.signer.Load(); s != nil {
		if bytes.Equal(s.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) {
			return nil
		}
		return l.foreign()
	}
	if len(l.keyID) > 0 && len(issuer.SubjectKeyId) > 0 && !bytes.Equal(l.keyID, issuer.SubjectKeyId) {
		return l.foreign()
	}
	return l.verify(issuer)
}

// provenBy reports whether a list is known to be signed with the key of issuer, though
// it may be another certificate of that key which allows it to sign lists.
func (l *list) provenBy(issuer *x509.Certificate) bool {
	s := l.signer.Load()
	return s != nil && bytes.Equal(s.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo)
}

func (l *list) verify(issuer *x509.Certificate) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := issuer.RawSubjectPublicKeyInfo
	if s := l.signer.Load(); s != nil {
		if bytes.Equal(s.RawSubjectPublicKeyInfo, key) {
			return nil
		}
		return l.foreign()
	}
	if slices.ContainsFunc(l.failed, func(k []byte) bool { return bytes.Equal(k, key) }) {
		return l.foreign()
	}
	if l.unproven.CheckSignatureFrom(issuer) != nil {
		if len(l.failed) == maxFailed {
			l.failed = l.failed[1:]
		}
		l.failed = append(l.failed, key)
		return l.foreign()
	}
	l.signer.Store(issuer)
	l.unproven, l.failed = nil, nil
	return nil
}

// unsigned reports whether somebody has looked for the one who signed it in vain.
func (l *list) unsigned() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.failed) > 0
}

func (l *list) foreign() error { return fmt.Errorf("%s: not signed with the issuer's key", l) }

// maySign says why a certificate is no CRL issuer's (section 6.3.3 (f)).
func maySign(issuer *x509.Certificate) error {
	switch {
	case issuer.Version == 3 && !issuer.IsCA:
		return errors.New("the issuer is no CA")
	case issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCRLSign == 0:
		return errors.New("the issuer's key usage is not cRLSign")
	}
	return nil
}
