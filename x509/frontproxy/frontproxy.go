// Package frontproxy authenticates requests that an authenticating proxy sends
// for its users: it names them in headers, and itself by a client certificate.
//
// [New] makes an [Authenticator] of the proxies' certificates, their names, and
// the headers they use, which are kube-apiserver's unless told otherwise:
//
//	X-Remote-User: jane
//	X-Remote-Uid: 7c1f
//	X-Remote-Group: engineering
//	X-Remote-Group: on-call
//	X-Remote-Extra-Example.com%2fTenant: blue
//
// It stands first in a chain, before package x509's: what a proxy's certificate
// says of itself is not who is calling.
//
// # What is checked
//
//   - The client certificate is good, as package x509 has it, and its common name
//     is one of those that the proxies have. There is no list that means "any", so
//     the authority may be one that issues other certificates too.
//   - A header of the proxy is there in one spelling, is not named in Connection,
//     and has one meaning: two lines with a user name are refused, as are headers of
//     two names that name two users, and two spellings of one extra key.
//   - Nothing in them is a control character or not UTF-8.
//
// Without a certificate of a proxy no header says anything.
//
// # What is assumed
//
// The proxy removes all of these headers from what its clients send it, in every
// spelling, before it sets its own. It may name any user, also those that begin
// with "system:": whoever has its key is everybody. How long its certificate is
// good says nothing about its users, so these have no Expiry, and the credential
// ID of theirs is the one that the proxy passes on, if it does.
//
// An [authn.Middleware] removes the standard headers by itself. Others must be
// told to it: set its CredentialHeaders to what [Authenticator.Headers] returns.
// The caller's request is never changed.
//
// Where a package x509 authenticator for other clients trusts the same authority,
// wrap it in [Authenticator.Except]. A request that is refused here would else be
// taken for the proxy's own there, and clients can bring that about. With an
// authority that issues certificates for proxies alone there is no need.
//
// A proxy that names system:anonymous is believed as long as nobody else in the
// chain refuses the request, as package union has it for every anonymous answer;
// an x509 authenticator that does not know the proxy's authority does refuse it,
// unless it is wrapped in [Authenticator.Except].
package frontproxy

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/x509"
)

// Config says who the proxies are and how they name their users.
type Config struct {
	// Proxies verifies the certificates of the proxies and names them, by their
	// common name unless its User says otherwise. It is required.
	Proxies *x509.Authenticator

	// Names are those that proxies have. At least one is required.
	Names []string

	// UserHeaders are the headers with the user name, of which one that is not
	// empty is needed. Nil means X-Remote-User.
	UserHeaders []string

	// UIDHeaders are the headers with the user's ID. Nil means X-Remote-Uid, and
	// an empty list that is not nil means none.
	UIDHeaders []string

	// GroupHeaders are the headers of which each value is a group, empty ones
	// aside. Nil means X-Remote-Group, and an empty list that is not nil means none.
	GroupHeaders []string

	// ExtraPrefixes begin the names of the headers with extra attributes, whose
	// keys are the rest of the name, in lower case and then %-decoded. They end with
	// "-". Nil means X-Remote-Extra-, and an empty list that is not nil means none.
	ExtraPrefixes []string
}

// Authenticator believes proxies who their users are. Make one with [New].
type Authenticator struct {
	proxies  *x509.Authenticator
	names    []string
	users    []string // by their canonical names, like all headers here
	uids     []string
	groups   []string
	prefixes []string
}

// New returns an Authenticator, or says what is wrong with c.
func New(c Config) (*Authenticator, error) {
	a := &Authenticator{proxies: c.Proxies, names: slices.Clone(c.Names)}
	if err := a.configure(c); err != nil {
		return nil, fmt.Errorf("frontproxy: %w", err)
	}
	return a, nil
}

// String is how a trace calls it.
func (a *Authenticator) String() string { return "frontproxy" }

// HealthCheck is that of what verifies the proxies' certificates; see
// [authn.HealthOf].
func (a *Authenticator) HealthCheck() error { return authn.HealthOf(a.proxies) }

// Headers returns the names of the headers that proxies name users in, and the
// prefixes of such names, which end with "-". It is a value for
// [authn.Middleware.CredentialHeaders].
func (a *Authenticator) Headers() []string {
	return slices.Concat(a.users, a.uids, a.groups, a.prefixes)
}

// AuthenticateRequest implements [authenticator.Request]. It has no opinion on a
// request without a client certificate, and on one of a proxy that names no user.
// A certificate that is not a proxy's is refused, with or without headers, by the
// reasons of [x509.Authenticator.AuthenticateRequest] or [authn.UntrustedCertificate];
// headers that can be read in two ways are [authn.Malformed], and those that name no
// possible user are [authn.InvalidUser].
func (a *Authenticator) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	if !hasCertificate(r) {
		authn.Note(r.Context(), "no client certificate")
		return nil, false, nil
	}
	if err := a.checkProxy(authn.AskRequest, r); err != nil {
		return nil, false, fmt.Errorf("frontproxy: %w", err)
	}
	u, err := a.read(r.Header)
	if err != nil {
		return nil, false, fmt.Errorf("frontproxy: %w", err)
	}
	if u == nil {
		authn.Note(r.Context(), "the proxy names no user")
		return nil, false, nil
	}
	return &authenticator.Response{User: u}, true, nil
}

func hasCertificate(r *http.Request) bool { return r.TLS != nil && len(r.TLS.PeerCertificates) > 0 }

// asking is [authn.AskRequest], or the same without a trace.
type asking func(authenticator.Request, *http.Request) (*authenticator.Response, bool, error)

// checkProxy returns nil if r comes from a proxy, and why not else.
func (a *Authenticator) checkProxy(ask asking, r *http.Request) error {
	if len(a.names) == 0 {
		return errors.New("no proxies are named; New makes an Authenticator")
	}
	if cn := r.TLS.PeerCertificates[0].Subject.CommonName; a.proxies.User == nil && !slices.Contains(a.names, cn) {
		return notNamed(cn) // most clients are no proxies, and verification takes long
	}
	resp, ok, err := ask(a.proxies, r)
	switch {
	case err != nil:
		return err
	case !ok:
		return authn.Errorf(authn.UntrustedCertificate, "the certificate has no name")
	case !slices.Contains(a.names, resp.User.GetName()):
		return notNamed(resp.User.GetName())
	}
	return nil
}

func notNamed(name string) error {
	return authn.Errorf(authn.UntrustedCertificate, "certificate of %s: that is no proxy's name", clip.Quote(name))
}
