package jwt

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/confirm"
	"github.com/authnchain/authnchain/internal/jose"
	"github.com/authnchain/authnchain/internal/strictjson"
)

// Binding says what the sender of a token must prove: that it is the one whom the
// token's claim "cnf" names (RFC 7800, section 3.1). A token whose "cnf" names neither a
// certificate nor a key's thumbprint is refused, and so is one that names one of which
// proofs are not taken here. All else in "cnf" is passed over.
//
// Authenticators of tokens see no requests, so the proof is checked by bearer.New's
// Authenticator, on every request and behind its cache too. Its field Bound must be
// set; else tokens that have something to prove are [authn.Unavailable].
type Binding struct {
	// Certificates has tokens that are bound to a client certificate (RFC 8705,
	// section 3.1) accepted from who has it: the request's TLS connection must have
	// been made with it. No authority need have signed it, so the server's
	// tls.Config may have the ClientAuth RequestClientCert or RequireAnyClientCert. A
	// proxy that ends TLS hides it.
	Certificates bool

	// DPoP has tokens that are bound to a key accepted with a proof of it (RFC 9449).
	// Nil refuses them.
	DPoP *DPoP

	// Optional accepts tokens without "cnf" too, from anybody who has them.
	Optional bool
}

// binding is a Binding in use.
type binding struct {
	certificates bool
	proofs       *proofs // nil: none are taken
	optional     bool
}

func newBinding(b *Binding, o *Options) (*binding, error) {
	if b == nil {
		return nil, nil
	}
	if !b.Certificates && b.DPoP == nil {
		return nil, errors.New("binding: at least one of Certificates and DPoP is required")
	}
	proofs, err := newProofs(b.DPoP, o)
	if err != nil {
		return nil, err
	}
	return &binding{b.Certificates, proofs, b.Optional}, nil
}

// of returns the check of whoever presents a token with these claims; nil: it may be
// anybody.
func (b *binding) of(ctx context.Context, c Claims) (confirm.Func, error) {
	switch {
	case b == nil && c.Has("cnf") && confirm.From(ctx) != nil: // RFC 9449, section 7.2
		return nil, authn.Errorf(authn.RuleFailed, `claim "cnf": the token is bound to its sender, and there is no Config.Binding to say what proves that`)
	case b == nil || !c.Has("cnf") && b.optional:
		return nil, nil
	}
	check, err := b.check(c)
	if err != nil {
		return nil, err
	}
	promise := confirm.From(ctx)
	if promise == nil {
		return nil, authn.Errorf(authn.Unavailable, "the token is bound to its sender, and nobody here would check that: set bearer.Authenticator's Bound")
	}
	promise.Expect()
	return check, nil
}

func (b *binding) check(c Claims) (confirm.Func, error) {
	cnf, err := get(c, "cnf", strictjson.Value.Object)
	if err != nil {
		return nil, err
	}
	certificate, err := b.thumbprint(cnf, "x5t#S256", b.certificates)
	if err != nil {
		return nil, err
	}
	key, err := b.thumbprint(cnf, "jkt", b.proofs != nil)
	if err != nil {
		return nil, err
	}
	if certificate == "" && key == "" {
		return nil, authn.Errorf(authn.RuleFailed, `claim "cnf": names neither a certificate ("x5t#S256") nor a key ("jkt")`)
	}
	subject, _ := c.String("sub")
	by := ownerOf(subject)
	return func(r *http.Request, token string) error {
		if certificate != "" {
			if err := hasCertificate(r, certificate); err != nil {
				return authn.Errorf(authn.BadProof, "the token is bound to a client certificate: %w", err)
			}
		}
		return b.proofs.confirm(r, token, key, by)
	}, nil
}

// thumbprint returns a member of "cnf" that is a SHA-256, or "" if it is not there.
func (b *binding) thumbprint(cnf strictjson.Object, name string, checked bool) (string, error) {
	v := cnf.Get(name)
	switch text, err := v.Text(); {
	case v.Missing():
		return "", nil
	case !checked:
		return "", authn.Errorf(authn.RuleFailed, `claim "cnf": %q: is not among what is checked here`, name)
	case err != nil:
		return "", authn.Errorf(authn.ClaimMissing, `claim "cnf": %q: %w`, name, err)
	case !isSHA256(text):
		return "", authn.Errorf(authn.ClaimMissing, `claim "cnf": %q: is no SHA-256 in base64url`, name)
	default:
		return strings.Clone(text), nil // it must not keep the token in memory
	}
}

func isSHA256(text string) bool {
	sum, err := jose.Decode(text)
	return err == nil && len(sum) == sha256.Size
}

// hasCertificate implements RFC 8705, section 3.1.
func hasCertificate(r *http.Request, thumbprint string) error {
	switch {
	case r.TLS == nil:
		return errors.New("the connection has no TLS")
	case len(r.TLS.PeerCertificates) == 0:
		return errors.New("the client has sent none, if the server asks for one")
	}
	sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
	if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(thumbprint)) == 0 {
		return errors.New("it is another")
	}
	return nil
}
