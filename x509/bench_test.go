package x509_test

import (
	stdx509 "crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

// watched is an Authenticator with all that may be remembered through.
func watched(t testing.TB, ca *authntest.CA) *x509.Authenticator {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(path, ca.PEM(), 0o600))
	roots, err := x509.File(path, nil)
	require.NoError(t, err)
	return &x509.Authenticator{Roots: roots.Roots, Health: roots.HealthCheck, Revocation: &list{}, Remaining: func(time.Duration) {}}
}

// The next requests of a connection.
func BenchmarkNext(b *testing.B) {
	ca := authntest.NewCA(b)
	all := watched(b, ca)
	direct, below := authntest.Request("", ca.Issue("ann", []string{"ops"})), authntest.Request("", ca.Intermediate("a").Issue("ann", []string{"ops"}))
	for _, bm := range []struct {
		name string
		a    *x509.Authenticator
		r    *http.Request
	}{
		{"pool", x509.New(ca.Roots()), direct},
		{"pool, one intermediate", x509.New(ca.Roots()), below},
		{"file, revocation and hook", all, direct},
		{"file, revocation and hook, one intermediate", all, below},
		{"with audiences", x509.New(ca.Roots()), direct.WithContext(authenticator.WithAudiences(b.Context(), authenticator.Audiences{"api"}))},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok, err := bm.a.AuthenticateRequest(bm.r); !ok || err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _, _ = all.AuthenticateRequest(below)
			}
		})
	})
}

// The first request of a certificate, beside what crypto/x509 takes. Their rounds
// take turns, so that both have the same of the machine; the median of their ratios
// is what counts.
func BenchmarkFirst(b *testing.B) {
	ca := authntest.NewCA(b)
	a := watched(b, ca)
	cert := ca.Issue("ann", []string{"ops"}).Leaf
	opts := stdx509.VerifyOptions{Roots: ca.Roots(), KeyUsages: []stdx509.ExtKeyUsage{stdx509.ExtKeyUsageClientAuth}}
	r := authntest.Request("", ca.Issue("bob", nil))
	const round = 100
	fresh := make([]*stdx509.Certificate, round)
	var ratios []float64
	for b.Loop() {
		for i := range fresh {
			one := *cert
			fresh[i] = &one
		}
		start := time.Now()
		for i := range fresh {
			r.TLS.PeerCertificates[0] = fresh[i]
			if _, ok, err := a.AuthenticateRequest(r); !ok || err != nil {
				b.Fatal(err)
			}
		}
		ours := time.Since(start)
		start = time.Now()
		for i := range fresh {
			if _, err := fresh[i].Verify(opts); err != nil {
				b.Fatal(err)
			}
		}
		ratios = append(ratios, float64(ours)/float64(time.Since(start)))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "ours/verify")
	b.ReportMetric(0, "ns/op")
}
