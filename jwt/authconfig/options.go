package authconfig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	"k8s.io/apiserver/pkg/apis/apiserver"

	"github.com/authnchain/authnchain/jwt"
)

// Options are what a configuration does not say. Nil means none.
type Options struct {
	// DisallowedIssuers are URLs that no issuer of the configuration may have:
	// those of service account tokens, where there are any.
	DisallowedIssuers []string

	// Algorithms are the signature algorithms that tokens may have, as in
	// [jwt.Config]. Nil means those of kube-apiserver with a file: RS, PS and ES with
	// 256, 384 and 512.
	Algorithms []string

	// Keys returns the keys of an issuer, or nil for those that it publishes. It is
	// asked about each issuer of each configuration that is read. Nil means that all
	// keys are published.
	Keys func(apiserver.Issuer) jwt.KeySet

	// Egress returns how to reach an issuer that has this egressSelectorType; an
	// error, or nil, refuses the configuration. It may be called more than once. Nil
	// refuses every configuration that has one.
	Egress func(apiserver.EgressSelectorType) (Dialer, error)

	// AnonymousByDefault lets requests without a credential in as system:anonymous
	// if the configuration does not say whether to, as kube-apiserver does unless
	// it has --anonymous-auth=false. See [Authenticator.Anonymous].
	AnonymousByDefault bool

	// KeepAnonymous refuses a changed file in which "anonymous" is another than at
	// first, as kube-apiserver does.
	KeepAnonymous bool

	// OnReload is told when a changed file has been read: nil if it is valid, else
	// why it is not used. It is told, too, when the file cannot be read any more, and
	// when it can again. A request calls it, and waits for it. Nil means that nobody
	// is told; [Authenticator.HealthCheck] knows too.
	OnReload func(error)

	// DistributedClaims says how claims are looked up that a token only points at.
	DistributedClaims DistributedClaims

	// MaxEvaluation is how long all expressions of one token may take together, in two
	// attempts of half of it, by the clock on the wall: a process that is kept from
	// running needs more. Zero means 50 ms; less is an error.
	MaxEvaluation time.Duration

	// Types are the values that "typ" in the header of a token may have, as in
	// [jwt.Config]. Nil means JWT and at+jwt; [jwt.AnyType] is nearly kube-apiserver's
	// way, which does not look at it.
	Types []string

	// MaxToken is how many bytes a token may have. Zero means [jwt.MaxToken].
	MaxToken int

	// Leeway, MaxStale and Now are those of [jwt.Options].
	Leeway   time.Duration
	MaxStale time.Duration
	Now      func() time.Time
}

// Dialer makes connections, as the DialContext of a [net/http.Transport] does.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

func (o *Options) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

// check says what is wrong with the options.
func (o *Options) check() error {
	switch {
	case o.MaxToken < 0:
		return errors.New("Options.MaxToken: must not be negative")
	case o.MaxEvaluation != 0 && o.MaxEvaluation < MaxEvaluation:
		return fmt.Errorf("Options.MaxEvaluation: must be at least %s", MaxEvaluation)
	case o.MaxStale != 0 && o.MaxStale < time.Hour:
		return errors.New("Options.MaxStale: must be at least one hour")
	case o.Algorithms != nil && len(o.Algorithms) == 0:
		return errors.New("Options.Algorithms: at least one is required")
	case slices.Contains(o.Types, "") || o.Types != nil && len(o.Types) == 0:
		return errors.New("Options.Types: at least one is required, and none may be empty")
	}
	for i, host := range o.DistributedClaims.Hosts {
		if u, err := url.Parse("https://" + host); host != "*" && (err != nil || u.Host != host || u.Hostname() == "") {
			return fmt.Errorf("Options.DistributedClaims.Hosts[%d]: %q: not a host, with or without a port", i, host)
		}
	}
	return nil
}
