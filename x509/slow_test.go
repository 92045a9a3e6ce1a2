package x509_test

import (
	"crypto/rsa"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

// TestSlowIntermediates sends intermediates whose keys take long to verify with.
// That they are not looked at shows in the text: crypto/x509 names the
// intermediate that it has tried.
func TestSlowIntermediates(t *testing.T) {
	ca := authntest.NewCA(t)
	a := x509.New(ca.Roots())
	cert := ca.Intermediate("between").Issue("ann", nil)
	for _, tt := range []struct {
		name  string
		bits  uint
		e     int
		tried bool
	}{
		{"usual", 4096, 65537, true},
		{"long", 4097, 65537, false},
		{"very long", 8192, 65537, false},
		{"large exponent", 2048, 1<<31 - 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := authntest.Request("", cert)
			between := *r.TLS.PeerCertificates[1]
			n := new(big.Int).Lsh(big.NewInt(1), tt.bits-1)
			between.PublicKey = &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: tt.e}
			r.TLS.PeerCertificates[1] = &between
			_, ok, err := a.AuthenticateRequest(r)
			require.False(t, ok)
			require.ErrorContains(t, err, "certificate signed by unknown authority")
			if tt.tried {
				require.ErrorContains(t, err, `candidate authority certificate "between"`)
			} else {
				require.NotContains(t, err.Error(), "candidate")
			}
		})
	}
}
