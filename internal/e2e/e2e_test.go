//go:build !windows

// Package e2e_test runs examples/tour, and packages authconfig, revocation and introspection, on real
// input: certificates and CRLs made by openssl, ID tokens and opaque ones from the OpenID provider
// oidc-provider, requests sent by curl. No code of this module is on the client's side of the wire.
//
// A test skips with a message where a tool that it needs is missing. With
// AUTHNCHAIN_E2E=1 it fails there, and installs the npm packages itself:
//
//	AUTHNCHAIN_E2E=1 go test ./internal/e2e
//
// All servers listen on 127.0.0.1, and all processes end with their test.
package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestClientCertificate(t *testing.T) {
	need(t, "openssl", "curl")
	ca, stranger := newAuthority(t, "cluster-ca"), newAuthority(t, "stranger-ca")
	tour := startTour(t, ca, "-client-ca", ca.cert)

	const jane = "/O=engineering/CN=jane"
	asJane := user{Username: "jane", Groups: []string{"engineering", "system:authenticated"}}
	for _, test := range []struct {
		name string
		pair pair
		user user // the zero user: refused
	}{
		{"as kubectl's users have it", ca.issue(t, jane), asJane},
		{"for clients only", ca.issue(t, jane, "extendedKeyUsage=clientAuth"), asJane},
		{"two groups", ca.issue(t, "/O=engineering/O=on-call/CN=jane"),
			user{Username: "jane", Groups: []string{"engineering", "on-call", "system:authenticated"}}},
		{"for servers only", ca.issue(t, jane, "extendedKeyUsage=serverAuth"), user{}},
		{"of a stranger's CA", stranger.issue(t, jane), user{}},
		{"signed by itself", selfSigned(t, jane), user{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			reply := tour.get(t, "/whoami", "--cert", test.pair.cert, "--key", test.pair.key)
			if test.user.Username == "" {
				reply.requireRefused(t)
				return
			}
			reply.requireUser(t, test.user)
			require.Equal(t, []string{"X509SHA256=" + fingerprint(t, test.pair.cert)},
				reply.extra(t)["authentication.kubernetes.io/credential-id"], reply)
		})
	}
}

func TestIDToken(t *testing.T) {
	need(t, "openssl", "curl", "node", "npm")
	provider := startProvider(t)
	tour := startTour(t, newAuthority(t, "cluster-ca"), provider.flags("kubernetes", "kubernetes-es256", "kubernetes-ps256")...)

	admin := user{Username: "admin@example.com", Groups: []string{"platform-engineers", "engineering", "system:authenticated"}}
	for _, test := range []struct {
		client, login string
		alg           string
		user          user
	}{
		{"kubernetes", "admin", "RS256", admin},
		{"kubernetes-es256", "admin", "ES256", admin},
		{"kubernetes-ps256", "admin", "PS256", admin},
		{"kubernetes", "jane", "RS256", user{Username: "jane@example.com", Groups: []string{"engineering", "system:authenticated"}}},
	} {
		t.Run(test.login+" with "+test.alg, func(t *testing.T) {
			token := provider.login(t, test.client, test.login)
			require.Equal(t, test.alg, header(t, token).Alg)
			tour.get(t, "/whoami", bearer(token)...).requireUser(t, test.user)
		})
	}
	t.Run("of another audience", func(t *testing.T) {
		token := provider.login(t, "grafana", "admin")
		tour.get(t, "/whoami", bearer(token)...).requireInvalidToken(t)
		tour.get(t, "/healthz", bearer(token)...).requireInvalidToken(t) // a bad credential is never anonymous
	})
	t.Run("payload of another token", func(t *testing.T) {
		token := splice(provider.login(t, "kubernetes", "jane"), provider.login(t, "kubernetes", "admin"))
		tour.get(t, "/whoami", bearer(token)...).requireInvalidToken(t)
	})
}

