package authn

import (
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/dn"
)

// revoked are entries of a deny list, by what they are of.
type revoked struct {
	credentials  map[string]*entry
	certificates map[string]*entry // by serial number
	users        map[string]*entry
	len          int
}

func newRevoked() *revoked {
	return &revoked{credentials: map[string]*entry{}, certificates: map[string]*entry{}, users: map[string]*entry{}}
}

// entry is small, as there may be a million.
type entry struct {
	line int      // of the file; 0: it is of none
	more *details // nil: there are none
	next *entry   // another one of the same credential, serial number or user
}

type details struct {
	issuer        string // as package dn writes it
	before, until time.Time
}

// place returns where the entries like r are.
func (x *revoked) place(r Revocation) (in map[string]*entry, key string) {
	switch {
	case r.Credential != "":
		return x.credentials, r.Credential
	case r.User != "":
		return x.users, r.User
	}
	return x.certificates, r.Serial
}

// detailsOf returns nil for an entry that has none. r was checked.
func detailsOf(r Revocation) *details {
	d := details{before: r.Before, until: r.Until}
	if r.Issuer != "" {
		d.issuer, _ = dn.Canonical(r.Issuer)
	}
	if d == (details{}) {
		return nil
	}
	return &d
}

// add adds an entry that was checked.
func (x *revoked) add(r Revocation, line int) {
	in, key := x.place(r)
	in[key] = &entry{line, detailsOf(r), in[key]}
	x.len++
}

// remove takes away the entries that are the same as one that was checked.
func (x *revoked) remove(r Revocation) (removed bool) {
	in, key := x.place(r)
	gone := detailsOf(r)
	var kept *entry
	for e := in[key]; e != nil; e = e.next {
		if e.more == gone || e.more != nil && gone != nil && *e.more == *gone {
			x.len--
			removed = true
			continue
		}
		kept = &entry{e.line, e.more, kept}
	}
	if kept == nil {
		delete(in, key)
	} else {
		in[key] = kept
	}
	return removed
}

// find returns what u is denied by; nil: nothing.
func (x *revoked) find(u user.Info, now func() time.Time) *hit {
	if len(x.credentials) > 0 {
		for _, id := range credentialIDs(u) {
			for e := x.credentials[keyOf(id)]; e != nil; e = e.next {
				if e.counts(now) {
					return &hit{e.line, "credential " + clip.Quote(id)}
				}
			}
		}
	}
	if len(x.certificates) > 0 {
		if h := x.findCertificate(u, now); h != nil {
			return h
		}
	}
	for e := x.users[u.GetName()]; e != nil; e = e.next {
		if e.counts(now) && e.covers(u) {
			return &hit{e.line, "user " + clip.Quote(u.GetName()) + e.why(u)}
		}
	}
	return nil
}

// keyOf returns the id of a credential as it is compared: others may write digests in
// capitals.
func keyOf(id string) string {
	const kind = "X509SHA256="
	if digest, ok := strings.CutPrefix(id, kind); ok && strings.ContainsAny(digest, "ABCDEF") {
		return kind + strings.ToLower(digest)
	}
	return id
}

// findCertificate takes an issuer that cannot be read for any: it cannot be told from
// the one in the list.
func (x *revoked) findCertificate(u user.Info, now func() time.Time) *hit {
	serial, issuer, known := CertificateOf(u)
	if !known {
		return nil
	}
	key, _ := checkedSerial(serial) // others have ways of their own to write it
	first := x.certificates[key]
	if first == nil {
		return nil
	}
	canonical, err := dn.Canonical(issuer)
	for e := first; e != nil; e = e.next {
		if (err != nil || e.more.issuer == canonical) && e.counts(now) {
			return &hit{e.line, "certificate " + clip.Text(serial) + " issued by " + clip.Quote(issuer)}
		}
	}
	return nil
}

// counts reports whether the time of e is not over.
func (e *entry) counts(now func() time.Time) bool {
	return e.more == nil || e.more.until.IsZero() || now().Before(e.more.until)
}

// covers reports whether u's credential was issued when those were that e denies.
func (e *entry) covers(u user.Info) bool {
	if e.more == nil || e.more.before.IsZero() {
		return true
	}
	issued, known := IssuedOf(u)
	return !known || issued.Before(e.more.before)
}

// why tells which of u's credentials e is for.
func (e *entry) why(u user.Info) string {
	if e.more == nil || e.more.before.IsZero() {
		return ""
	}
	issued, known := IssuedOf(u)
	before := " before " + e.more.before.Format(time.RFC3339Nano)
	if !known {
		return before + ", and when it was issued is not known"
	}
	return before + ", and it was issued " + issued.UTC().Format(time.RFC3339Nano)
}

// hit is why somebody is denied.
type hit struct {
	line int
	text string
}
