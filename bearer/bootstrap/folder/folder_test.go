package folder_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/bearer/bootstrap"
	"github.com/authnchain/authnchain/bearer/bootstrap/folder"
)

func TestForms(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files []string
		known string
	}{
		{"no files", nil, ""},
		{"as a person writes it", []string{"a.yaml=" + secret("aaaaaa")}, "a"},
		{"as kubectl does", []string{"a.yml=" + kubectlYAML("aaaaaa")}, "a"},
		{"in JSON", []string{"a.json=" + kubectlJSON("aaaaaa")}, "a"},
		{"JSON in YAML", []string{"a.yaml=" + strings.ReplaceAll(kubectlJSON("aaaaaa"), "\t", " ")}, "a"},
		{"of each", []string{"a.yaml=" + secret("aaaaaa"), "b.yml=" + kubectlYAML("bbbbbb"), "c.json=" + kubectlJSON("cccccc")}, "abc"},
		{"several documents", []string{"all.yaml=---\n" + secret("aaaaaa") + "---\n# nothing\n---\n" + kubectlYAML("bbbbbb") + "...\n---\n" + secret("cccccc") + "---\n"}, "abc"},
		{"a List", []string{"all.yaml=" + list(secret("aaaaaa"), kubectlYAML("bbbbbb"))}, "ab"},
		{"a List in JSON", []string{`all.json={"apiVersion":"v1","kind":"List","items":[` + kubectlJSON("aaaaaa") + "," + kubectlJSON("cccccc") + "]}"}, "ac"},
		{"an empty List", []string{"all.yaml=apiVersion: v1\nkind: List\nitems: []\n"}, ""},
		{"no namespace", []string{"a.yaml=" + strings.Replace(secret("aaaaaa"), "  namespace: kube-system\n", "", 1)}, "a"},
		{"data and stringData", []string{"a.yaml=" + strings.Replace(secret("aaaaaa"), "stringData:\n  token-id: aaaaaa", "data:\n  token-id: "+b64("aaaaaa")+"\nstringData:", 1)}, "a"},
		{"a time without quotes", []string{"a.yaml=" + secret("aaaaaa", "expiration: 2126-11-24T12:00:00Z")}, "a"},
		{"lines of a Mac", []string{"a.yaml=" + strings.ReplaceAll(secret("aaaaaa"), "\n", "\r\n")}, "a"},
		{"others' files", []string{"a.yaml=" + secret("aaaaaa"), "b.yaml~=x", ".c.yaml=x", "README.md=x", "#d.yaml#=x"}, "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newTokens(t, tt.files...)
			require.Equal(t, tt.known, f.known(t))
			require.Equal(t, len(tt.known), f.Len())
			require.NoError(t, f.HealthCheck())
		})
	}
}

// The user is the one of the package that this is for.
func TestUser(t *testing.T) {
	f := newTokens(t, "a.yaml="+kubectlYAML("aaaaaa"))
	resp, ok, err := f.auth.AuthenticateToken(t.Context(), "aaaaaa."+secretOf)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, []string{"system:bootstrappers", "system:bootstrappers:kubeadm:default-node-token"}, resp.User.GetGroups())
	expiry, known := authn.ExpiryOf(resp.User)
	require.True(t, known)
	require.Equal(t, 2126, expiry.Year())
}

// What no token could be accepted with is refused; what one is not accepted with now
// may stay.
func TestNotMine(t *testing.T) {
	f := newTokens(t,
		"a.yaml="+secret("aaaaaa", `expiration: "2020-01-01T00:00:00Z"`),
		"b.yaml="+strings.Replace(secret("bbbbbb"), "metadata:", "metadata:\n  deletionTimestamp: 2026-11-23T12:00:00Z", 1),
		"c.yaml="+strings.Replace(secret("cccccc"), `"true"`, `"yes"`, 1))
	require.Contains(t, f.why(t, "aaaaaa"), "Secret bootstrap-token-aaaaaa: expired ")
	require.Equal(t, "Secret bootstrap-token-bbbbbb: it is being deleted", f.why(t, "bbbbbb"))
	require.Equal(t, `Secret bootstrap-token-cccccc: usage-bootstrap-authentication is not "true"`, f.why(t, "cccccc"))
	require.Equal(t, "there is no Secret of its id", f.why(t, "dddddd"))
}

func TestChanges(t *testing.T) {
	f := newTokens(t, "a.yaml="+secret("aaaaaa"))
	cached := bearer.Cached(f.auth, nil)
	has := func() bool {
		_, ok, err := cached.AuthenticateToken(t.Context(), "aaaaaa."+secretOf)
		require.NoError(t, err)
		return ok
	}
	require.True(t, has())
	for _, step := range []struct {
		name       string
		do         func()
		known      string
		generation uint64
	}{
		{"one more", func() { f.write(t, "b.yaml="+secret("bbbbbb")) }, "ab", 2},
		{"the same, elsewhere", func() { f.write(t, "b.yaml="+secret("bbbbbb")+"---\n"+secret("aaaaaa")); f.remove(t, "a.yaml") }, "ab", 2},
		{"another end", func() {
			f.write(t, "b.yaml="+secret("bbbbbb", "expiration: 2020-01-01T00:00:00Z")+"---\n"+secret("aaaaaa"))
		}, "a", 3},
		{"one gone", func() { f.write(t, "b.yaml="+secret("bbbbbb")) }, "b", 4},
		{"nobody", func() { f.remove(t, "b.yaml") }, "", 5},
		{"back", func() { f.write(t, "a.yaml="+secret("aaaaaa")) }, "a", 6},
	} {
		step.do()
		require.Equal(t, step.known, f.known(t), step.name)
		require.Equal(t, strings.Contains(step.known, "a"), has(), step.name)
		require.Equal(t, step.generation, authn.GenerationOf(f.auth), step.name)
	}
	require.Equal(t, strings.Repeat("<nil>", 6), strings.Join(f.told, ""))
}