func TestKeyRotation(t *testing.T) {
	need(t, "openssl", "curl", "node", "npm")
	provider := startProvider(t)
	clients := []string{"kubernetes", "kubernetes-es256", "kubernetes-ps256"}
	tour := startTour(t, newAuthority(t, "cluster-ca"), provider.flags(clients...)...)

	admin := user{Username: "admin@example.com", Groups: []string{"platform-engineers", "engineering", "system:authenticated"}}
	before := provider.login(t, "kubernetes", "admin")
	tour.get(t, "/whoami", bearer(before)...).requireUser(t, admin)
	require.Contains(t, provider.kids(t), header(t, before).Kid, provider.process)

	provider.rotate(t)
	require.NotContains(t, provider.kids(t), header(t, before).Kid, provider.process)
	// Whether the withdrawn key is still good is the key set's policy, not asked here.
	for _, client := range clients {
		after := provider.login(t, client, "admin")
		require.Contains(t, provider.kids(t), header(t, after).Kid, provider.process)
		tour.get(t, "/whoami", bearer(after)...).requireUser(t, admin)
	}
}

func TestNobody(t *testing.T) {
	need(t, "openssl", "curl")
	tokens := filepath.Join(t.TempDir(), "tokens.csv")
	require.NoError(t, os.WriteFile(tokens, []byte(`correct-horse-battery-staple,robot,u-42,"robots,night-shift"`+"\n"), 0o600))
	tour := startTour(t, newAuthority(t, "cluster-ca"), "-token-file", tokens)

	t.Run("may see /healthz", func(t *testing.T) {
		reply := tour.get(t, "/healthz")
		require.Equal(t, http.StatusOK, reply.status, reply)
	})
	t.Run("is nobody at /whoami", func(t *testing.T) {
		reply := tour.get(t, "/whoami")
		reply.requireRefused(t)
		require.NotContains(t, reply.header.Get("WWW-Authenticate"), "error=", reply) // RFC 6750, section 3.1
	})
	t.Run("static token", func(t *testing.T) {
		tour.get(t, "/whoami", bearer("correct-horse-battery-staple")...).requireUser(t,
			user{Username: "robot", UID: "u-42", Groups: []string{"robots", "night-shift", "system:authenticated"}})
	})
	t.Run("unknown token", func(t *testing.T) {
		tour.get(t, "/whoami", bearer("correct-horse-battery-stapler")...).requireInvalidToken(t)
	})
}

func TestBrokenFile(t *testing.T) {
	need(t, "openssl")
	ca := newAuthority(t, "cluster-ca")
	server := ca.issue(t, "/CN=tour", "subjectAltName=IP:127.0.0.1")
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		return file
	}
	cert, err := os.ReadFile(ca.cert)
	require.NoError(t, err)
	half := string(cert[:len(cert)/2])

	for _, test := range []struct {
		name  string
		flags []string // the last one is the file
	}{
		{"server certificate cut short", []string{"-tls-cert", write("server.crt", half)}},
		{"server key that is none", []string{"-tls-key", write("server.key", "not a key\n")}},
		{"client CA cut short", []string{"-client-ca", write("half.crt", half)}},
		{"client CA with a cut second certificate", []string{"-client-ca", write("one-and-a-half.crt", string(cert)+half)}},
		{"client CA missing", []string{"-client-ca", filepath.Join(dir, "missing.crt")}},
		{"token file without users", []string{"-token-file", write("tokens.csv", "only-a-token\n")}},
		{"issuer CA cut short", []string{"-issuer", "https://127.0.0.1:9", "-audience", "kubernetes", "-username-claim", "email",
			"-issuer-ca", write("dex-ca.crt", half)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			// A flag given twice has its last value.
			flags := append([]string{"-listen", "127.0.0.1:0", "-tls-cert", server.cert, "-tls-key", server.key}, test.flags...)
			process := start(t, tourBinary(t), flags...)
			require.Equal(t, 1, process.wait(t, 10*time.Second), process)
			require.Regexp(t, `^[^\n]+\n$`, process.stderr.String(), process)
			require.Contains(t, process.stderr.String(), flags[len(flags)-1], process)
		})
	}
}

func TestInterrupt(t *testing.T) {
	need(t, "openssl")
	ca := newAuthority(t, "cluster-ca")
	tour := startTour(t, ca, "-client-ca", ca.cert)
	resp, err := httpsClient(t, ca.cert).Get(tour.url + "/healthz")
	require.NoError(t, err, tour.process)
	require.Equal(t, "200 OK", resp.Status, "%s\n%s", read(t, resp), tour.process)

	// The client's connection stays open, and does not hold the tour up.
	require.NoError(t, tour.cmd.Process.Signal(syscall.SIGINT))
	require.Equal(t, 0, tour.wait(t, 5*time.Second), tour.process)
}
