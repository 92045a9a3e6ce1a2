package authntest_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
)

// verify judges cert as a server does that trusts roots.
func verify(cert *tls.Certificate, roots *x509.CertPool, usage x509.ExtKeyUsage) error {
	opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{usage}}
	for _, der := range cert.Certificate[1:] {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		opts.Intermediates.AddCert(c)
	}
	_, err := cert.Leaf.Verify(opts)
	return err
}

// subject returns the name in cert as it is encoded, part by part.
func subject(t *testing.T, cert *x509.Certificate) string {
	t.Helper()
	var name pkix.RDNSequence
	_, err := asn1.Unmarshal(cert.RawSubject, &name)
	require.NoError(t, err)
	return name.String()
}

func TestIssue(t *testing.T) {
	ca := authntest.NewCA(t)
	under := ca.Intermediate("one").Intermediate("two")
	nobody := func(c *x509.Certificate) { c.Subject = pkix.Name{} }
	ownGroups := func(c *x509.Certificate) {
		c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: []int{2, 5, 4, 10}, Value: "own"}}
	}
	tests := []struct {
		name    string
		cert    *tls.Certificate
		subject string // RFC 2253: the last part comes first
		chain   int
		err     string
	}{
		{"user alone", ca.Issue("ann", nil), "CN=ann", 1, ""},
		{"groups keep their order", ca.Issue("ann", []string{"ops", "dev", "a"}), "O=a,O=dev,O=ops,CN=ann", 1, ""},
		{"uid", ca.Issue("ann", []string{"ops"}, authntest.UID("u-1")), "1.3.6.1.4.1.57683.2=#1303752d31,O=ops,CN=ann", 1, ""},
		{"under intermediates", under.Issue("ann", []string{"ops"}), "O=ops,CN=ann", 3, ""},
		{"edited subject", ca.Issue("ann", []string{"ops"}, nobody), "", 1, ""},
		{"edited groups", ca.Issue("ann", []string{"ops"}, ownGroups), "O=own,CN=ann", 1, ""},
		{"expired", ca.Issue("ann", nil, authntest.Expired), "CN=ann", 1, "x509: certificate has expired or is not yet valid"},
		{"not yet valid", ca.Issue("ann", nil, authntest.NotYetValid), "CN=ann", 1, "x509: certificate has expired or is not yet valid"},
		{"another CA", authntest.NewCA(t).Issue("ann", nil), "CN=ann", 1, "x509: certificate signed by unknown authority"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.subject, subject(t, tt.cert.Leaf))
			require.Len(t, tt.cert.Certificate, tt.chain)
			err := verify(tt.cert, ca.Roots(), x509.ExtKeyUsageClientAuth)
			if tt.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.err)
		})
	}
}

func TestIssueNames(t *testing.T) {
	groups := []string{"ops", "dev"}
	leaf := authntest.NewCA(t).Issue("ann", groups, authntest.UID("u-1")).Leaf

	require.Equal(t, "ann", leaf.Subject.CommonName)
	require.Equal(t, groups, leaf.Subject.Organization)
	var uids []any
	for _, name := range leaf.Subject.Names {
		if name.Type.String() == "1.3.6.1.4.1.57683.2" {
			uids = append(uids, name.Value)
		}
	}
	require.Equal(t, []any{"u-1"}, uids)
	require.Len(t, leaf.Subject.Names, 4)
}

func TestIssueIsFresh(t *testing.T) {
	ca := authntest.NewCA(t)
	a, b := ca.Issue("ann", nil), ca.Issue("ann", nil)

	require.NotEqual(t, a.Leaf.SerialNumber, b.Leaf.SerialNumber)
	require.NotEqual(t, a.Leaf.RawSubjectPublicKeyInfo, b.Leaf.RawSubjectPublicKeyInfo)
	require.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, a.Leaf.ExtKeyUsage)
	require.WithinDuration(t, time.Now().Add(-time.Hour), ca.Certificate().NotBefore, time.Minute)
	require.WithinDuration(t, time.Now().Add(24*time.Hour), ca.Certificate().NotAfter, time.Minute)
}

func TestIntermediateEdits(t *testing.T) {
	ca := authntest.NewCA(t)
	late := ca.Intermediate("late", authntest.Expired)

	err := verify(late.Issue("ann", nil), ca.Roots(), x509.ExtKeyUsageClientAuth)
	require.ErrorContains(t, err, "expired")
	require.Equal(t, "late", late.Certificate().Subject.CommonName)
	require.True(t, late.Roots().Equal(ca.Roots()))
}

func TestMutualTLS(t *testing.T) {
	ca := authntest.NewCA(t)
	under := ca.Intermediate("one")
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(r.TLS.VerifiedChains[0][0].Subject.CommonName))
	}))
	srv.TLS = &tls.Config{
		Certificates: []tls.Certificate{*under.IssueServer([]string{"127.0.0.1", "server.test"})},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    ca.Roots(),
	}
	srv.StartTLS()
	t.Cleanup(srv.Close)

	cert := under.Issue("ann", nil)
	for _, name := range []string{"", "server.test"} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
			RootCAs: ca.Roots(), ServerName: name, Certificates: []tls.Certificate{*cert},
		}}}
		t.Cleanup(client.CloseIdleConnections)
		_, body := get(t, client, srv.URL)
		require.Equal(t, "ann", body)
	}
}

func TestPEM(t *testing.T) {
	ca := authntest.NewCA(t)
	cert := ca.Intermediate("one").Issue("ann", nil)

	pair, err := tls.X509KeyPair(authntest.CertificatePEM(cert), authntest.KeyPEM(t, cert))
	require.NoError(t, err)
	require.Equal(t, cert.Certificate, pair.Certificate)
	require.Equal(t, cert.PrivateKey, pair.PrivateKey)

	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(ca.PEM()))
	require.True(t, pool.Equal(ca.Roots()))
}

func TestCRL(t *testing.T) {
	ca := authntest.NewCA(t).Intermediate("one")
	ann, bob := ca.Issue("ann", nil).Leaf, ca.Issue("bob", nil).Leaf
	now := time.Now()
	tests := []struct {
		name       string
		nextUpdate time.Time
		want       time.Time
		revoked    []*x509.Certificate
	}{
		{"nobody, zero nextUpdate", time.Time{}, now.Add(24 * time.Hour), nil},
		{"two", now.Add(time.Hour), now.Add(time.Hour), []*x509.Certificate{ann, bob}},
		{"stale", now.Add(-time.Hour), now.Add(-time.Hour), []*x509.Certificate{ann}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			block, rest := pem.Decode(ca.CRL(7, tt.nextUpdate, tt.revoked...))
			require.Empty(t, rest)
			require.Equal(t, "X509 CRL", block.Type)
			list, err := x509.ParseRevocationList(block.Bytes)
			require.NoError(t, err)

			require.NoError(t, list.CheckSignatureFrom(ca.Certificate()))
			require.Equal(t, big.NewInt(7), list.Number)
			require.WithinDuration(t, tt.want, list.NextUpdate, 2*time.Minute)
			require.True(t, list.ThisUpdate.Before(list.NextUpdate))
			var serials []*big.Int
			for _, e := range list.RevokedCertificateEntries {
				serials = append(serials, e.SerialNumber)
			}
			var want []*big.Int
			for _, c := range tt.revoked {
				want = append(want, c.SerialNumber)
			}
			require.Equal(t, want, serials)
		})
	}
}
