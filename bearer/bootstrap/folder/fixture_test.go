package folder_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/bootstrap"
	"github.com/authnchain/authnchain/bearer/bootstrap/folder"
)

// secretOf is the secret of every token here.
const secretOf = "c4n4ryc4n4ryc4n4"

// tokens is a folder, who follows it, and an authenticator that uses it.
type tokens struct {
	*folder.Secrets
	auth  *bootstrap.Authenticator
	path  string
	ahead atomic.Int64 // seconds that the clock is ahead
	mu    sync.Mutex
	told  []string
}

func newTokens(t *testing.T, files ...string) *tokens {
	t.Helper()
	f := &tokens{path: t.TempDir()}
	f.write(t, files...)
	f.open(t)
	return f
}

func (f *tokens) open(t *testing.T) {
	t.Helper()
	var err error
	f.Secrets, err = folder.Open(f.path, &folder.Options{
		Now: func() time.Time { return time.Now().Add(time.Duration(f.ahead.Load()) * time.Second) },
		OnReload: func(err error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.told = append(f.told, fmt.Sprint(err))
		},
	})
	require.NoError(t, err)
	f.auth = bootstrap.New(f.Secrets, nil)
}

// write writes files, each given as name=contents, long enough ago for nobody to be
// writing still.
func (f *tokens) write(t *testing.T, files ...string) {
	t.Helper()
	for _, file := range files {
		name, text, _ := strings.Cut(file, "=")
		require.NoError(t, os.WriteFile(filepath.Join(f.path, name), []byte(text), 0o600))
	}
	f.ahead.Add(3)
}

func (f *tokens) remove(t *testing.T, name string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(f.path, name)))
	f.ahead.Add(3)
}

// known returns which of these ids have a token that is accepted.
func (f *tokens) known(t *testing.T) string {
	t.Helper()
	var all []string
	for _, id := range []string{"aaaaaa", "bbbbbb", "cccccc"} {
		resp, ok, err := f.auth.AuthenticateToken(t.Context(), id+"."+secretOf)
		require.NoError(t, err)
		if ok {
			require.Equal(t, "system:bootstrap:"+id, resp.User.GetName())
			all = append(all, id[:1])
		}
	}
	return strings.Join(all, "")
}

// why returns the note of a token that is not accepted.
func (f *tokens) why(t *testing.T, id string) string {
	t.Helper()
	ctx, trace := authn.WithTrace(t.Context())
	_, ok, err := authn.AskToken(ctx, f.auth, id+"."+secretOf)
	require.NoError(t, err)
	require.False(t, ok)
	require.NotContains(t, trace.String(), "c4n4ry")
	return trace.Result().Links[0].Detail
}

// secret is as a person would write it, with more lines of stringData.
func secret(id string, more ...string) string {
	text := `apiVersion: v1
kind: Secret
metadata:
  name: bootstrap-token-` + id + `
  namespace: kube-system
type: bootstrap.kubernetes.io/token
stringData:
  token-id: ` + id + `
  token-secret: ` + secretOf + `
  usage-bootstrap-authentication: "true"
`
	for _, line := range more {
		text += "  " + line + "\n"
	}
	return text
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// kubectlYAML is as kubectl get secret -o yaml writes it, and kubectlJSON as -o json
// does.
func kubectlYAML(id string) string {
	return `apiVersion: v1
data:
  auth-extra-groups: ` + b64("system:bootstrappers:kubeadm:default-node-token") + `
  description: ` + b64("for the new rack") + `
  expiration: ` + b64("2126-11-24T12:00:00Z") + `
  token-id: ` + b64(id) + `
  token-secret: ` + b64(secretOf) + `
  usage-bootstrap-authentication: ` + b64("true") + `
  usage-bootstrap-signing: ` + b64("true") + `
kind: Secret
metadata:
  creationTimestamp: "2026-11-23T12:00:00Z"
  managedFields:
  - apiVersion: v1
    fieldsType: FieldsV1
    fieldsV1:
      f:data:
        .: {}
        f:token-id: {}
  name: bootstrap-token-` + id + `
  namespace: kube-system
  resourceVersion: "225"
  uid: 6aa03bfb-2b1c-4ab6-bd8f-9c1a5e0c9f58
type: bootstrap.kubernetes.io/token
`
}

func kubectlJSON(id string) string {
	return `{
	"apiVersion": "v1",
	"data": {
		"token-id": "` + b64(id) + `",
		"token-secret": "` + b64(secretOf) + `",
		"usage-bootstrap-authentication": "` + b64("true") + `"
	},
	"immutable": false,
	"kind": "Secret",
	"metadata": {"creationTimestamp": null, "name": "bootstrap-token-` + id + `", "namespace": "kube-system", "generation": 1},
	"type": "bootstrap.kubernetes.io/token"
}`
}

// list is a List of Secrets that are indented as such.
func list(secrets ...string) string {
	text := "apiVersion: v1\nkind: List\nmetadata:\n  resourceVersion: \"\"\nitems:\n"
	for _, s := range secrets {
		text += "- " + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n  ") + "\n"
	}
	return text
}
