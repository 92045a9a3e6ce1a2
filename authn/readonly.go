package authn

import (
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/confirm"
	"github.com/authnchain/authnchain/internal/strictjson"
)

// ReadOnly returns a user like u whose groups and extra attributes nobody can
// change: the getters return copies. Authenticators that give the same user to
// several requests should give this. It has the expiry of u ([ExpiryOf]), and knows
// when its credential was issued ([IssuedOf]) and of which certificate it is
// ([CertificateOf]) if u does. u must not be nil.
func ReadOnly(u user.Info) user.Info { return readOnlyOf(u) }

func readOnlyOf(u user.Info) *readOnly {
	if r, ok := u.(*readOnly); ok {
		return r
	}
	own := &readOnly{name: u.GetName(), uid: u.GetUID(), groups: slices.Clone(u.GetGroups()), extra: cloneExtra(u.GetExtra()), confirm: confirm.Of(u)}
	own.expiry, _ = ExpiryOf(u)
	own.issued, _ = IssuedOf(u)
	own.serial, own.issuer, _ = CertificateOf(u)
	return own
}

type readOnly struct {
	name, uid string
	groups    []string
	extra     map[string][]string
	expiry    time.Time
	issued    time.Time
	serial    string // of the certificate
	issuer    string // likewise
	confirm   confirm.Func
	member    bool                     // of system:authenticated, which then is not in groups
	asMember  atomic.Pointer[readOnly] // the same, but that it is a member; nil: nobody has asked yet
}

func (u *readOnly) GetName() string   { return u.name }
func (u *readOnly) GetUID() string    { return u.uid }
func (u *readOnly) Expiry() time.Time { return u.expiry }
func (u *readOnly) Issued() time.Time { return u.issued }

// Certificate is for [CertificateOf].
func (u *readOnly) Certificate() (serial, issuer string) { return u.serial, u.issuer }

// Confirmation is for package confirm.
func (u *readOnly) Confirmation() confirm.Func { return u.confirm }

func (u *readOnly) GetGroups() []string {
	if u.member {
		return append(slices.Clip(u.groups), user.AllAuthenticated) // always a copy
	}
	return slices.Clone(u.groups)
}

func (u *readOnly) GetExtra() map[string][]string { return cloneExtra(u.extra) }

// MarshalJSON writes what encoding/json does of a [user.DefaultInfo], for logs.
func (u *readOnly) MarshalJSON() ([]byte, error) {
	b := strictjson.AppendString([]byte(`{"Name":`), u.name)
	b = strictjson.AppendString(append(b, `,"UID":`...), u.uid)
	b = appendStrings(append(b, `,"Groups":`...), u.GetGroups())
	b = append(b, `,"Extra":`...)
	if u.extra == nil {
		return append(b, `null}`...), nil
	}
	b = append(b, '{')
	for i, key := range slices.Sorted(maps.Keys(u.extra)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strictjson.AppendString(b, key), ':')
		b = appendStrings(b, u.extra[key])
	}
	return append(b, `}}`...), nil
}

func appendStrings(b []byte, texts []string) []byte {
	if texts == nil {
		return append(b, `null`...)
	}
	return strictjson.AppendStrings(b, texts)
}

func cloneExtra(extra map[string][]string) map[string][]string {
	clone := maps.Clone(extra)
	for key, values := range clone {
		clone[key] = slices.Clone(values)
	}
	return clone
}

// authenticated makes u a member of system:authenticated, as kube-apiserver does
// with every user that is not anonymous and not in one of the two groups yet.
// The result shares nothing with u that a handler could change.
func authenticated(u user.Info) *readOnly {
	shared, isShared := u.(*readOnly)
	if !isShared {
		own := readOnlyOf(u) // nobody else's yet
		own.member = !IsAnonymous(own) && !slices.Contains(own.groups, user.AllAuthenticated)
		return own
	}
	if shared.member || IsAnonymous(shared) || slices.Contains(shared.groups, user.AllAuthenticated) {
		return shared
	}
	if known := shared.asMember.Load(); known != nil {
		return known
	}
	own := &readOnly{name: shared.name, uid: shared.uid, groups: shared.groups, extra: shared.extra, expiry: shared.expiry, confirm: shared.confirm, member: true}
	own.issued, own.serial, own.issuer = shared.issued, shared.serial, shared.issuer
	shared.asMember.Store(own)
	return own
}

// IsAnonymous reports whether u is nobody in particular: it is nil, is called
// system:anonymous or is in the group system:unauthenticated.
func IsAnonymous(u user.Info) bool {
	if u == nil {
		return true
	}
	var groups []string
	if shared, ok := u.(*readOnly); ok {
		groups = shared.groups // only read, so not copied
	} else {
		groups = u.GetGroups()
	}
	return u.GetName() == user.Anonymous || slices.Contains(groups, user.AllUnauthenticated)
}
