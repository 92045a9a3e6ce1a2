package x509

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/altname"
	"github.com/authnchain/authnchain/internal/clip"
)

// UserFunc names the holder of a certificate, as the field User of an
// [Authenticator] says. [CommonName], too, is one. Those of this package go by the
// chain alone: set UserOnce with them.
type UserFunc func(chain []*x509.Certificate) (*authenticator.Response, bool, error)

// WithPrefix returns a func that puts prefix before every user name of f, so that
// the names that one authority gives cannot be taken for another's, or for those
// of the system. Groups stay as they are. It panics if a name cannot begin so.
func (f UserFunc) WithPrefix(prefix string) UserFunc {
	if err := authn.CheckName(prefix + "x"); err != nil {
		panic("x509.UserFunc.WithPrefix: " + err.Error())
	}
	return func(chain []*x509.Certificate) (*authenticator.Response, bool, error) {
		resp, ok, err := f(chain)
		if err != nil || !ok || resp == nil || resp.User == nil {
			return resp, ok, err
		}
		if err := authn.CheckName(resp.User.GetName()); err != nil { // before a prefix makes it one
			return nil, false, authn.Errorf(authn.InvalidUser, "%w", err)
		}
		named := *resp
		named.User = prefixed{resp.User, prefix + resp.User.GetName()}
		return &named, true, nil
	}
}

// prefixed is a user with another name.
type prefixed struct {
	user.Info
	name string
}

func (p prefixed) GetName() string { return p.name }

// Expiry is what [authn.ExpiryOf] asks for.
func (p prefixed) Expiry() time.Time {
	t, _ := authn.ExpiryOf(p.Info)
	return t
}

// DNSName returns a func that names the holder of a certificate by its DNS name
// (a subject alternative name, RFC 5280, section 4.2.1.6), in small letters. Each
// of domains allows itself and all names below it, as in section 4.2.1.10. The user
// has no groups, and the credential ID that [CommonName] gives.
//
// It has no opinion on a certificate without a DNS name. It refuses one with
// several, or whose name is no name of a host: wildcards, dots at the end,
// underscores. DNSName panics if there is no domain, or one is no such name.
func DNSName(domains ...string) UserFunc {
	allowed := mustDomains("x509.DNSName", domains)
	return bySAN(sanDNS, func(_ *x509.Certificate, text string) (string, error) {
		name := lower(text)
		if err := checkHost(name); err != nil {
			return "", authn.Errorf(authn.InvalidUser, "%s: %w", clip.Quote(text), err)
		}
		if !slices.ContainsFunc(allowed, func(domain string) bool { return name == domain || strings.HasSuffix(name, "."+domain) }) {
			return "", authn.Errorf(authn.RuleFailed, "%s: not in one of the domains %q", clip.Quote(text), allowed)
		}
		return name, nil
	})
}

// Email returns a func that names the holder of a certificate by its email address
// (a subject alternative name, RFC 5280, section 4.2.1.6), which must be in one of
// domains: this one, and not one below. The domain is put in small letters; what
// stands before it stays as it is (RFC 5321, section 2.4). The user has no groups,
// and the credential ID that [CommonName] gives.
//
// It has no opinion on a certificate without an email address among those names;
// one in the subject does not count. It refuses a certificate with several, or
// whose address is not of the plain form local@domain: ASCII, and nothing quoted.
// Email panics if there is no domain, or one is no name of a host.
func Email(domains ...string) UserFunc {
	allowed := mustDomains("x509.Email", domains)
	return bySAN(sanEmail, func(_ *x509.Certificate, text string) (string, error) {
		local, domain, _ := strings.Cut(text, "@")
		if err := checkLocal(local); err != nil {
			return "", authn.Errorf(authn.InvalidUser, "%s: %w", clip.Quote(text), err)
		}
		domain = lower(domain)
		if err := checkHost(domain); err != nil {
			return "", authn.Errorf(authn.InvalidUser, "%s: domain: %w", clip.Quote(text), err)
		}
		if !slices.Contains(allowed, domain) {
			return "", authn.Errorf(authn.RuleFailed, "%s: not in one of the domains %q", clip.Quote(text), allowed)
		}
		return local + "@" + domain, nil
	})
}

// sanKind is a kind of subject alternative name, and what errors call it.
type sanKind struct {
	kind altname.Kind
	text string
}

var (
	sanEmail = sanKind{altname.Email, "email SAN"}
	sanDNS   = sanKind{altname.DNS, "DNS SAN"}
	sanURI   = sanKind{altname.URI, "URI SAN"}
)

// bySAN returns a func that names holders by their one name of a kind. read makes a
// user name of it.
func bySAN(kind sanKind, read func(leaf *x509.Certificate, text string) (string, error)) UserFunc {
	return func(chain []*x509.Certificate) (*authenticator.Response, bool, error) {
		leaf := chain[0]
		text, ok, err := san(leaf, kind)
		if err == nil && ok {
			text, err = read(leaf, text)
		}
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", kind.text, err)
		}
		if !ok {
			return nil, false, nil
		}
		return response(leaf, &user.DefaultInfo{Name: text}), true, nil
	}
}

// san returns the one name of a kind, and whether there is any.
func san(leaf *x509.Certificate, kind sanKind) (text string, found bool, err error) {
	names, err := altname.Of(leaf, kind.kind)
	switch {
	case err != nil:
		return "", false, authn.Errorf(authn.InvalidUser, "%w", err)
	case len(names) > 1:
		return "", false, authn.Errorf(authn.InvalidUser, "more than one")
	case len(names) == 0:
		return "", false, nil
	}
	return names[0], true, nil
}
