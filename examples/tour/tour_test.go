package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
)

// TestTable is what a newcomer sees. Ports and times change, so they are cut
// down to N.
func TestTable(t *testing.T) {
	var out, log bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-once"}, &out, &log))
	got := shorten(out.String())
	want := strings.TrimPrefix(`
CREDENTIAL | STATUS | USER | GROUPS, LESS system:authenticated | ANSWERED BY | WHY
jane's certificate, O=engineering | 200 | jane | engineering | x509 | -
jane's ID token | 200 | oidc:jane@example.com | oidc:engineering | bearer > jwt | -
admin's ID token | 200 | oidc:admin@example.com | oidc:platform-engineers | bearer > jwt | -
a static token | 200 | ci | robots builders | bearer > tokens | -
a token that a webhook knows | 200 | deployer | robots | bearer > webhook | -
a pod's service account token | 200 | system:serviceaccount:shop:web | system:serviceaccounts system:serviceaccounts:shop | bearer > serviceaccount | -
a bootstrap token | 200 | system:bootstrap:07401b | system:bootstrappers system:bootstrappers:racks | bearer > bootstrap | -
jane's ID token, with a WebSocket | 200 | oidc:jane@example.com | oidc:engineering | websocket > jwt | -
nobody, on /healthz | 200 | system:anonymous | system:unauthenticated | anonymous | -
nobody, elsewhere | 401 | - | - | - | NoCredential: no credential in the request
an expired token | 401 | - | - | bearer > jwt | Expired: expired N
an expired token, on /healthz | 401 | - | - | bearer > jwt | Expired: expired N
a token for another audience | 401 | - | - | bearer > jwt | WrongAudience: the token is for "payroll", not for any of ["tour"]
a token with a forged signature | 401 | - | - | bearer > jwt | BadSignature: the signature is not one of the issuer's key "rsa-1"
a token that nobody knows | 401 | - | - | bearer | UnknownToken: nobody recognizes the token
the token of a pod that is gone | 401 | - | - | bearer > serviceaccount | Revoked: Pod shop/web-0: not found
a certificate of an unknown CA | 401 | - | - | x509 | UntrustedCertificate: certificate signed by unknown authority
that certificate, and jane's token | 200 | oidc:jane@example.com | oidc:engineering | bearer > jwt | -
jane's certificate, an expired token | 200 | jane | engineering | x509 | -
a token of an issuer that is down | 503 | - | - | bearer > jwt | Unavailable: dial tcp N: connect: connection refused
admin's ID token, on /platform | 200 | oidc:admin@example.com | oidc:platform-engineers | bearer > jwt | -
jane's ID token, on /platform | 403 | oidc:jane@example.com | oidc:engineering | bearer > jwt | forbidden: User "oidc:jane@example.com" cannot get path "/platform"
`, "\n")
	require.Equal(t, want, got)

	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	shown := 0
	for line := range strings.Lines(string(readme)) {
		if regexp.MustCompile(`^CREDENTIAL |  (200|401|403|503)  `).MatchString(line) {
			shown++
			require.Contains(t, want, shorten(line), "README.md shows a line that the tour does not")
		}
	}
	require.GreaterOrEqual(t, shown, 6, "README.md has lost the tour's table")
	require.NotContains(t, out.String(), "\x1b", "no colours but on a terminal")
	require.Empty(t, log.String())
}

func shorten(table string) string {
	table = regexp.MustCompile(`\d+m\d+s ago \(exp [^)]*\)|127\.0\.0\.1:\d+`).ReplaceAllString(table, "N")
	return regexp.MustCompile(` {2,}`).ReplaceAllString(table, " | ")
}

// lines is a writer that can be waited on.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) find(t *testing.T, pattern string) string {
	t.Helper()
	var found []string
	require.Eventually(t, func() bool {
		found = regexp.MustCompile(pattern).FindStringSubmatch(l.String())
		return found != nil
	}, 20*time.Second, 10*time.Millisecond, "%s in %s", pattern, l)
	return found[1]
}

// startTour runs the tour until the test is over, and expects it to end well.
func startTour(t *testing.T, args ...string) (out, log *lines) {
	ctx, cancel := context.WithCancel(context.Background())
	out, log = &lines{}, &lines{}
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, args, out, log) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return out, log
}

