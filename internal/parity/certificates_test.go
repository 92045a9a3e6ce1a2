package parity

import (
	"crypto/x509"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCertificates makes client certificates and shows them to kube-apiserver's
// chain and ours. It makes a fourth of -pairs. That kube-apiserver has no opinion
// is to be seen by the user's being anonymous.
func TestCertificates(t *testing.T) {
	silent(t)
	ring := newKeyRing(t)
	a, s := newAuthorities(t, ring), newRequestSurvey()
	to := newParts(t, ring, a.pool).chains(t, setting{"on", nil, true})
	all := a.deviations()
	first, last := 0, *count/perRequest
	if *only >= 0 {
		first, last = *only, *only+1
	}
	for i := first; i < last; i++ {
		x := a.newExchange(t, random(i, 0), i, to)
		x.upstream, x.ours = x.send(to.upstream), x.send(to.ours)
		again := x.send(to.ours)
		require.True(t, x.same(x.ours, again), "the second time %s\n%s", again, x)
		x.expect(all)
		s.add(x)
	}
	s.check(t, all)
}

// deviations are those of requestDeviations that are about certificates, and one
// that needs to know the roots.
func (a *authorities) deviations() []requestDeviation {
	about := []string{"CA certificate", "short RSA key", "common names", "control characters in a common name", "many intermediates", "intermediates with a large RSA key"}
	all := slices.DeleteFunc(requestDeviations(a.bad), func(d requestDeviation) bool { return !slices.Contains(about, d.name) })
	return append(all, requestDeviation{
		name:    "short RSA key of an authority",
		reason:  "NIST SP 800-131A",
		line:    "| RSA keys under 2,048 bits in the chain | accepted from 1,024 | refused (`UntrustedCertificate`) |",
		applies: func(x *exchange) bool { return leadsTo(x.certs, a.pool, false) && !leadsTo(x.certs, a.longer, true) },
		change:  func(x *exchange) { x.certs = a.bad },
	})
}

// leadsTo reports whether upstream would find a path, over long keys alone if that
// is asked for.
func leadsTo(certs []*x509.Certificate, roots *x509.CertPool, long bool) bool {
	if len(certs) == 0 {
		return false
	}
	above := x509.NewCertPool()
	for _, c := range certs[1:] {
		if !long || !isShort(c) {
			above.AddCert(c)
		}
	}
	_, err := certs[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: above, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err == nil
}
