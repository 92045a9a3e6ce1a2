package serviceaccount

import (
	"context"
	"errors"
	"slices"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/jwt"
)

// Config says whose tokens to accept.
type Config struct {
	// Issuers are the cluster's (kube-apiserver's --service-account-issuer), to the letter:
	// all are accepted. At least one is required, unless Legacy is set.
	Issuers []string

	// Audiences are those of the server itself. A token must be for one of them, unless the
	// context of the request asks for others, and so are legacy tokens. Nil means the
	// Issuers, as for kube-apiserver without --api-audiences: who is not the API server had
	// better have an audience of its own.
	Audiences authenticator.Audiences

	// Keys are the cluster's: [Cluster.Keys], jwt.URL, a jwt.File or
	// jwt.ParseKeys of its --service-account-key-file, or any other. It is required.
	Keys jwt.KeySet

	// Objects look up the account and what a token is bound to. It is required, unless
	// SkipLookup is set.
	Objects Objects

	// SkipLookup accepts tokens of accounts, pods and all else that may be deleted: nothing
	// is looked up, and Objects must be nil. kube-apiserver always looks up, but for what
	// Options.SkipLegacyLookup says.
	SkipLookup bool

	// Legacy accepts tokens of Secrets, too, which are of the issuer [LegacyIssuer]. False
	// means that they are not this authenticator's.
	Legacy bool
}

// Options are the settings that are rarely needed.
type Options struct {
	// SkipLegacyLookup accepts legacy tokens without looking at their Secret and account, as
	// kube-apiserver does with --service-account-lookup=false: nothing but another key takes
	// back a token that never expires.
	SkipLegacyLookup bool

	// Stale is told of tokens that are accepted though they are older than whoever asked for
	// them wanted: the cluster has made them live longer, for clients that do not read their
	// file anew (kube-apiserver's audit annotation authentication.k8s.io/stale-token). It
	// must be safe for concurrent use. Nil means that nobody is told.
	Stale func(context.Context, StaleToken)

	// LegacyUsed is told of legacy tokens whose Secret holds them, accepted or marked
	// invalid. kube-apiserver keeps the date in a label of the Secret, so that those which
	// nobody uses are cleaned away: a server that takes them had better do so too. It must
	// be safe for concurrent use. Nil means that nobody is told.
	LegacyUsed func(context.Context, LegacyToken)

	// Algorithms are the signature algorithms that a token may have. Nil means those of
	// jwt.Config, which are all that a cluster may sign with and some more.
	Algorithms []string

	// MaxBytes is how long a token may be. Zero means jwt.MaxToken.
	MaxBytes int

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// check says what is wrong with a configuration.
func (c Config) check(o *Options) error {
	switch {
	case len(c.Issuers) == 0 && !c.Legacy:
		return errors.New("issuers: at least one is required")
	case slices.Contains(c.Audiences, ""):
		return errors.New("audiences: one is empty")
	case c.Audiences != nil && len(c.Audiences) == 0:
		return errors.New("audiences: at least one is required, or nil for the issuers")
	case len(c.Audiences) == 0 && len(c.Issuers) == 0:
		return errors.New("audiences: required without issuers")
	case c.Keys == nil:
		return errors.New("keys: required")
	case c.SkipLookup && c.Objects != nil:
		return errors.New("objects: not together with SkipLookup")
	case !c.SkipLookup && c.Objects == nil:
		return errors.New("objects: required, or SkipLookup")
	case o.SkipLegacyLookup && !c.Legacy:
		return errors.New("options: SkipLegacyLookup: not without Legacy")
	case c.Legacy && c.SkipLookup && !o.SkipLegacyLookup:
		return errors.New("legacy: tokens that never expire must be looked up; Options.SkipLegacyLookup accepts them all the same")
	}
	return nil
}

// verifier returns who verifies signatures.
func (c Config) verifier(o *Options) (*jwt.Verifier, error) {
	issuers := slices.Clone(c.Issuers)
	if c.Legacy && !slices.Contains(issuers, LegacyIssuer) {
		issuers = append(issuers, LegacyIssuer)
	}
	return jwt.NewVerifier(jwt.VerifierConfig{
		Issuers: issuers, Keys: &namedKeys{KeySet: c.Keys}, Algorithms: o.Algorithms, MaxBytes: o.MaxBytes,
	})
}