func write(t *testing.T, name string, data []byte) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func TestInput(t *testing.T) {
	ca, issuer, reviewer := authntest.NewCA(t), authntest.NewIssuer(t), authntest.NewReviewer(t)
	reviewer.Accept("opaque", authntest.User("deployer", "robots"))
	out, log := startTour(t,
		"-client-ca", write(t, "ca.crt", ca.PEM()),
		"-token-file", write(t, "tokens.csv", []byte("s3cret,ci,42,\"robots,builders\"\n")),
		"-issuer", issuer.URL(), "-issuer-ca", write(t, "issuer.crt", issuer.CAPEM()),
		"-audience", "one", "-audience", "two", "-username-claim", "email", "-groups-claim", "groups", "-groups-prefix", "dex:",
		"-webhook-url", reviewer.URL(), "-webhook-ca", write(t, "webhook.crt", reviewer.CAPEM()))
	url := out.find(t, `^serving (https://\S+) `)
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(out.find(t, `authority in (\S+)`))
	require.NoError(t, err)
	require.True(t, roots.AppendCertsFromPEM(pem))
	jane := map[string]any{"sub": "1", "aud": "two", "email": "jane@example.com", "groups": []string{"engineering"}}

	for _, tt := range []struct {
		name  string
		cert  *tls.Certificate
		token string
		code  int
		want  string
	}{
		{"certificate", ca.Issue("jane", []string{"engineering"}), "", 200, "jane [engineering system:authenticated]"},
		{"ID token", nil, issuer.Token(jane), 200, "jane@example.com [dex:engineering system:authenticated]"},
		{"static token", nil, "s3cret", 200, "ci [robots builders system:authenticated]"},
		{"webhook token", nil, "opaque", 200, "deployer [robots system:authenticated]"},
		{"nobody", nil, "", 401, ""},
		{"unknown token", nil, "guess", 401, ""},
	} {
		for _, socket := range []bool{false, tt.token != ""} {
			t.Run(tt.name, func(t *testing.T) {
				config := &tls.Config{RootCAs: roots}
				if tt.cert != nil {
					config.Certificates = []tls.Certificate{*tt.cert}
				}
				client := http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
				r, err := http.NewRequest(http.MethodGet, url+"/whoami", nil)
				require.NoError(t, err)
				row{token: tt.token, socket: socket}.addToken(r.Header)
				resp, err := client.Do(r)
				require.NoError(t, err)
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.Equal(t, tt.code, resp.StatusCode)
				var me identity
				if tt.code == 200 {
					require.NoError(t, json.Unmarshal(body, &me))
					require.Equal(t, tt.want, me.Username+" ["+strings.Join(me.Groups, " ")+"]")
				}
			})
		}
	}
	log.find(t, `(?s)GET "/whoami": refused in .*(  bearer +refused +UnknownToken|nobody recognizes the token)`)
	require.NotContains(t, log.String(), "guess", "a token in the log")
}

func TestServesAfterTable(t *testing.T) {
	var dir string
	t.Cleanup(func() { require.NoDirExists(t, dir, "left behind") }) // runs once the tour has ended
	out, _ := startTour(t)
	dir = out.find(t, `--cacert '([^']+)/server-ca.crt' --cert '[^']+/jane.crt' --key '[^']+/jane.key' https://127.0.0.1:\d+/whoami\n`)
	for _, file := range []string{"server-ca.crt", "jane.crt", "jane.key", "jane.token", "static.token"} {
		info, err := os.Stat(filepath.Join(dir, file))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), file)
	}
}

func TestBadInput(t *testing.T) {
	good := write(t, "good.crt", authntest.NewCA(t).PEM())
	cut := write(t, "cut.crt", authntest.NewCA(t).PEM()[:200])
	tokens := write(t, "tokens.csv", []byte("a,b,c\nd,e\n"))
	missing := filepath.Join(t.TempDir(), "missing")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-client-ca", missing}, "-client-ca: x509: roots: open " + missing + ": no such file or directory"},
		{[]string{"-client-ca", cut}, "-client-ca: x509: roots: " + cut + ": block 1: cut off or broken"},
		{[]string{"-token-file", tokens}, "-token-file: bearer: token file " + tokens + ": line 2: 2 columns, want at least 3: token,user,uid"},
		{[]string{"-token-file", missing}, "-token-file: bearer: token file " + missing + ": stat " + missing + ": no such file or directory"},
		{[]string{"-issuer", "https://x.test", "-audience", "a", "-issuer-ca", missing}, "-issuer-ca: x509: roots: open " + missing + ": no such file or directory"},
		{[]string{"-issuer", "http://x.test", "-audience", "a"}, `-issuer: jwt: issuer "http://x.test": issuer: must be https`},
		{[]string{"-issuer", "https://x.test"}, "-issuer: needs an -audience, or every token of the issuer would do"},
		{[]string{"-audience", "a"}, "-audience: only with -issuer"},
		{[]string{"-webhook-url", "ftp://x.test"}, `-webhook-url: webhook: URL "ftp://x.test": must be https`},
		{[]string{"-username-claim", "email"}, "-username-claim: only with -issuer"},
		{[]string{"-groups-prefix", "x"}, "-groups-prefix: only with -groups-claim"},
		{[]string{"-tls-key", good}, "-tls-key: only with -tls-cert"},
		{[]string{"-client-ca", ""}, "-client-ca: is empty"},
		{[]string{"-listen", ""}, "-listen: is empty"},
		{[]string{"-webhook-ca", good}, "-webhook-ca: only with -webhook-url"},
		{[]string{"-tls-cert", good}, "-tls-cert: only with -tls-key"},
		{[]string{"-tls-cert", good, "-tls-key", missing}, "-tls-cert " + good + ", -tls-key " + missing + ": open " + missing + ": no such file or directory"},
		{[]string{"-once", "-client-ca", good}, "-once: there is no table with input of your own"},
		{[]string{"ca.crt"}, `"ca.crt": there are no arguments, only flags`},
		{[]string{"-listen", "nowhere"}, "-listen: listen tcp: address nowhere: missing port in address"},
	} {
		var out, log bytes.Buffer
		err := run(t.Context(), tt.args, &out, &log)
		require.EqualError(t, err, tt.want)
		require.Empty(t, out.String())
		require.Empty(t, log.String(), "said twice")
	}
}
