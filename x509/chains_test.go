package x509_test

import (
	"crypto/tls"
	stdx509 "crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	upstream "k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

func TestMaxIntermediates(t *testing.T) {
	ca := authntest.NewCA(t)
	under := ca
	for n := range x509.MaxIntermediates {
		under = under.Intermediate(fmt.Sprint("i", n+1))
	}
	require.Equal(t, 8, x509.MaxIntermediates)
	require.Equal(t, "ann", accepted(t, x509.New(ca.Roots()), issue(under)).GetName())

	refused(t, x509.New(ca.Roots()), issue(under.Intermediate("i9")), authn.UntrustedCertificate,
		of("CN=ann", "CN=i9")+"certificate signed by unknown authority")
}

// A client sends a hundred certificates that could all be the issuer of its own,
// by their name. The right one is the ninth; what comes after it is nil, so that
// to look at it would panic.
func TestHostileChain(t *testing.T) {
	root := authority(t, "root", p256(t), nil)
	right := authority(t, "i", p256(t), root)
	leaf := client(t, p256(t), right)
	r := authntest.Request("", sent(leaf))
	for range x509.MaxIntermediates {
		r.TLS.PeerCertificates = append(r.TLS.PeerCertificates, authority(t, "i", p256(t), root).cert)
	}
	r.TLS.PeerCertificates = append(r.TLS.PeerCertificates, right.cert)
	r.TLS.PeerCertificates = append(r.TLS.PeerCertificates, make([]*stdx509.Certificate, 90)...)
	before := slices.Clone(r.TLS.PeerCertificates)

	resp, ok, err := x509.New(pool(root.cert)).AuthenticateRequest(r)
	require.EqualError(t, err, of("CN=ann", "CN=i")+`certificate signed by unknown authority `+
		`(possibly because of "x509: ECDSA verification failure" while trying to verify candidate authority certificate "i")`)
	require.Equal(t, authn.UntrustedCertificate, authn.ReasonOf(err))
	require.False(t, ok)
	require.Nil(t, resp)
	require.Equal(t, before, r.TLS.PeerCertificates)

	// One place earlier, and it is found.
	r.TLS.PeerCertificates = slices.Delete(r.TLS.PeerCertificates, 1, 2)
	resp, ok, err = x509.New(pool(root.cert)).AuthenticateRequest(r)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "ann", resp.User.GetName())
}

// Certificates from outside make no error text long, or more than one line.
func TestHostileNames(t *testing.T) {
	long := "\u0085\n\x1b[31m" + strings.Repeat("0", 5000)
	root := authority(t, long, p256(t), nil)
	named := func(c *stdx509.Certificate) { c.Subject.CommonName = long }
	certs := map[string]*tls.Certificate{
		"unknown": sent(client(t, p256(t), authority(t, long, p256(t), nil), named)), // crypto/x509 quotes the root's name too
		"name":    sent(client(t, p256(t), root, named)),
		"groups":  sent(client(t, p256(t), root, func(c *stdx509.Certificate) { c.Subject.Organization = []string{long, long} })),
	}
	for name, cert := range certs {
		t.Run(name, func(t *testing.T) {
			a := x509.New(pool(root.cert))
			a.User = func([]*stdx509.Certificate) (*authenticator.Response, bool, error) {
				return nil, false, errors.New("no")
			}
			_, ok, err := a.AuthenticateRequest(authntest.Request("", cert))
			require.False(t, ok)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "\n")
			require.NotContains(t, err.Error(), "\x1b")
			require.Less(t, len(err.Error()), 1200)
		})
	}
}

// crossSigned returns a leaf that leads to either of two roots: its issuer is
// one of them, and the other has signed the same key.
func crossSigned(t *testing.T) (leaf *stdx509.Certificate, old, young, cross *named) {
	key := p256(t)
	old, young = authority(t, "old", p256(t), nil), authority(t, "young", key, nil)
	cross = authority(t, "young", key, old)
	return client(t, p256(t), young), old, young, cross
}

func TestCrossSigned(t *testing.T) {
	leaf, old, young, cross := crossSigned(t)
	both := sent(leaf, cross.cert)
	require.Equal(t, "ann", accepted(t, x509.New(pool(old.cert)), both).GetName())
	require.Equal(t, "ann", accepted(t, x509.New(pool(young.cert)), both).GetName())
	require.Equal(t, "ann", accepted(t, x509.New(pool(old.cert, young.cert)), both).GetName())
	refused(t, x509.New(pool(old.cert)), sent(leaf), authn.UntrustedCertificate,
		of("CN=ann", "CN=young")+"certificate signed by unknown authority")
}

