package awsauth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/eks"
	"github.com/authnchain/authnchain/internal/clip"
)

// Options are the settings that are rarely needed.
type Options struct {
	// PrivateDNSName returns the private DNS name of an EC2 instance, whose id is the
	// identity's SessionName, as EC2's DescribeInstances tells it; it must remember what
	// it knows. An error that has no [authn.Reason] makes the token Unavailable. Nil
	// means that who is mapped by a template with {{EC2PrivateDNSName}} is refused.
	PrivateDNSName func(ctx context.Context, id eks.Identity) (string, error)

	// OnReload is told when a changed ConfigMap has been read: nil if it is in use, else
	// why it is not. It is told, too, when it cannot be read any more, and when it can
	// again. A request calls it, and waits for it. Nil means that nobody is told; the
	// health checks know too.
	OnReload func(error)

	// Now returns the time, for [File]. Nil means [time.Now].
	Now func() time.Time
}

func (o *Options) orDefault() *Options {
	d := Options{}
	if o != nil {
		d = *o
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return &d
}

// Mappings are what a ConfigMap says. They are an [eks.Mapper], and do not change.
type Mappings struct {
	entries  map[string]entry // by the canonical ARN in lower case
	accounts map[string]bool
	warnings []string
	instance func(context.Context, eks.Identity) (string, error)
}

// entry is whom an ARN is mapped to.
type entry struct {
	username template
	groups   []template
}

func (e entry) equal(other entry) bool {
	return e.username.text == other.username.text && slices.EqualFunc(e.groups, other.groups, func(a, b template) bool { return a.text == b.text })
}

// New reads the data of a ConfigMap. o may be nil.
func New(data map[string]string, o *Options) (*Mappings, error) {
	m, err := read(data, o.orDefault())
	if err != nil {
		return nil, fmt.Errorf("awsauth: %w", err)
	}
	return m, nil
}

// Parse is [New] of a ConfigMap in YAML or JSON, as "kubectl get configmap aws-auth -n
// kube-system -o yaml" prints it.
func Parse(manifest []byte, o *Options) (*Mappings, error) {
	m, err := parse(manifest, o.orDefault())
	if err != nil {
		return nil, fmt.Errorf("awsauth: %w", err)
	}
	return m, nil
}

// Len returns how many roles, users and accounts are mapped.
func (m *Mappings) Len() int { return len(m.entries) + len(m.accounts) }

// Warnings returns what is allowed and has no effect: ARNs of roles with a path.
func (m *Mappings) Warnings() []string { return slices.Clone(m.warnings) }

// User implements [eks.Mapper].
func (m *Mappings) User(ctx context.Context, id eks.Identity) (user.Info, error) {
	e, ok := m.entries[strings.ToLower(id.CanonicalARN)]
	switch {
	case ok:
		return m.render(ctx, e, id)
	case m.accounts[id.Account]:
		return &user.DefaultInfo{Name: id.CanonicalARN}, nil
	}
	return nil, authn.Errorf(authn.RuleFailed, "awsauth: %s is not mapped, nor is its account", clip.Quote(id.CanonicalARN))
}

func (m *Mappings) render(ctx context.Context, e entry, id eks.Identity) (user.Info, error) {
	v := values{ctx: ctx, id: id, instance: m.instance}
	u := &user.DefaultInfo{Name: e.username.render(&v)}
	for _, group := range e.groups {
		u.Groups = append(u.Groups, group.render(&v))
	}
	if v.err != nil {
		return nil, fmt.Errorf("awsauth: %s: %w", clip.Quote(id.CanonicalARN), v.err)
	}
	return u, nil
}
