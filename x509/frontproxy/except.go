package frontproxy

import (
	"net/http"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
)

// Except returns an authenticator that asks auth about requests with a client
// certificate that is not a proxy's, or with none, and has no opinion on those of
// proxies. It refuses one that was taken back ([authn.Revoked]), as the authenticator of
// proxies does. It is for an [x509.Authenticator] further down the chain, to which a
// proxy is a client like others if it trusts the proxies' authority, and a stranger
// if not.
func (a *Authenticator) Except(auth authenticator.Request) authenticator.Request {
	if auth == nil {
		panic("frontproxy: Authenticator.Except: the authenticator to wrap is nil")
	}
	return &others{a, auth}
}

type others struct {
	proxies *Authenticator
	auth    authenticator.Request
}

// AuthenticateRequest implements [authenticator.Request].
func (o *others) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	if hasCertificate(r) {
		err := o.proxies.checkProxy(untraced, r)
		switch {
		case err == nil:
			authn.Skip(r.Context(), o.auth, "the certificate is a proxy's")
			return nil, false, nil
		case authn.ReasonOf(err) == authn.Unavailable:
			return nil, false, err // it may be a proxy's
		case authn.ReasonOf(err) == authn.Revoked:
			return nil, false, err // it was one, and auth may not know of it
		}
	}
	return authn.AskRequest(o.auth, r)
}

// Links implements [authn.Chain].
func (o *others) Links() []any { return []any{o.auth} }

// untraced asks about a proxy's certificate what a trace has been told already.
func untraced(auth authenticator.Request, r *http.Request) (*authenticator.Response, bool, error) {
	return auth.AuthenticateRequest(r)
}
