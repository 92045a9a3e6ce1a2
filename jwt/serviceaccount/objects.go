package serviceaccount

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind is a kind of objects of Kubernetes.
type Kind string

// These are the kinds that are looked up.
const (
	ServiceAccount                 Kind = "ServiceAccount"
	Secret                         Kind = "Secret"
	Pod                            Kind = "Pod"
	Node                           Kind = "Node"
	ValidatingWebhookConfiguration Kind = "ValidatingWebhookConfiguration"
	MutatingWebhookConfiguration   Kind = "MutatingWebhookConfiguration"
)

// Reference names an object that a token depends on.
type Reference struct {
	Kind      Kind
	Namespace string // empty for what is in none
	Name      string // as Kubernetes allows it: safe in a URL
	UID       string // that the object must have; empty for the Secret of a legacy token
}

// String returns the kind and the name.
func (r Reference) String() string {
	if r.Namespace == "" {
		return string(r.Kind) + " " + r.Name
	}
	return string(r.Kind) + " " + r.Namespace + "/" + r.Name
}

// Object is what a look-up has found. What is not said to be for legacy tokens is needed
// of every object.
type Object struct {
	// UID is the object's.
	UID string

	// Deleted is its deletionTimestamp. Zero means that nobody has deleted it.
	Deleted time.Time

	// Token is the data "token" of a Secret. It is for legacy tokens.
	Token []byte `json:"-"`

	// InvalidSince and LastUsed are the labels kubernetes.io/legacy-token-invalid-since
	// and kubernetes.io/legacy-token-last-used of a Secret. They are for legacy tokens.
	InvalidSince, LastUsed string

	// Secrets are the names in the list of secrets of a ServiceAccount. It is for legacy
	// tokens.
	Secrets []string
}

// Format implements [fmt.Formatter]. It leaves out the token.
func (o Object) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "uid %q", o.UID)
	if !o.Deleted.IsZero() {
		fmt.Fprintf(s, ", deleted %s", o.Deleted.UTC().Format(time.RFC3339))
	}
}

// ErrNotFound says that there is no such object.
var ErrNotFound = errors.New("not found")

// Objects looks up objects of a cluster. Package listers has one that asks client-go's
// caches. It may have two more methods: HealthCheck() error, for
// [Authenticator.HealthCheck], and Generation() uint64, for [Authenticator.Generation].
type Objects interface {
	// Object returns the object of that kind and name. It had better look again, where
	// the cluster keeps it, before it says that there is none or gives one with another
	// UID: an object may be newer than what is remembered. An error that is
	// [ErrNotFound] makes the token [authn.Revoked], any other one without a reason
	// [authn.Unavailable]. Its text must not hold a token. Object is safe for concurrent
	// use, and asked on every request.
	Object(ctx context.Context, r Reference) (Object, error)
}