// One of two chains has ended, or has an authority that was removed: the other counts,
// also for a connection that was there before.
func TestCrossSignedUntil(t *testing.T) {
	key := p256(t)
	old, young := authority(t, "old", p256(t), nil), authority(t, "young", key, nil)
	ends := time.Now().Add(30 * time.Minute).Truncate(time.Second)
	cross := authority(t, "young", key, old, func(c *stdx509.Certificate) { c.NotAfter = ends })
	r := authntest.Request("", sent(client(t, p256(t), young), cross.cert))

	o := newOutside(pool(old.cert, young.cert))
	o.accepts(t, r)
	o.time = ends.Add(1)
	o.accepts(t, r)
	o.roots = pool(young.cert)
	o.accepts(t, r)
	o.roots = pool(old.cert)
	o.refuses(t, r, authn.Expired)
	o.time = ends
	o.accepts(t, r)
}

// One of two chains has a short key in it: the other counts.
func TestCrossSignedByShortKey(t *testing.T) {
	key := p256(t)
	short, young := authority(t, "short", rsaKey(t, 1024), nil), authority(t, "young", key, nil)
	cert := sent(client(t, p256(t), young), authority(t, "young", key, short).cert)

	a := x509.New(pool(short.cert, young.cert))
	var asked []string
	a.User = func(chain []*stdx509.Certificate) (*authenticator.Response, bool, error) {
		asked = append(asked, chain[len(chain)-1].Subject.CommonName)
		return nil, false, nil
	}
	_, ok, err := a.AuthenticateRequest(authntest.Request("", cert))
	require.NoError(t, err)
	require.False(t, ok)
	require.Equal(t, []string{"young"}, asked)
}

func TestUserOfEachChain(t *testing.T) {
	leaf, old, young, cross := crossSigned(t)
	cert := sent(leaf, cross.cert)
	no := errors.New("no")
	type answers map[string]error // by the root's name; nil accepts, and without one it is not mine
	tests := []struct {
		name    string
		answers answers
		user    string
		err     string
		reason  authn.Reason
	}{
		{"old alone", answers{"old": nil}, "old", "", ""},
		{"young alone", answers{"young": nil}, "young", "", ""},
		{"old, young refused", answers{"old": nil, "young": no}, "old", "", ""},
		{"young, old refused", answers{"old": no, "young": nil}, "young", "", ""},
		{"neither", answers{}, "", "", ""},
		{"old refused, young not mine", answers{"old": no}, "", of("CN=ann", "CN=young") + "no", authn.Refused},
		{"both refused", answers{"old": authn.Errorf(authn.Revoked, "no"), "young": authn.Errorf(authn.Revoked, "no")}, "", of("CN=ann", "CN=young") + "no", authn.Revoked},
		{"one unavailable", answers{"old": authn.Errorf(authn.Unavailable, "no"), "young": no}, "", of("CN=ann", "CN=young") + "no", authn.Unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := x509.New(pool(old.cert, young.cert))
			a.User = func(chain []*stdx509.Certificate) (*authenticator.Response, bool, error) {
				require.True(t, chain[0].Equal(leaf))
				root := chain[len(chain)-1].Subject.CommonName
				err, found := tt.answers[root]
				if !found || err != nil {
					return nil, false, err
				}
				return &authenticator.Response{User: authntest.User(root)}, true, nil
			}
			resp, ok, err := a.AuthenticateRequest(authntest.Request("", cert))
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
				for _, want := range tt.answers {
					require.ErrorIs(t, err, want)
				}
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, tt.reason, authn.ReasonOf(err))
			require.Equal(t, tt.user != "", ok)
			if ok {
				require.Equal(t, &upstream.DefaultInfo{Name: tt.user}, plain(resp.User))
			} else {
				require.Nil(t, resp)
			}
		})
	}
}

// userConversion is the type of hooks in
// k8s.io/apiserver/pkg/authentication/request/x509, and CommonName is one.
type userConversion func(chain []*stdx509.Certificate) (*authenticator.Response, bool, error)

var _ userConversion = x509.CommonName

func TestUpstreamsHook(t *testing.T) {
	ca := authntest.NewCA(t)
	var hook userConversion = func([]*stdx509.Certificate) (*authenticator.Response, bool, error) {
		return &authenticator.Response{User: authntest.User("hooked")}, true, nil
	}
	a := &x509.Authenticator{Roots: x509.New(ca.Roots()).Roots, User: hook}
	require.Equal(t, authntest.User("hooked"), accepted(t, a, issue(ca)))
}
