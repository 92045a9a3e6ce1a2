package serviceaccount

import (
	"time"

	"k8s.io/apiserver/pkg/authentication/user"
)

// The extra attributes of a user are called as kube-apiserver calls them.
const (
	extraPrefix = "authentication.kubernetes.io/"

	// AttestedAPIGroups is the extra attribute with the API groups whose objects the holder
	// of a token may ask an admission webhook about; "*" is all.
	AttestedAPIGroups = "attestation.authentication.kubernetes.io/admissionReviewAPIGroups"

	// ValidatingWebhookName and the following are the extra attributes with the webhook
	// configuration that a token is bound to.
	ValidatingWebhookName = extraPrefix + "validatingwebhookconfiguration-name"
	ValidatingWebhookUID  = extraPrefix + "validatingwebhookconfiguration-uid"
	MutatingWebhookName   = extraPrefix + "mutatingwebhookconfiguration-name"
	MutatingWebhookUID    = extraPrefix + "mutatingwebhookconfiguration-uid"

	// PodName and the following are the extra attributes with the pod and the node that a
	// token is bound to. PodName is not there without PodUID.
	PodName  = extraPrefix + "pod-name"
	PodUID   = extraPrefix + "pod-uid"
	NodeName = extraPrefix + "node-name"
	NodeUID  = extraPrefix + "node-uid"
)

// account is the user of a token, who is one as long as the token holds.
type account struct {
	user.DefaultInfo
	expiry time.Time // zero: never
	issued time.Time // zero: the token does not tell
}

// Expiry is for [authn.ExpiryOf].
func (a *account) Expiry() time.Time { return a.expiry }

// Issued is for [authn.IssuedOf].
func (a *account) Issued() time.Time { return a.issued }

func (t claims) username() string {
	return "system:serviceaccount:" + t.account.Namespace + ":" + t.account.Name
}

// user returns who holds a token.
func (t *verified) user() user.Info {
	return &account{DefaultInfo: user.DefaultInfo{
		Name:   t.claims.username(),
		UID:    t.claims.account.UID,
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + t.claims.account.Namespace},
		Extra:  t.claims.extra(t.credential),
	}, expiry: t.expiry, issued: t.issued}
}

// extra returns what a user has besides a name, or nil.
func (t claims) extra(credential string) map[string][]string {
	extra := make(map[string][]string)
	for _, e := range [...]struct{ key, value string }{
		{user.CredentialIDKey, credential},
		{PodName, t.pod.Name}, {PodUID, t.pod.UID},
		{NodeName, t.node.Name}, {NodeUID, t.node.UID},
		{ValidatingWebhookName, t.validating.Name}, {ValidatingWebhookUID, t.validating.UID},
		{MutatingWebhookName, t.mutating.Name}, {MutatingWebhookUID, t.mutating.UID},
	} {
		if e.value != "" {
			extra[e.key] = []string{e.value}
		}
	}
	if len(t.groups) > 0 {
		extra[AttestedAPIGroups] = t.groups
	}
	if len(extra) == 0 {
		return nil
	}
	return extra
}
