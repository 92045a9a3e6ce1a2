package x509_test

import (
	"bytes"
	stdx509 "crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

// block returns a PEM block without its last line feed.
func block(kind string, der []byte, headers map[string]string) string {
	return strings.TrimSuffix(string(pem.EncodeToMemory(&pem.Block{Type: kind, Headers: headers, Bytes: der})), "\n")
}

// onDisk writes text into a file of its own.
func onDisk(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestRoots(t *testing.T) {
	one, two := authntest.NewCA(t), authntest.NewCA(t)
	a, b := string(one.PEM()), string(two.PEM())
	first, both := pool(one.Certificate()), pool(one.Certificate(), two.Certificate())
	tests := []struct {
		name, bundle string
		want         *stdx509.CertPool
	}{
		{"one", a, first},
		{"two", a + b, both},
		{"the same twice", a + a, first},
		{"no line feed at the end", strings.TrimSpace(a + b), both},
		{"text around", "# ours\n" + a + "\nSubject: CN=two\n  Key-Usage: x\n" + b + "\nthat is all", both},
		{"as openssl x509 -text prints it", "Certificate:\n    Data:\n        Version: 3 (0x2)\n" + a, first},
		{"CRLF", strings.ReplaceAll("# ours\n"+a+b, "\n", "\r\n"), both},
		{"blanks at the ends of lines", strings.ReplaceAll(a, "\n", " \t\n"), first},
		{"blank lines", "\n\n" + a + "\n\n\n" + b + "\n\n", both},
		{"dashes in the text", "-----\n- --- BEGIN\n" + a + "-----\n", first},
		{"NUL after the last", a + b + "\x00\x00", both},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := x509.ParseRoots([]byte(tt.bundle))
			require.NoError(t, err)
			require.True(t, tt.want.Equal(got))

			got, err = x509.LoadRoots(onDisk(t, tt.bundle))
			require.NoError(t, err)
			require.True(t, tt.want.Equal(got))
		})
	}
}

func TestRootsRefused(t *testing.T) {
	one, two := authntest.NewCA(t), authntest.NewCA(t)
	a, b := string(one.PEM()), string(two.PEM())
	key := string(authntest.KeyPEM(t, one.Issue("ann", nil)))
	body := func(s string) string { return s[strings.Index(s, "\n")+1:] }
	garbled := strings.Replace(b, "\nMII", "\n!II", 1)
	const (
		none = "no PEM certificate in it"
		cut  = ": cut off or broken"
		kind = ": want a CERTIFICATE, got another type of block"
	)
	tests := []struct {
		name, bundle, err string
	}{
		{"nothing", "", none},
		{"blanks", " \n\n", none},
		{"garbage", "\x30\x82garbage\xff", none},
		{"DER", string(one.Certificate().Raw), none},
		{"UTF-16", "\xff\xfe" + strings.Join(strings.Split(a, ""), "\x00"), none},
		{"base64 alone", body(a[:strings.Index(a, "-----END")]), none},
		{"byte order mark", "\ufeff" + a, "block 1" + cut},
		{"byte order mark before two", "\ufeff" + a + b, "block 1" + cut},
		{"CR alone", strings.ReplaceAll(a, "\n", "\r"), "block 1" + cut},
		{"indented", " " + strings.ReplaceAll(a, "\n", "\n "), "block 1" + cut},
		{"cut in the first", a[:len(a)/2], "block 1" + cut},
		{"cut in the second", a + b[:len(b)/2], "block 2" + cut},
		{"cut in the first line of the second", a + "-----BEGIN CERT", "block 2" + cut},
		{"cut in the last line of the second", a + strings.TrimSuffix(b, "-----\n"), "block 2" + cut},
		{"cut in the first, then one", a[:len(a)/2] + "\n" + b, "block 1" + cut},
		{"cut in the second, then one", a + b[:len(b)/2] + "\n" + a, "block 2" + cut},
		{"first line lost", body(a), "block 1" + cut},
		{"first line lost, then one", body(a) + b, "block 1" + cut},
		{"one, then first line lost", a + body(b), "block 2" + cut},
		{"first line with a dash less", a + b[1:], "block 2" + cut},
		{"last line with other words", a + strings.Replace(b, "END CERT", "END CART", 1), "block 2" + cut},
		{"broken base64", garbled, "block 1" + cut},
		{"broken base64 in the second", a + garbled, "block 2" + cut},
		{"broken base64, then one", garbled + a, "block 1" + cut},
		{"private key", a + key, "block 2" + kind},
		{"private key first", key + a, "block 1" + kind},
		{"private key alone", key, "block 1" + kind},
		{"trusted certificate of OpenSSL", block("TRUSTED CERTIFICATE", one.Certificate().Raw, nil), "block 1" + kind},
		{"revocation list", a + string(one.CRL(1, one.Certificate().NotAfter)), "block 2" + kind},
		{"no type", a + block("", one.Certificate().Raw, nil), "block 2" + kind},
		{"headers", block("CERTIFICATE", one.Certificate().Raw, map[string]string{"Note": "x"}), "block 1: a CERTIFICATE has no headers"},
		{"empty block", a + block("CERTIFICATE", nil, nil), "block 2: malformed certificate"},
		{"not DER", a + block("CERTIFICATE", []byte("no DER"), nil), "block 2: malformed certificate"},
		{"a key called certificate", block("CERTIFICATE", one.Certificate().RawSubjectPublicKeyInfo, nil), "block 1: malformed serial number"},
		{"bytes after the certificate", block("CERTIFICATE", append(bytes.Clone(one.Certificate().Raw), 0), nil), "block 1: trailing data"},
		{"certificate cut in its DER", block("CERTIFICATE", one.Certificate().Raw[:100], nil), "block 1: malformed certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := x509.ParseRoots([]byte(tt.bundle))
			require.EqualError(t, err, "x509: roots: "+tt.err)
			require.Nil(t, got)

			path := onDisk(t, tt.bundle)
			got, err = x509.LoadRoots(path)
			require.EqualError(t, err, "x509: roots: "+path+": "+tt.err)
			require.Nil(t, got)
		})
	}
}

func TestLoadRootsOfNoFile(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "ca.crt")
	got, err := x509.LoadRoots(missing)
	require.EqualError(t, err, "x509: roots: open "+missing+": no such file or directory")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Nil(t, got)

	got, err = x509.LoadRoots(dir)
	require.EqualError(t, err, "x509: roots: read "+dir+": is a directory")
	require.Nil(t, got)
}

// Wherever a bundle of two is cut, it is not taken for a bundle of one, as soon
// as what is left of the second can be told from text.
func TestRootsCutAnywhere(t *testing.T) {
	one, two := authntest.NewCA(t), authntest.NewCA(t)
	bundle := append(one.PEM(), two.PEM()...)
	first := len(one.PEM())
	for n := range len(bundle) - 1 { // the last line feed may be missing
		got, err := x509.ParseRoots(bundle[:n])
		if n == first-1 || n >= first && n < first+len("-----BEGIN") {
			require.NoError(t, err, n)
			require.True(t, got.Equal(one.Roots()), n)
			continue
		}
		require.Error(t, err, n)
		require.Nil(t, got, n)
	}
}
