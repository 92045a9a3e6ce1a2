package x509_test

import (
	"crypto/tls"
	stdx509 "crypto/x509"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

// outside is what an Authenticator looks at, as its owner may change it: the roots,
// the time, the revocation list and the users.
type outside struct {
	*x509.Authenticator
	list
	roots *stdx509.CertPool
	time  time.Time
	named int // how often User was asked
}

func newOutside(roots *stdx509.CertPool) *outside {
	o := &outside{roots: roots, time: time.Now()}
	o.Authenticator = &x509.Authenticator{
		Roots:      func() (*stdx509.CertPool, error) { return o.roots, nil },
		Revocation: &o.list,
		Now:        func() time.Time { return o.time },
		UserOnce:   true,
		User: func(chain []*stdx509.Certificate) (*authenticator.Response, bool, error) {
			o.named++
			return x509.CommonName(chain)
		},
	}
	return o
}

// asks returns how often Revocation and User were asked since it was last called.
func (o *outside) asks() [2]int {
	n := [2]int{int(o.asked.Swap(0)), o.named}
	o.named = 0
	return n
}

func (o *outside) accepts(t *testing.T, r *http.Request) {
	t.Helper()
	resp, ok, err := o.AuthenticateRequest(r)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "ann", resp.User.GetName())
}

func (o *outside) refuses(t *testing.T, r *http.Request, reason authn.Reason) {
	t.Helper()
	resp, ok, err := o.AuthenticateRequest(r)
	require.Equal(t, reason, authn.ReasonOf(err))
	require.False(t, ok)
	require.Nil(t, resp)
}

// What is remembered costs nothing: no verification could do without memory.
func TestVerifiedOnce(t *testing.T) {
	ca := authntest.NewCA(t)
	for name, a := range map[string]*x509.Authenticator{"pool": x509.New(ca.Roots()), "everything": watched(t, ca)} {
		for name2, cert := range map[string]*tls.Certificate{"direct": issue(ca), "below another": issue(ca.Intermediate("a"))} {
			t.Run(name+"/"+name2, func(t *testing.T) {
				r := authntest.Request("", cert)
				first, _, err := a.AuthenticateRequest(r)
				require.NoError(t, err)
				second, _, err := a.AuthenticateRequest(r)
				require.NoError(t, err)
				require.Same(t, first, second)
				require.Zero(t, testing.AllocsPerRun(100, func() { _, _, _ = a.AuthenticateRequest(r) }))
			})
		}
	}
}

// What is asked again, and of whom, when something has changed.
func TestAskedAgain(t *testing.T) {
	ca := authntest.NewCA(t)
	none, both := [2]int{0, 0}, [2]int{1, 1}
	for name, tt := range map[string]struct {
		change func(*outside, *http.Request)
		want   [2]int
	}{
		"nothing": {func(*outside, *http.Request) {}, none},
		"another connection": {func(_ *outside, r *http.Request) {
			r.TLS = &tls.ConnectionState{PeerCertificates: r.TLS.PeerCertificates}
		}, none},
		"just before the list's": {func(o *outside, _ *http.Request) { o.time = o.time.Add(x509.RevocationInterval - 1) }, none},
		"the list's time":        {func(o *outside, _ *http.Request) { o.time = o.time.Add(x509.RevocationInterval) }, both},
		"time goes back":         {func(o *outside, _ *http.Request) { o.time = o.time.Add(-1) }, both},
		"generation":             {func(o *outside, _ *http.Request) { o.generation.Add(1) }, both},
		"another pool":           {func(o *outside, _ *http.Request) { o.roots = ca.Roots() }, both},
		"parsed again":           {func(_ *outside, r *http.Request) { c := *r.TLS.PeerCertificates[0]; r.TLS.PeerCertificates[0] = &c }, both},
		"more were sent": {func(_ *outside, r *http.Request) {
			r.TLS.PeerCertificates = append(r.TLS.PeerCertificates, ca.Certificate())
		}, both},
		"another was sent": {func(_ *outside, r *http.Request) { c := *r.TLS.PeerCertificates[1]; r.TLS.PeerCertificates[1] = &c }, both},
	} {
		t.Run(name, func(t *testing.T) {
			o, r := newOutside(ca.Roots()), authntest.Request("", issue(ca.Intermediate("a")))
			o.accepts(t, r)
			require.Equal(t, both, o.asks())
			o.accepts(t, r)
			require.Equal(t, none, o.asks())
			tt.change(o, r)
			o.accepts(t, r)
			require.Equal(t, tt.want, o.asks())
			o.accepts(t, r)
			require.Equal(t, none, o.asks())
		})
	}
}

