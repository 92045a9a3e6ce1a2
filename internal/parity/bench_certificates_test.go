package parity

import (
	"crypto/x509"
	"errors"
	"net/http"

	guardianx509 "github.com/shaj13/go-guardian/v2/auth/strategies/x509"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	upstreamx509 "k8s.io/apiserver/pkg/authentication/request/x509"

	ourx509 "github.com/authnchain/authnchain/x509"
)

// holder is a client with a P-256 certificate under a root of the same kind.
type holder struct {
	leaf    *x509.Certificate
	options x509.VerifyOptions
}

func (b bench) holder() holder {
	root := newRoot(b.t, "root")
	options := upstreamx509.DefaultVerifyOptions()
	options.Roots = x509.NewCertPool()
	options.Roots.AddCert(root.cert)
	return holder{root.to(named(benchUser, "dev", "ops"))[0], options}
}

// firstCertificate is the first request of a connection, for which crypto/tls has
// parsed the certificate just now. That ours remembers it costs something, so it need
// not be faster than who does not.
func (b bench) firstCertificate() contest {
	h := b.holder()
	return contest{"client certificate, first request", []way{
		other(limit, h.verification()),
		other(upstream+", forgets", fresh(h.leaf, admission(h.upstream()))),
		other("go-guardian", fresh(h.leaf, h.guardian())),
		ours("x509", fresh(h.leaf, admission(ourx509.New(h.options.Roots))), 1.06, 0),
	}}
}

// nextCertificate is any other request of the connection.
func (b bench) nextCertificate() contest {
	h := b.holder()
	return contest{"client certificate, next requests", []way{
		other(limit, h.lookUp()),
		other(upstream, same(h.leaf, admission(h.upstream()))),
		other("go-guardian", same(h.leaf, h.guardian())),
		ours("x509", same(h.leaf, admission(ourx509.New(h.options.Roots))), 0.31, noAllocs), // 0.15 µs of 0.48
	}}
}

// verification is all that crypto/x509 does, and no more.
func (h holder) verification() func() error {
	return func() error {
		leaf := *h.leaf
		_, err := leaf.Verify(h.options)
		return err
	}
}

// lookUp is the digest of the certificate and a look-up by it.
func (h holder) lookUp() func() error { return lookUp(string(h.leaf.Raw)) }

func (h holder) upstream() authenticator.Request {
	return upstreamx509.NewDynamic(func() (x509.VerifyOptions, bool) { return h.options, true }, upstreamx509.CommonNameUserConversion)
}

func (h holder) guardian() func(*http.Request) error {
	strategy := guardianx509.New(h.options)
	return func(r *http.Request) error {
		info, err := strategy.Authenticate(r.Context(), r)
		if err == nil && info.GetUserName() != benchUser {
			return errors.New("somebody else")
		}
		return err
	}
}

func admission(auth authenticator.Request) func(*http.Request) error {
	return func(r *http.Request) error {
		resp, ok, err := auth.AuthenticateRequest(r)
		if err != nil || !ok || resp.User.GetName() != benchUser {
			return errors.Join(errors.New("refused, or somebody else"), err)
		}
		return nil
	}
}

// fresh has do judge a certificate that it has not seen before: another copy each
// time, which costs the limit as much.
func fresh(leaf *x509.Certificate, do func(*http.Request) error) func() error {
	r := presenting([]*x509.Certificate{leaf})
	return func() error {
		parsed := *leaf
		r.TLS.PeerCertificates[0] = &parsed
		return do(r)
	}
}

func same(leaf *x509.Certificate, do func(*http.Request) error) func() error {
	r := presenting([]*x509.Certificate{leaf})
	return func() error { return do(r) }
}
