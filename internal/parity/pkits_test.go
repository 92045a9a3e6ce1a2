package parity

import (
	"crypto/x509"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ourx509 "github.com/authnchain/authnchain/x509"
)

// pkitsCase is a case of NIST's Public Key Interoperability Test Suite, as Go's
// own tests have it: a path from the trust anchor to a leaf.
type pkitsCase struct {
	Name           string
	CertPath       []string
	ShouldValidate bool
}

// number is such as 4.1.1.
func (c pkitsCase) number() string {
	number, _, _ := strings.Cut(c.Name, " ")
	return number
}

// pkitsTime is within the validity of what should be valid.
var pkitsTime = time.Date(2020, time.June, 1, 12, 0, 0, 0, time.UTC)

// pkitsDir is in the source of Go itself. Some distributions of Go come without
// it; this test does not pass with those, as nobody would miss it.
func pkitsDir(t *testing.T) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	dir := filepath.Join(strings.TrimSpace(string(root)), "src", "crypto", "x509", "testdata", "nist-pkits")
	_, err = os.Stat(dir)
	require.NoError(t, err, "this Go has no test data, and PKITS is part of that: take one from go.dev/dl")
	return dir
}

// pkits returns the cases by what they need: nothing but paths, revocation lists,
// or policies, which the sections of the suite tell apart.
func pkits(t *testing.T, dir string) (paths, lists, policies []pkitsCase) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "vectors.json"))
	require.NoError(t, err)
	var all []pkitsCase
	require.NoError(t, json.Unmarshal(text, &all))
	for _, c := range all {
		switch section := strings.Join(strings.Split(c.number(), ".")[:2], "."); section {
		case "4.1", "4.2", "4.3", "4.6", "4.7", "4.13", "4.16":
			paths = append(paths, c)
		case "4.4", "4.5", "4.14", "4.15":
			lists = append(lists, c)
		case "4.8", "4.9", "4.10", "4.11", "4.12":
			policies = append(policies, c)
		default:
			require.Fail(t, "another section", c.Name)
		}
	}
	return paths, lists, policies
}

// path returns the certificates, leaf first, or the word for one that crypto/x509
// does not read: crypto/tls lets nobody in with that.
func (c pkitsCase) path(t *testing.T, dir string) (certs []*x509.Certificate, unread string) {
	t.Helper()
	for _, name := range slices.Backward(c.CertPath) {
		der, err := os.ReadFile(filepath.Join(dir, "certs", name))
		require.NoError(t, err)
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, "cannot be read"
		}
		certs = append(certs, cert)
	}
	return certs, ""
}

// anchored returns an authenticator that trusts the path's anchor alone, and what
// the leaf's holder sends.
func anchored(certs []*x509.Certificate) (*ourx509.Authenticator, []*x509.Certificate) {
	anchor := len(certs) - 1
	roots := x509.NewCertPool()
	roots.AddCert(certs[anchor])
	a := ourx509.New(roots)
	a.Now = func() time.Time { return pkitsTime }
	a.User = anybody
	return a, certs[:anchor]
}

// clientOf is the path with a leaf that says of itself that it is no CA's, so that
// the rule about those stands before no other.
func clientOf(sent []*x509.Certificate) []*x509.Certificate {
	leaf := *sent[0]
	leaf.IsCA = false
	return append([]*x509.Certificate{&leaf}, sent[1:]...)
}

// pkitsOutcome are the numbers of the cases that come to the same. What must not be
// accepted is not, but for three.
type pkitsOutcome struct{ valid, wrong []string }

