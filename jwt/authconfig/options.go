package authconfig

import (
	"context"
	"net"
	"time"

	"k8s.io/apiserver/pkg/apis/apiserver"

	"github.com/authnchain/authnchain/jwt"
)

// Options are what a configuration does not say. Nil means none.
type Options struct {
	// DisallowedIssuers are URLs that no issuer of the configuration may have:
	// those of service account tokens, where there are any.
	DisallowedIssuers []string

	// Algorithms are the signature algorithms that tokens may have. Nil means
	// those of kube-apiserver with a file: RS, PS and ES with 256, 384 and 512.
	Algorithms []string

	// Keys returns the keys of an issuer, or nil for those that it publishes. Nil
	// means that all are published.
	Keys func(apiserver.Issuer) jwt.KeySet

	// Egress returns how to reach an issuer that has this egressSelectorType. Nil
	// makes a configuration that has one an error.
	Egress func(apiserver.EgressSelectorType) (Dialer, error)

	// AnonymousByDefault lets requests without a credential in as system:anonymous
	// if the configuration does not say whether to, as kube-apiserver does unless
	// it has --anonymous-auth=false. See [Authenticator.Anonymous].
	AnonymousByDefault bool

	// KeepAnonymous refuses a changed file in which "anonymous" is another than at
	// first, as kube-apiserver does.
	KeepAnonymous bool

	// OnReload is told of each change of a file: nil if it is in use, or why it is
	// not, in which case the one before still is. Nil means that nobody is told;
	// [Authenticator.HealthCheck] knows too.
	OnReload func(error)

	// DistributedClaims says how claims are looked up that a token only points at.
	DistributedClaims DistributedClaims

	// AnyType takes tokens of every "typ", as kube-apiserver does, but for
	// logout+jwt and secevent+jwt. See [jwt.AnyType].
	AnyType bool

	// MaxToken is how many bytes a token may have. Zero means [jwt.MaxToken].
	MaxToken int

	// Leeway, MaxStale and Now are those of [jwt.Options].
	Leeway   time.Duration
	MaxStale time.Duration
	Now      func() time.Time
}

// Dialer makes connections, as the DialContext of an [net/http.Transport] does.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

func (o *Options) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

func (o *Options) types() []string {
	if o.AnyType {
		return []string{jwt.AnyType}
	}
	return nil
}
