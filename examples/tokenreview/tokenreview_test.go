package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/webhook"
)

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

func (l *lines) find(t *testing.T, pattern string) []string {
	t.Helper()
	var found []string
	require.Eventually(t, func() bool {
		found = regexp.MustCompile(pattern).FindStringSubmatch(l.String())
		return found != nil
	}, 20*time.Second, 10*time.Millisecond, "%s in %s", pattern, l)
	return found
}

// start runs the server until the test is over, and expects it to end well.
func start(t *testing.T, args ...string) (out, log *lines) {
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

// file is what counts of a kubeconfig.
type file struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Clusters   []struct {
		Cluster struct {
			Server string
			CA     string `yaml:"certificate-authority-data"`
		}
	}
	Users []struct {
		User struct {
			Certificate string `yaml:"client-certificate-data"`
			Key         string `yaml:"client-key-data"`
		}
	}
}

// asker returns the URL in a kubeconfig, and a client with the certificates in it.
func asker(t *testing.T, out *lines) (string, *tls.Config) {
	t.Helper()
	out.find(t, `current-context: .*\n`)
	var f file
	require.NoError(t, yaml.Unmarshal([]byte(out.String()), &f))
	require.Equal(t, []string{"v1", "Config"}, []string{f.APIVersion, f.Kind})
	decode := func(text string) []byte {
		data, err := base64.StdEncoding.DecodeString(text)
		require.NoError(t, err)
		return data
	}
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(decode(f.Clusters[0].Cluster.CA)))
	cert, err := tls.X509KeyPair(decode(f.Users[0].User.Certificate), decode(f.Users[0].User.Key))
	require.NoError(t, err)
	return f.Clusters[0].Cluster.Server, &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{cert}}
}

func ask(t *testing.T, url string, config *tls.Config) *webhook.Authenticator {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config}
	t.Cleanup(transport.CloseIdleConnections)
	a, err := webhook.New(webhook.Config{URL: url}, &webhook.Options{Client: &http.Client{Transport: transport}})
	require.NoError(t, err)
	return a
}

// Without flags it knows the token that it tells.
func TestDemo(t *testing.T) {
	out, log := start(t)
	url, config := asker(t, out)
	token := log.find(t, `the one token is (\S+), jane's`)[1]
	a := ask(t, url, config)
	ctx := authenticator.WithAudiences(t.Context(), []string{"https://kubernetes.default.svc.cluster.local"})
	resp, ok, err := a.AuthenticateToken(ctx, token)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, &user.DefaultInfo{Name: "jane", Groups: []string{"engineering"}}, resp.User)
	log.find(t, `kube-apiserver asks: accepted in`)

	_, ok, err = a.AuthenticateToken(ctx, "guess-of-a-stranger")
	require.NoError(t, err)
	require.False(t, ok)
	log.find(t, `kube-apiserver asks: not mine in`)

	other := authenticator.WithAudiences(t.Context(), []string{"https://other.test"})
	_, _, err = a.AuthenticateToken(other, token)
	require.EqualError(t, err, `webhook: the reviewer says: "WrongAudience"`)
	require.NotContains(t, log.String(), "guess-of-a-stranger")

	// Who has no certificate of its own learns nothing.
	config.Certificates = nil
	_, _, err = ask(t, url, config).AuthenticateToken(ctx, token)
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	require.ErrorContains(t, err, "status 401")
}

func TestTokenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.csv")
	require.NoError(t, os.WriteFile(path, []byte("s3cret,ci,42,\"robots,builders\"\n"), 0o600))
	out, _ := start(t, "-token-file", path, "-api-audiences", "a,b")
	url, config := asker(t, out)
	ctx := authenticator.WithAudiences(t.Context(), []string{"b", "c"})
	resp, ok, err := ask(t, url, config).AuthenticateToken(ctx, "s3cret")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, &authenticator.Response{
		User:      &user.DefaultInfo{Name: "ci", UID: "42", Groups: []string{"robots", "builders"}},
		Audiences: []string{"b"},
	}, resp)
}

func TestBadFlags(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-x"}, "flag provided but not defined: -x"},
		{[]string{"-h"}, "flag: help requested"},
		{[]string{"-token-file", "missing.csv"}, "bearer: token file missing.csv: stat missing.csv: no such file or directory"},
		{[]string{"-listen", "nowhere"}, "listen tcp: address nowhere: missing port in address"},
	} {
		var out, log bytes.Buffer
		require.EqualError(t, run(t.Context(), tt.args, &out, &log), tt.want)
		require.Empty(t, out.String())
	}
}
