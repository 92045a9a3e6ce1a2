//go:build !windows

package e2e_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pair names the PEM files of a certificate and of its key.
type pair struct{ cert, key string }

// authority is a CA, made by openssl as its manual and many a tutorial tell.
type authority struct {
	pair
	dir    string
	issued int
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	return &authority{pair: selfSigned(t, "/CN="+name), dir: t.TempDir()}
}

// selfSigned makes a certificate that signs itself, for a CA by openssl's default.
func selfSigned(t *testing.T, subject string) pair {
	t.Helper()
	dir := t.TempDir()
	run(t, dir, "openssl", "genrsa", "-out", "ca.key", "2048")
	run(t, dir, "openssl", "req", "-x509", "-new", "-key", "ca.key", "-sha256", "-days", "30", "-subj", subject, "-out", "ca.crt")
	return pair{filepath.Join(dir, "ca.crt"), filepath.Join(dir, "ca.key")}
}

// issue makes a key and a certificate for a subject. Each extension is a line of
// openssl's configuration, such as "extendedKeyUsage=clientAuth".
func (a *authority) issue(t *testing.T, subject string, extensions ...string) pair {
	t.Helper()
	a.issued++
	name := filepath.Join(a.dir, strconv.Itoa(a.issued))
	key, request, cert := name+".key", name+".csr", name+".crt"
	run(t, a.dir, "openssl", "genrsa", "-out", key, "2048")
	run(t, a.dir, "openssl", "req", "-new", "-key", key, "-subj", subject, "-out", request)
	sign := []string{"x509", "-req", "-in", request, "-CA", a.cert, "-CAkey", a.key, "-CAcreateserial",
		"-sha256", "-days", "30", "-out", cert}
	if len(extensions) > 0 {
		file := name + ".ext"
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(extensions, "\n")+"\n"), 0o600))
		sign = append(sign, "-extfile", file)
	}
	run(t, a.dir, "openssl", sign...)
	return pair{cert, key}
}

// fingerprint returns openssl's SHA-256 of a certificate in lower-case hex.
func fingerprint(t *testing.T, cert string) string {
	t.Helper()
	_, hex, ok := strings.Cut(run(t, "", "openssl", "x509", "-in", cert, "-noout", "-fingerprint", "-sha256"), "=")
	require.True(t, ok)
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(hex), ":", ""))
}
