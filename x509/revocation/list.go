package revocation

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
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

// reasonRemoved says that a certificate is not revoked any more.
const reasonRemoved = 8

// reasonName returns the name that a reason has in RFC 5280, section 5.3.1.
func reasonName(reason int) string {
	names := [...]string{"", "keyCompromise", "cACompromise", "affiliationChanged", "superseded",
		"cessationOfOperation", "certificateHold", "", "removeFromCRL", "privilegeWithdrawn", "aACompromise"}
	if reason < 0 || reason >= len(names) {
		return ""
	}
	return names[reason]
}

var (
	oidReasonCode        = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidInvalidityDate    = asn1.ObjectIdentifier{2, 5, 29, 24}
	oidNumber            = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidDelta             = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidScope             = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidCertificateIssuer = asn1.ObjectIdentifier{2, 5, 29, 29}
	oidKeyID             = asn1.ObjectIdentifier{2, 5, 29, 35}
)

// parseList reads one CRL in DER. Its signature is for later, when the issuer's
// certificate is at hand.
func parseList(der []byte) (*list, error) {
	rl, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, clip.Error(errors.New(strings.TrimPrefix(err.Error(), "x509: ")))
	}
	l := &list{
		issuer:      string(rl.RawIssuer),
		issuerText:  rl.Issuer.String(),
		keyID:       bytes.Clone(rl.AuthorityKeyId), // or it would hold all of der in memory
		number:      rl.Number,
		this:        rl.ThisUpdate,
		next:        rl.NextUpdate,
		fingerprint: sha256.Sum256(der),
	}
	switch {
	case len(rl.Raw) != len(der):
		err = errors.New("bytes after its end")
	case rl.NextUpdate.IsZero(): // section 5.1.2.5
		err = errors.New("has no nextUpdate")
	case !rl.NextUpdate.After(rl.ThisUpdate):
		err = errors.New("nextUpdate is not after thisUpdate")
	case weak(rl.SignatureAlgorithm):
		err = fmt.Errorf("signed with %s, which is too weak", rl.SignatureAlgorithm)
	default:
		err = l.read(rl)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l, err)
	}
	l.unproven = &x509.RevocationList{ // of which the entries take most of the memory
		RawTBSRevocationList: rl.RawTBSRevocationList,
		SignatureAlgorithm:   rl.SignatureAlgorithm,
		Signature:            rl.Signature,
	}
	return l, nil
}

// weak reports whether signatures can be made for what the authority did not mean to
// sign.
func weak(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}

// read takes over the extensions and the entries. A critical extension that is not
// known makes a list useless (sections 5.2 and 5.3).
func (l *list) read(rl *x509.RevocationList) error {
	var seen []asn1.ObjectIdentifier
	for _, ext := range rl.Extensions {
		if slices.ContainsFunc(seen, ext.Id.Equal) {
			return fmt.Errorf("extension %s twice", ext.Id)
		}
		seen = append(seen, ext.Id)
		switch {
		case ext.Id.Equal(oidDelta):
			return errors.New("a delta CRL, which is not supported")
		case ext.Id.Equal(oidScope):
			if err := l.scope.parse(ext.Value); err != nil {
				return fmt.Errorf("issuingDistributionPoint: %w", err)
			}
		case ext.Id.Equal(oidNumber) || ext.Id.Equal(oidKeyID):
		case ext.Critical:
			return fmt.Errorf("the critical extension %s is not known", clip.Text(ext.Id.String()))
		}
	}
	l.revoked = make(map[serial]entry, len(rl.RevokedCertificateEntries))
	for i := range rl.RevokedCertificateEntries {
		if err := l.add(&rl.RevokedCertificateEntries[i]); err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	return nil
}

func (l *list) add(e *x509.RevocationListEntry) error {
	for _, ext := range e.Extensions {
		switch {
		case ext.Id.Equal(oidCertificateIssuer):
			return errors.New("of another issuer: indirect CRLs are not supported")
		case ext.Id.Equal(oidReasonCode) || ext.Id.Equal(oidInvalidityDate):
		case ext.Critical:
			return fmt.Errorf("the critical extension %s is not known", clip.Text(ext.Id.String()))
		}
	}
	if e.ReasonCode == reasonRemoved { // section 6.3.3 (l)
		return nil
	}
	at := min(max(e.RevocationTime.Unix(), 0), 1<<32-1)
	l.revoked[serialOf(e.SerialNumber)] = entry{uint32(at), uint8(max(0, min(e.ReasonCode, 255)))}
	return nil
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
