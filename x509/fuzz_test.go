package x509_test

import (
	"bytes"
	stdx509 "crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

// A bundle that is taken has a certificate for each block that begins in it, and
// they are those that crypto/x509 finds. One in which crypto/x509 finds none is
// not taken.
func FuzzParseRoots(f *testing.F) {
	ca := authntest.NewCA(f)
	bundle := bytes.Join([][]byte{[]byte("# ours\n"), ca.PEM(), authntest.NewCA(f).PEM()}, []byte("\n"))
	f.Add(bundle)
	f.Add(bundle[:len(bundle)*3/4])
	f.Add(bytes.ReplaceAll(bundle, []byte("\n"), []byte("\r\n")))
	f.Add(bytes.Replace(bundle, []byte("-----\n"), []byte("-----\nNote: x\n\n"), 1))
	f.Add(append(authntest.KeyPEM(f, ca.Issue("ann", nil)), bundle...))

	f.Fuzz(func(t *testing.T, bundle []byte) {
		before := bytes.Clone(bundle)
		got, err := x509.ParseRoots(bundle)
		require.Equal(t, before, bundle)
		want := stdx509.NewCertPool()
		found := want.AppendCertsFromPEM(bundle)
		if err != nil {
			require.Nil(t, got)
			return
		}
		require.True(t, found)
		require.True(t, want.Equal(got))
		require.Len(t, blocks(bundle), bytes.Count(bundle, []byte("-----BEGIN")))
	})
}

// blocks returns the certificates in a bundle, block by block.
func blocks(bundle []byte) (certs []*stdx509.Certificate) {
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if cert, err := stdx509.ParseCertificate(block.Bytes); err == nil {
			certs = append(certs, cert)
		}
	}
	return certs
}
