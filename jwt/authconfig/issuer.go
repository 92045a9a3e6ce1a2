package authconfig

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"time"

	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/x509"
)

// issuer is one entry of a configuration in use.
type issuer struct {
	apiserver.Issuer
	keySource keySource
	given     bool         // the keys are of Options.Keys
	since     time.Time    // when its keys were first waited for; zero: never
	client    *http.Client // to the issuer
	mapper    *mapper
	auth      *jwt.Authenticator
	options   *Options
}

// keySource is where an issuer's keys come from, and how they are reached. Two
// that are equal have the same keys.
type keySource struct {
	url, discoveryURL, authority string
	egress                       apiserver.EgressSelectorType
}

func newIssuer(entry apiserver.JWTAuthenticator, c *compiler, a *Authenticator) (*issuer, error) {
	e := entry.Issuer
	i := &issuer{
		Issuer:    e,
		keySource: keySource{e.URL, e.DiscoveryURL, e.CertificateAuthority, e.EgressSelectorType},
		options:   &a.options,
	}
	keys, err := i.reach(a)
	if err != nil {
		return nil, err
	}
	if i.mapper, err = newMapper(entry, c, newDistributed(i, entry.ClaimMappings.Groups.Claim, a), &a.options); err != nil {
		return nil, err
	}
	i.auth, err = i.authenticator(keys, i.mapper.User)
	return i, err
}

// reach finds the issuer's keys and the way to it, which are those from before if
// they are where they were. Nil means the keys that it publishes.
func (i *issuer) reach(a *Authenticator) (keys jwt.KeySet, err error) {
	if i.options.Keys != nil {
		keys = i.options.Keys(i.Issuer)
		i.given = keys != nil
	}
	for _, s := range []*state{a.current.Load(), a.pending} {
		if old := s.find(i.URL); old != nil && old.keySource == i.keySource {
			i.client, i.since = old.client, old.since
			if !i.given && !old.given {
				keys = old.auth.Keys()
			}
			return keys, nil
		}
	}
	i.client, err = newClient(i.Issuer, i.options)
	return keys, err
}

// authenticator returns one for the tokens of this entry.
func (i *issuer) authenticator(keys jwt.KeySet, u func(context.Context, jwt.Claims) (user.Info, error)) (*jwt.Authenticator, error) {
	config := jwt.Config{
		Issuer:     i.URL,
		Audiences:  i.Audiences,
		Algorithms: slices.Clone(i.options.Algorithms),
		Types:      slices.Clone(i.options.Types),
		User:       u,
	}
	if keys == nil {
		config.DiscoveryURL = i.DiscoveryURL
	}
	return jwt.New(config, i.jwtOptions(keys))
}

func (i *issuer) jwtOptions(keys jwt.KeySet) *jwt.Options {
	return &jwt.Options{
		Client:   i.client,
		Keys:     keys,
		MaxStale: i.options.MaxStale,
		Leeway:   i.options.Leeway,
		MaxBytes: i.options.MaxToken,
		Now:      i.options.Now,
	}
}

// verifier returns an authenticator for tokens of another issuer that are for this
// one's audiences. They were fetched, so they may be as long as what is fetched:
// whoever has few groups has no need to keep them elsewhere.
func (i *issuer) verifier(other *jwt.Authenticator) (*jwt.Authenticator, error) {
	o := i.jwtOptions(other.Keys())
	o.MaxBytes = fetch.MaxBody
	return jwt.New(jwt.Config{
		Issuer:     other.Issuer(),
		Audiences:  i.Audiences,
		Algorithms: slices.Clone(i.options.Algorithms),
		Types:      []string{jwt.AnyType},
		User:       nobody,
	}, o)
}

var errNobody = errors.New("the token names nobody")

func nobody(context.Context, jwt.Claims) (user.Info, error) { return nil, errNobody }

// newClient returns a client that reaches an issuer by its egress and trusts its
// authority, or the system's if it has none.
func newClient(i apiserver.Issuer, o *Options) (*http.Client, error) {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		TLSHandshakeTimeout:    5 * time.Second,
		IdleConnTimeout:        10 * time.Second,
		ResponseHeaderTimeout:  5 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost:    8,
		ForceAttemptHTTP2:      true,
	}
	dial, err := dialer(i.EgressSelectorType, o)
	if err != nil {
		return nil, err
	}
	if dial != nil {
		t.DialContext = dial
	}
	if i.CertificateAuthority != "" {
		roots, err := x509.ParseRoots([]byte(i.CertificateAuthority))
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return fetch.Client(&http.Client{Transport: t}), nil
}

func newDistributed(i *issuer, claim string, a *Authenticator) *distributed {
	if claim == "" {
		return nil
	}
	return &distributed{
		DistributedClaims: i.options.DistributedClaims,
		issuer:            i,
		claim:             claim,
		client:            i.client,
		others: func(url string) *jwt.Authenticator {
			if other := a.current.Load().find(url); other != nil {
				return other.auth
			}
			return nil
		},
		now: i.options.now,
	}
}
