package serviceaccount

import (
	"fmt"
	"strings"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/jwt"
)

// boundClaim is the claim that holds all that is private to Kubernetes.
const boundClaim = "kubernetes.io"

// claims are whom a token names and what it is bound to.
type claims struct {
	account    Reference
	secret     Reference // this and the following: without a name if it is bound to none
	pod        Reference
	node       Reference // the node of the pod, if there is one; its uid may be empty then
	validating Reference
	mutating   Reference
	groups     []string  // API groups that its holder may ask an admission webhook about
	warnAfter  time.Time // zero: never
}

// readBound reads the claims of a token of the TokenRequest API.
func readBound(c jwt.Claims) (claims, error) {
	private, err := c.Object(boundClaim)
	if err != nil {
		return claims{}, err
	}
	read, err := readPrivate(private)
	if err != nil {
		return claims{}, fmt.Errorf("%s: %w", boundClaim, err)
	}
	return read, nil
}

func readPrivate(c jwt.Claims) (t claims, err error) {
	namespace, err := readNamespace(c, "namespace")
	if err != nil {
		return t, err
	}
	for _, r := range []struct {
		into      *Reference
		claim     string
		kind      Kind
		namespace string
		required  bool
	}{
		{&t.account, "serviceaccount", ServiceAccount, namespace, true},
		{&t.secret, "secret", Secret, namespace, false},
		{&t.pod, "pod", Pod, namespace, false},
		{&t.node, "node", Node, "", false},
		{&t.validating, "validatingwebhookconfiguration", ValidatingWebhookConfiguration, "", false},
		{&t.mutating, "mutatingwebhookconfiguration", MutatingWebhookConfiguration, "", false},
	} {
		if !r.required && !c.Has(r.claim) {
			continue
		}
		uidless := r.kind == Node && t.pod.Name != "" // its node was gone when the token was made
		if *r.into, err = readReference(c, r.claim, uidless); err != nil {
			return t, err
		}
		r.into.Kind, r.into.Namespace = r.kind, r.namespace
	}
	if t.warnAfter, err = readWarnAfter(c); err != nil {
		return t, err
	}
	if t.validating.Name != "" || t.mutating.Name != "" { // else it attests nothing
		t.groups, err = readAttestations(c)
	}
	return t, err
}

// readReference reads the name and the uid of an object.
func readReference(c jwt.Claims, claim string, uidless bool) (Reference, error) {
	object, err := c.Object(claim)
	if err != nil {
		return Reference{}, err
	}
	var r Reference
	if r.Name, err = readName(object, "name"); err == nil && (!uidless || object.Has("uid")) {
		r.UID, err = readUID(object, "uid")
	}
	if err != nil {
		return Reference{}, fmt.Errorf("%s: %w", claim, err)
	}
	return r, nil
}

func readWarnAfter(c jwt.Claims) (time.Time, error) {
	if !c.Has("warnafter") {
		return time.Time{}, nil
	}
	at, err := c.Time("warnafter")
	if err != nil || at.Unix() == 0 {
		return time.Time{}, err
	}
	return at, nil
}

// readAttestations reads the API groups that a token bound to a webhook configuration
// must attest (Kubernetes enhancement 6060).
func readAttestations(c jwt.Claims) ([]string, error) {
	const claim = "admissionReviewAPIGroups"
	attested, err := c.Object("attestations")
	if err != nil {
		return nil, err
	}
	groups, err := attested.Strings(claim)
	if _, single := attested.String(claim); single == nil || err == nil && len(groups) == 0 {
		err = authn.Errorf(authn.ClaimMissing, "claim %q: not a list with an item", claim)
	}
	if err != nil {
		return nil, fmt.Errorf("attestations: %w", err)
	}
	return groups, nil
}

// checkSubject compares "sub" with the account: two readers of a token must not take it
// for two users.
func (t claims) checkSubject(c jwt.Claims) error {
	sub, err := c.String("sub")
	if err != nil {
		return err
	}
	if sub != t.username() {
		return authn.Errorf(authn.Malformed, `"sub" %s is not the account, %q`, clip.Quote(sub), t.username())
	}
	return nil
}

// readCredential returns what a token is called by those who revoke it. One whose id is
// not a string could not be revoked.
func readCredential(c jwt.Claims) (string, error) {
	if c.Has("jti") {
		if _, err := c.String("jti"); err != nil {
			return "", err
		}
	}
	return c.CredentialID(), nil
}

func readUID(c jwt.Claims, claim string) (string, error) {
	uid, err := c.String(claim)
	if err != nil {
		return "", err
	}
	if authn.CheckName(uid) != nil {
		return "", authn.Errorf(authn.Malformed, "claim %q: %s is no uid", claim, clip.Quote(uid))
	}
	return uid, nil
}

// readName reads a name that an object of Kubernetes can have (RFC 1123, section 2.1), so
// that it may stand in a user's name or in a URL.
func readName(c jwt.Claims, claim string) (string, error) {
	name, err := c.String(claim)
	if err != nil {
		return "", err
	}
	if !isName(name) {
		return "", notAName(claim, name)
	}
	return name, nil
}

// readNamespace reads the name of a namespace, which is one label.
func readNamespace(c jwt.Claims, claim string) (string, error) {
	name, err := readName(c, claim)
	if err == nil && (len(name) > maxLabel || strings.Contains(name, ".")) {
		return "", notAName(claim, name)
	}
	return name, err
}

func notAName(claim, name string) error {
	return authn.Errorf(authn.Malformed, "claim %q: %s is no name in Kubernetes", claim, clip.Quote(name))
}

const (
	maxName  = 253
	maxLabel = 63
)

func isName(name string) bool {
	if len(name) > maxName {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}
