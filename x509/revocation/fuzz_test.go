package revocation_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/authnchain/authnchain/x509/revocation"
)

// FuzzLists looks for lists that are read as something else than crypto/x509 reads.
func FuzzLists(f *testing.F) {
	data, err := os.ReadFile("testdata/pkits.pem")
	require.NoError(f, err)
	f.Add([]byte("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"))
	f.Add([]byte{0x30, 0x80})
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		f.Add(block.Bytes)
		f.Add(data[:len(data)-len(rest)])
		data = rest
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		revoked, err := revocation.ParseLists(data)
		if err != nil {
			require.LessOrEqual(t, len(err.Error()), 1500)
			return
		}
		entries := 0
		for _, der := range ders(data) {
			list, err := x509.ParseRevocationList(der)
			require.NoError(t, err)
			entries += len(list.RevokedCertificateEntries)
		}
		require.LessOrEqual(t, revoked, entries)
	})
}

// ders returns what a PEM file holds, or the data if it is none.
func ders(data []byte) [][]byte {
	if data[0] == 0x30 && data[1] >= 0x80 {
		return [][]byte{data}
	}
	var all [][]byte
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return all
		}
		all, data = append(all, block.Bytes), rest
	}
}

// FuzzResponse looks for an answer that counts though nobody signed it.
func FuzzResponse(f *testing.F) {
	data, err := os.ReadFile("testdata/ocsp.pem")
	require.NoError(f, err)
	var certs []*x509.Certificate
	var signed [][]byte
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		if data = rest; block.Type == "CERTIFICATE" {
			cert, err := x509.ParseCertificate(block.Bytes)
			require.NoError(f, err)
			certs = append(certs, cert)
			continue
		}
		f.Add(block.Bytes)
		resp, err := revocation.ReadResponse(block.Bytes, certs[1], certs[0], epoch)
		require.NoError(f, err)
		signed = append(signed, resp.TBSResponseData)
	}
	f.Add(ocsp.TryLaterErrorResponse)
	require.Len(f, signed, 4)
	f.Fuzz(func(t *testing.T, data []byte) {
		resp, err := revocation.ReadResponse(data, certs[1], certs[0], epoch)
		if err != nil {
			require.LessOrEqual(t, len(err.Error()), 1500)
			return
		}
		for _, tbs := range signed {
			if bytes.Equal(tbs, resp.TBSResponseData) {
				return
			}
		}
		t.Fatalf("an answer that nobody signed: %x", data)
	})
}