// The very next request is refused.
func TestRefusedNext(t *testing.T) {
	ca := authntest.NewCA(t)
	short := func(c *stdx509.Certificate) { c.NotAfter = c.NotAfter.Add(-time.Hour) }
	for name, tt := range map[string]struct {
		change func(*outside, *http.Request)
		want   authn.Reason
	}{
		"authority removed": {func(o *outside, _ *http.Request) { o.roots = authntest.NewCA(t).Roots() }, authn.UntrustedCertificate},
		"no authorities":    {func(o *outside, _ *http.Request) { o.roots = nil }, authn.Unavailable},
		"the one between expires": {func(o *outside, r *http.Request) {
			o.time = r.TLS.PeerCertificates[1].NotAfter.Add(1)
		}, authn.Expired},
		"before its time": {func(o *outside, r *http.Request) { o.time = r.TLS.PeerCertificates[0].NotBefore.Add(-1) }, authn.NotYetValid},
		"chain not sent":  {func(_ *outside, r *http.Request) { r.TLS.PeerCertificates = r.TLS.PeerCertificates[:1] }, authn.UntrustedCertificate},
		"taken back":      {func(o *outside, _ *http.Request) { o.answer(authn.Errorf(authn.Revoked, "no")) }, authn.Revoked},
		"nobody can tell": {func(o *outside, _ *http.Request) { o.answer(authn.Errorf(authn.Unavailable, "no")) }, authn.Unavailable},
		"list out of date": {func(o *outside, _ *http.Request) {
			o.time = o.time.Add(x509.RevocationInterval)
			f := no
			o.check.Store(&f)
		}, authn.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			o, r := newOutside(ca.Roots()), authntest.Request("", issue(ca.Intermediate("a", short)))
			o.accepts(t, r)
			roots, now, certs := o.roots, o.time, r.TLS.PeerCertificates
			tt.change(o, r)
			o.refuses(t, r, tt.want)
			o.refuses(t, r, tt.want)

			o.roots, o.time, r.TLS.PeerCertificates = roots, now, certs
			o.check.Store(nil) // with the same generation: no refusal is remembered
			o.accepts(t, r)
		})
	}
}

func no([]*stdx509.Certificate) error { return authn.Errorf(authn.Unavailable, "no") }

// A certificate that was refused is good once its authority is there.
func TestRefusalsForgotten(t *testing.T) {
	ca := authntest.NewCA(t)
	o, r := newOutside(stdx509.NewCertPool()), authntest.Request("", issue(ca))
	o.refuses(t, r, authn.UntrustedCertificate)
	o.roots.AddCert(ca.Certificate()) // the same pool
	o.accepts(t, r)
}

// The last moment at which a chain is valid, remembered or not.
func TestRememberedUntil(t *testing.T) {
	ca := authntest.NewCA(t)
	o, r := newOutside(ca.Roots()), authntest.Request("", issue(ca))
	o.Revocation = nil
	leaf := r.TLS.PeerCertificates[0]
	for _, at := range []time.Time{leaf.NotBefore, leaf.NotAfter} {
		o.time = at
		o.accepts(t, r)
	}
	require.Equal(t, [2]int{0, 1}, o.asks())
	o.time = leaf.NotAfter.Add(1)
	o.refuses(t, r, authn.Expired)
}

// A User that may say something else tomorrow is asked every time; the certificate is
// not verified again.
func TestUserOfEachRequest(t *testing.T) {
	ca := authntest.NewCA(t)
	o, r := newOutside(ca.Roots()), authntest.Request("", issue(ca))
	o.UserOnce = false
	for range 3 {
		o.accepts(t, r)
		require.Equal(t, [2]int{1, 1}, o.asks())
	}
	require.Equal(t, 1, o.Remembered())
	again := testing.AllocsPerRun(10, func() { o.accepts(t, r) })
	anew := testing.AllocsPerRun(10, func() { o.roots = ca.Roots(); o.accepts(t, r) })
	require.Less(t, again+15, anew)

	user := o.User
	o.User = func([]*stdx509.Certificate) (*authenticator.Response, bool, error) {
		return nil, false, errors.New("left")
	}
	o.refuses(t, r, authn.Refused)
	o.User = func([]*stdx509.Certificate) (*authenticator.Response, bool, error) { return nil, false, nil }
	o.refuses(t, r, "")
	o.User = user
	o.accepts(t, r)
}

// Nor is it remembered with UserOnce that a User did not name anybody.
func TestNobodyIsNotRemembered(t *testing.T) {
	ca := authntest.NewCA(t)
	for name, f := range map[string]struct {
		resp   *authenticator.Response
		ok     bool
		err    error
		reason authn.Reason
	}{
		"error":       {nil, false, errors.New("no"), authn.Refused},
		"not mine":    {nil, false, nil, ""},
		"no response": {nil, true, nil, authn.InvalidUser},
		"no user":     {&authenticator.Response{}, true, nil, authn.InvalidUser},
	} {
		t.Run(name, func(t *testing.T) {
			o, r := newOutside(ca.Roots()), authntest.Request("", issue(ca))
			user := o.User
			o.User = func([]*stdx509.Certificate) (*authenticator.Response, bool, error) { return f.resp, f.ok, f.err }
			o.refuses(t, r, f.reason)
			o.User = user
			o.accepts(t, r)
		})
	}
}

// plainList is no authn.Generational.
type plainList struct{ x509.Revocation }

func TestRevocationWithoutGeneration(t *testing.T) {
	ca := authntest.NewCA(t)
	o, r := newOutside(ca.Roots()), authntest.Request("", issue(ca))
	o.Revocation = plainList{&o.list}
	for range 3 {
		o.accepts(t, r)
		require.Equal(t, [2]int{1, 1}, o.asks())
	}
	f := no
	o.check.Store(&f)
	o.refuses(t, r, authn.Unavailable)
}