// A volume of Kubernetes is changed all at once, by a link.
func TestMountedVolume(t *testing.T) {
	f := &tokens{path: t.TempDir()}
	version := func(n string, text string) {
		require.NoError(t, os.Mkdir(filepath.Join(f.path, "..v"+n), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(f.path, "..v"+n, "tokens.yaml"), []byte(text), 0o600))
		require.NoError(t, os.Symlink("..v"+n, filepath.Join(f.path, "..data_tmp")))
		require.NoError(t, os.Rename(filepath.Join(f.path, "..data_tmp"), filepath.Join(f.path, "..data")))
		f.ahead.Add(3)
	}
	version("1", secret("aaaaaa"))
	require.NoError(t, os.Symlink("..data/tokens.yaml", filepath.Join(f.path, "tokens.yaml")))
	f.open(t)
	require.Equal(t, "a", f.known(t))
	version("2", secret("bbbbbb"))
	require.NoError(t, os.RemoveAll(filepath.Join(f.path, "..v1")))
	require.Equal(t, "b", f.known(t))
	require.EqualValues(t, 2, f.Generation())
	require.NoError(t, f.HealthCheck())
}

// One bad file, and all stays as it was until it is mended.
func TestBroken(t *testing.T) {
	for name, tt := range map[string]struct {
		harm func(t *testing.T, f *tokens)
		want string
	}{
		"a bad file beside a good one": {func(t *testing.T, f *tokens) { f.write(t, "a.yaml="+secret("bbbbbb"), "b.yaml=kind: Pod\n") }, `b.yaml: document 1: apiVersion is "", not v1`},
		"a bad document":               {func(t *testing.T, f *tokens) { f.write(t, "a.yaml="+secret("aaaaaa")+"---\nx\n") }, "a.yaml: document 2: not an object"},
		"a file cut off":               {func(t *testing.T, f *tokens) { f.write(t, "a.yaml="+secret("aaaaaa")[:200]) }, "a.yaml: yaml: line 10: could not find expected "},
		"an empty file":                {func(t *testing.T, f *tokens) { f.write(t, "a.yaml=") }, "a.yaml: there is no Secret in it"},
		"a long file":                  {func(t *testing.T, f *tokens) { f.write(t, "b.yaml="+strings.Repeat("#", 1<<20+1)) }, "b.yaml: more than 1048576 bytes"},
		"the folder is gone":           {func(t *testing.T, f *tokens) { require.NoError(t, os.RemoveAll(f.path)); f.ahead.Add(3) }, "no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newTokens(t, "a.yaml="+secret("aaaaaa"))
			tt.harm(t, f)
			require.Equal(t, "a", f.known(t))
			require.EqualValues(t, 1, f.Generation())
			require.ErrorContains(t, authn.HealthOf(f.auth), "bootstrap: folder "+f.path+": still what it held at ")
			require.ErrorContains(t, authn.HealthOf(f.auth), ": "+tt.want)
			require.Len(t, f.told, 1)
			require.NoError(t, os.RemoveAll(f.path))
			require.NoError(t, os.Mkdir(f.path, 0o700))
			f.write(t, "b.yaml="+secret("bbbbbb"))
			require.Equal(t, "b", f.known(t))
			require.NoError(t, f.HealthCheck())
			require.Equal(t, "<nil>", f.told[1])
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	_, err := folder.Open(filepath.Join(dir, "none"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "bootstrap: folder "+filepath.Join(dir, "none")+": ")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.yaml"), []byte("x"), 0o600))
	_, err = folder.Open(dir, nil)
	require.EqualError(t, err, "bootstrap: folder "+dir+": a.yaml: document 1: not an object")
	_, err = folder.Open(filepath.Join(dir, "a.yaml"), nil)
	require.EqualError(t, err, "bootstrap: folder "+filepath.Join(dir, "a.yaml")+": not a folder")
	secrets, err := folder.Open(t.TempDir(), nil)
	require.NoError(t, err)
	_, err = secrets.Secret(t.Context(), "bootstrap-token-aaaaaa")
	require.ErrorIs(t, err, bootstrap.ErrNotFound)
}

// Whoever prints what is in use prints no token.
func TestCanary(t *testing.T) {
	f := newTokens(t, "a.yaml="+kubectlYAML("aaaaaa"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		text := fmt.Sprintf(verb+" "+verb, f.Secrets, f.auth)
		require.NotContains(t, text, "c4n4ry")
		require.NotContains(t, text, b64(secretOf))
		require.NotContains(t, text, fmt.Sprintf("%x", "c4n4ry"))
		require.NotContains(t, text, fmt.Sprint([]byte("c4n4ry"))[1:18])
	}
}

// 10,000 requests in flight lose nothing to changes of the folder, and 20 changes leave
// nothing behind.
func TestSwapsUnderLoad(t *testing.T) {
	f := newTokens(t, "a.yaml="+secret("aaaaaa"))
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	var swap sync.Mutex
	var left, accepted, swaps atomic.Int64
	left.Store(10_000)
	for range 16 {
		wg.Go(func() {
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				if n%500 == 0 {
					swap.Lock()
					f.write(t, fmt.Sprintf("b.yaml=%s", secret("bbbbbb", fmt.Sprintf("description: number %d", swaps.Add(1)))))
					swap.Unlock()
				}
				if _, ok, err := f.auth.AuthenticateToken(t.Context(), "aaaaaa."+secretOf); ok && err == nil {
					accepted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 10_000, accepted.Load())
	require.EqualValues(t, 20, swaps.Load())
	require.Greater(t, f.Generation(), uint64(1))
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}
