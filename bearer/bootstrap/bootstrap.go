// Package bootstrap authenticates bootstrap tokens: the short ones that a machine
// presents to join a cluster, and that an operator makes as Secrets, as kubeadm does.
//
// # What is checked
//
// A token is six characters, a dot and sixteen, all of a to z and 0 to 9. The six are
// its id, which is no secret and names a Secret, bootstrap-token-<id> in the namespace
// kube-system. That Secret is not being deleted, is of the type
// bootstrap.kubernetes.io/token, and has in its data
//
//   - token-secret, the sixteen characters, which are compared in constant time;
//   - token-id, the six;
//   - expiration, if the token has an end, which is ahead (RFC 3339);
//   - usage-bootstrap-authentication, which is "true";
//   - auth-extra-groups, if there are any, each of which is system:bootstrappers: and
//     up to 256 characters of a to z, 0 to 9, "-" and ":", with a letter or digit last;
//     there are commas and no blanks between them.
//
// Then the user is system:bootstrap:<id>, in the group system:bootstrappers and in the
// extra ones, and has the expiry of the token ([authn.ExpiryOf]), so that no cache
// remembers it for longer. As in kube-apiserver a token with anything wrong is not
// refused but not mine, so others may be asked about it, unless Options.Refuse is set;
// an [authn.Trace] has the reason. If nobody can tell what the Secret holds, the token is
// [authn.Unavailable].
//
// # Where the Secrets are
//
// [Secrets] has one method. Package listers implements it for what a client-go
// informer knows, package folder for files in a folder.
//
// # What you must do
//
// Whoever holds a token is all that its groups may do: give it an end, and take it
// away once the machine has joined. Sixteen characters are 82 bits if they are random.
// Any of system:bootstrap:<id> can be denied by [authn.Revocations].
package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
)

// Type is the type of a Secret that holds a bootstrap token.
const Type = "bootstrap.kubernetes.io/token"

// Secret is what is looked at of a Kubernetes Secret.
type Secret struct {
	// Type is its type, which must be [Type].
	Type string

	// Data is its data, decoded. It is not changed.
	Data map[string][]byte

	// Deleted says that it has a deletionTimestamp: it waits for its finalizers.
	Deleted bool
}

// Secrets are the Secrets of the namespace kube-system.
type Secrets interface {
	// Secret returns the Secret of that name. If there is none the error is
	// [ErrNotFound]; any other makes the token [authn.Unavailable]. It is called for
	// each token of the form, so it should be cheap, or be behind a cache. It must be
	// safe for concurrent use.
	Secret(ctx context.Context, name string) (*Secret, error)
}

// ErrNotFound says that there is no such Secret.
var ErrNotFound = errors.New("bootstrap: there is no such Secret")

// Options are the settings that are rarely needed.
type Options struct {
	// Refuse refuses a token that is its Secret's, and not good for other reasons, with
	// [authn.Expired] or [authn.RuleFailed]: so the reason is told to whoever counts them,
	// and no webhook that is asked next is shown the token ([authn.Mine]). False means
	// that it is not mine, as in kube-apiserver.
	Refuse bool

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// Authenticator is an [authenticator.Token] of bootstrap tokens. [New] makes one.
type Authenticator struct {
	secrets Secrets
	refuse  bool
	now     func() time.Time
}

// New returns an authenticator that looks tokens up in secrets. o may be nil. It
// panics if secrets is nil.
func New(secrets Secrets, o *Options) *Authenticator {
	if secrets == nil {
		panic("bootstrap.New: secrets is nil")
	}
	a := &Authenticator{secrets: secrets, now: time.Now}
	if o == nil {
		return a
	}
	a.refuse = o.Refuse
	if o.Now != nil {
		a.now = o.Now
	}
	return a
}

// String is how a trace calls it.
func (a *Authenticator) String() string { return "bootstrap" }

// AuthenticateToken implements [authenticator.Token]. Like kube-apiserver's, the
// tokens know no audiences.
func (a *Authenticator) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	id, secret, ok := parse(token)
	if !ok {
		authn.Note(ctx, "not of a bootstrap token's form")
		return nil, false, nil
	}
	name := Prefix + id
	found, err := a.secrets.Secret(ctx, name)
	switch {
	case errors.Is(err, ErrNotFound): // it may be another's token: nothing of it is told
		authn.Note(ctx, "there is no Secret of its id")
		return nil, false, nil
	case err == nil && found == nil:
		err = errors.New("neither a Secret nor an error")
	}
	if err != nil {
		return nil, false, unavailable(err)
	}
	u, own, err := found.user(id, secret, a.now())
	switch {
	case err != nil && own && a.refuse:
		return nil, false, authn.Mine(fmt.Errorf("bootstrap: Secret %s: %w", name, err))
	case err != nil:
		authn.Note(ctx, "Secret "+name+": "+err.Error())
		return nil, false, nil
	}
	return &authenticator.Response{User: u}, true, nil
}

// unavailable is err for the operator. When to ask again is as err has it.
func unavailable(err error) error {
	unknown := &authn.Error{Reason: authn.Unavailable, Err: fmt.Errorf("bootstrap: Secrets cannot be looked up: %w", clip.Error(err))}
	if known, ok := errors.AsType[*authn.Error](err); ok {
		unknown.RetryAfter = known.RetryAfter
	}
	return unknown
}

// Generation implements [authn.Generational]. It is that of the Secrets, and 0 if
// they have none.
func (a *Authenticator) Generation() uint64 { return authn.GenerationOf(a.secrets) }

// HealthCheck returns what that of the Secrets does, if they have one.
func (a *Authenticator) HealthCheck() error {
	if err := authn.HealthOf(a.secrets); err != nil {
		return fmt.Errorf("bootstrap: %w", err)
	}
	return nil
}