var pkitsOutcomes = map[string]pkitsOutcome{
	"": {
		valid: []string{"4.1.1", "4.2.3", "4.2.4", "4.2.8", "4.3.6", "4.3.7", "4.3.8", "4.3.9", "4.6.4", "4.6.7", "4.6.13", "4.7.3", "4.13.21", "4.13.23", "4.13.30", "4.13.32", "4.13.34", "4.16.1"},
		wrong: []string{
			"4.7.4",   // the CA may not sign revocation lists, which only who looks at one can tell
			"4.7.5",   // likewise
			"4.13.24", // crypto/x509 takes a host that e-mail addresses are permitted at for all below it too
		},
	},
	"unknown authority": {
		// Those of 4.1 are signed with DSA. Those of 4.3 have a name in other
		// spellings, which crypto/x509 compares byte by byte.
		valid: []string{"4.1.4", "4.3.3", "4.3.4", "4.3.5", "4.3.10", "4.3.11"},
		wrong: []string{"4.1.2", "4.1.3", "4.1.6", "4.3.1", "4.3.2", "4.6.1", "4.6.2", "4.6.3", "4.7.1", "4.7.2"},
	},
	"cannot be read": {
		valid: []string{"4.1.5"}, // a DSA key without parameters
	},
	"expired or not yet valid": {
		wrong: []string{"4.2.1", "4.2.2", "4.2.5", "4.2.6", "4.2.7"},
	},
	"the path is too long": {
		valid: []string{"4.6.15", "4.6.17"}, // crypto/x509 counts self-issued certificates too
		wrong: []string{"4.6.5", "4.6.9", "4.6.11", "4.6.16"},
	},
	"a CA certificate is no client's": {
		valid: []string{"4.6.8", "4.6.14"}, // a rule of ours
		wrong: []string{"4.6.6", "4.6.10", "4.6.12"},
	},
	"a critical extension that is not understood": {
		// Constraints of directory names, which crypto/x509 does not understand.
		valid: []string{"4.13.1", "4.13.4", "4.13.5", "4.13.6", "4.13.11", "4.13.14", "4.13.18", "4.13.19", "4.13.27"},
		wrong: []string{
			"4.13.2", "4.13.3", "4.13.7", "4.13.8", "4.13.9", "4.13.10", "4.13.12", "4.13.13", "4.13.15", "4.13.16", "4.13.17", "4.13.20", "4.13.28", "4.13.29",
			"4.16.2",
		},
	},
	"a name that the CA may not give": {
		valid: []string{"4.13.25", "4.13.36"}, // a host that is excluded is, to crypto/x509, all below it too
		wrong: []string{"4.13.22", "4.13.26", "4.13.31", "4.13.33", "4.13.35", "4.13.37", "4.13.38"},
	},
}

// TestPKITS asks about the paths of the suite. All RSA keys in it have 2,048 bits,
// so that nothing is refused for a short one.
func TestPKITS(t *testing.T) {
	dir := pkitsDir(t)
	paths, lists, policies := pkits(t, dir)
	require.Len(t, paths, 87)
	require.Len(t, lists, 74, "for what looks at revocation lists")
	require.Len(t, policies, 88, "nobody here asks for a policy")
	got := make(map[string]pkitsOutcome)
	for _, c := range paths {
		certs, rule := c.path(t, dir)
		if rule == "" {
			rule = pathVerdict(anchored(certs))
		}
		o := got[rule]
		if c.ShouldValidate {
			o.valid = append(o.valid, c.number())
		} else {
			o.wrong = append(o.wrong, c.number())
		}
		got[rule] = o
	}
	require.Equal(t, pkitsOutcomes, got)
}

// Without the rule about CAs, the length of the path decides as it should.
func TestPKITSLeavesOfCAs(t *testing.T) {
	dir := pkitsDir(t)
	paths, _, _ := pkits(t, dir)
	got := make(map[string]string)
	for _, c := range paths {
		certs, unread := c.path(t, dir)
		if unread == "" && certs[0].IsCA {
			a, sent := anchored(certs)
			got[c.number()] = pathVerdict(a, clientOf(sent))
		}
	}
	long := "the path is too long"
	require.Equal(t, map[string]string{"4.6.6": long, "4.6.8": "", "4.6.10": long, "4.6.12": long, "4.6.14": ""}, got)
}
