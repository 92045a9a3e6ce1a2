package parity

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"testing"

	"github.com/Netflix/bettertls/test-suites/certutil"
	"github.com/Netflix/bettertls/test-suites/pathbuilding"
	bettertls "github.com/Netflix/bettertls/test-suites/test-case"
	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	ourx509 "github.com/authnchain/authnchain/x509"
)

// betterTLS is Netflix's suite, which makes its certificates for each run. They
// are servers' certificates.
type betterTLS struct {
	root *x509.Certificate
	key  crypto.Signer
	auth *ourx509.Authenticator

	host  string // that the holder must be
	found bool   // a path was found, whoever is the holder
}

func newBetterTLS(t *testing.T) *betterTLS {
	t.Helper()
	root, key, err := certutil.GenerateSelfSignedCert("bettertls_trust_root")
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(root)
	b := &betterTLS{root: root, key: key, auth: ourx509.New(roots)}
	b.auth.User = b.holder
	return b
}

// holder is a mapping by the subject's alternative names: the holder must be the
// host that the case is about.
func (b *betterTLS) holder(chain []*x509.Certificate) (*authenticator.Response, bool, error) {
	b.found = true
	if err := chain[0].VerifyHostname(b.host); err != nil {
		return nil, false, err
	}
	return anybody(chain)
}

// ask returns what comes of a case. The leaf is turned into a client's where it
// says what it is for, which is no part of what these cases are about.
func (b *betterTLS) ask(t *testing.T, c bettertls.TestCase) string {
	t.Helper()
	made, err := c.GetCertificates(b.root, b.key)
	require.NoError(t, err)
	var certs []*x509.Certificate
	for _, der := range made.Certificate {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return "cannot be read"
		}
		certs = append(certs, cert)
	}
	require.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, certs[0].ExtKeyUsage)
	certs[0].ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	b.host, b.found = c.GetHostname(), false
	return pathVerdict(b.auth, certs)
}

// betterTLSCounts are how many cases come to the same, by what should: "PASS" and
// "FAIL", and where clients differ "SOFT_PASS" and "SOFT_FAIL". Nothing is that
// ours accepts them.
type betterTLSCounts map[string]map[string]int

func (n betterTLSCounts) add(c bettertls.TestCase, rule string) {
	expected := c.ExpectedResult().String()
	if n[expected] == nil {
		n[expected] = make(map[string]int)
	}
	n[expected][rule]++
}

func casesOf(t *testing.T, p bettertls.TestCaseProvider, want int) (all []bettertls.TestCase) {
	t.Helper()
	n, err := p.GetTestCaseCount()
	require.NoError(t, err)
	require.EqualValues(t, want, n, "another version of the corpus: look at what is new")
	for i := range n {
		c, err := p.GetTestCase(i)
		require.NoError(t, err)
		all = append(all, c)
	}
	return all
}

// TestBetterTLSPathBuilding has clients that send all certificates there are.
func TestBetterTLSPathBuilding(t *testing.T) {
	b, got := newBetterTLS(t), make(betterTLSCounts)
	for _, c := range casesOf(t, pathbuilding.NewTestCaseProvider(), 81) {
		got.add(c, b.ask(t, c))
	}
	require.Equal(t, betterTLSCounts{
		"PASS": {
			"":                  37,
			"unknown authority": 8, // what leads to the root is beyond the first eight of 35 intermediates
		},
		"FAIL": {
			"unknown authority":               25,
			"a name that the CA may not give": 4,
			"not for client authentication":   4,
			"expired or not yet valid":        3,
		},
	}, got)
}

// Clients that send what they need are let in.
func TestBetterTLSPaths(t *testing.T) {
	b, got := newBetterTLS(t), make(betterTLSCounts)
	for _, c := range casesOf(t, pathbuilding.NewTestCaseProvider(), 81) {
		if c.ExpectedResult() == bettertls.EXPECTED_RESULT_PASS {
			got.add(c, b.ask(t, onePath{c.(*pathbuilding.TestCaseImpl)}))
		}
	}
	require.Equal(t, betterTLSCounts{"PASS": {"": 45}}, got)
}

// onePath is a case in which the client sends no more certificates than those of
// one path.
type onePath struct{ *pathbuilding.TestCaseImpl }

func (c onePath) GetCertificates(root *x509.Certificate, key crypto.Signer) (*tls.Certificate, error) {
	made, err := c.TestCaseImpl.GetCertificates(root, key)
	if err != nil {
		return nil, err
	}
	graph := c.ExplicitTestCase
	path := graph.TrustGraph.Reachable(graph.InvalidEdges, graph.SrcNode, graph.DstNode)
	kept := made.Certificate[:1:1]
	for _, der := range made.Certificate[1:] {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		// The root has another name than in the path.
		if i := slices.Index(path, cert.Subject.CommonName); i > 0 && (cert.Issuer.CommonName == path[i-1] || i == 1) {
			kept = append(kept, der)
		}
	}
	made.Certificate = kept
	return made, nil
}
