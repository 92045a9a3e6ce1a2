package folder_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/bearer/bootstrap/folder"
)

// refused returns why a folder with these files is.
func refused(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range files {
		name, text, _ := strings.Cut(file, "=")
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	secrets, err := folder.Open(dir, nil)
	require.Error(t, err)
	require.Nil(t, secrets)
	why, ok := strings.CutPrefix(err.Error(), "bootstrap: folder "+dir+": ")
	require.True(t, ok, err)
	return why
}

// Everything that is wrong is told, and nothing of a token with it.
func TestRefused(t *testing.T) {
	good := secret("aaaaaa")
	with := func(old, changed string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, changed, 1)
	}
	const noSecret = "token-secret is not sixteen of a to z and 0 to 9"
	for _, tt := range []struct{ name, text, want string }{
		{"a version", with("v1", "v2"), `apiVersion is "v2", not v1`},
		{"no version", with("apiVersion: v1\n", ""), `apiVersion is "", not v1`},
		{"another kind", with("Secret", "ConfigMap"), `kind is "ConfigMap", not Secret`},
		{"a kind misspelt", with("Secret", "secret"), `kind is "secret", not Secret`},
		{"another type", with("bootstrap.kubernetes.io/token", "Opaque"), `its type is "Opaque", not bootstrap.kubernetes.io/token`},
		{"no type", with("type: bootstrap.kubernetes.io/token\n", ""), `its type is "", not bootstrap.kubernetes.io/token`},
		{"no metadata", with("metadata:", "metadata: {}\nimmutable:"), "its name is not bootstrap-token- and six of a to z and 0 to 9"},
		{"metadata that are none", with("metadata:", "metadata: x\nimmutable:"), "metadata is not an object"},
		{"another namespace", with("kube-system", "default"), "metadata: namespace is not kube-system"},
		{"no namespace in it", with("kube-system", ""), "metadata: namespace is not kube-system"},
		{"another's name", with("bootstrap-token-aaaaaa", "tls"), "its name is not bootstrap-token- and six of a to z and 0 to 9"},
		{"a token for a name", with("bootstrap-token-aaaaaa", "bootstrap-token-aaaaaa."+secretOf), "its name is not bootstrap-token- and six of a to z and 0 to 9"},
		{"another id", with("token-id: aaaaaa", "token-id: bbbbbb"), "token-id is not that of its name"},
		{"an unknown field", with("type:", "stringdata: {}\ntype:"), `unknown field "stringdata"`},
		{"an unknown key", secret("aaaaaa", `expiraton: "2026-11-24T12:00:00Z"`), `stringData: "expiraton": no bootstrap token has this`},
		{"a key of both", with("stringData:", "data: {token-id: YWFhYWFh}\nstringData:"), `stringData: "token-id": it is in data too`},
		{"no data", with("stringData:", "immutable:"), "token-id is not that of its name"},
		{"data that are a list", with("stringData:", "data: []\nimmutable:"), "data is not an object"},
		{"data that are no base64", with("stringData:", "data:"), `data: "token-id": not base64`},
		{"base64url", with("stringData:\n  token-id: aaaaaa", "data:\n  token-id: __-_\nstringData:"), `data: "token-id": not base64`},
		{"an id that is a number", strings.ReplaceAll(good, "aaaaaa", "123456"), `stringData: "token-id": not a string; put it in quotes`},
		{"a usage without quotes", with(`"true"`, "true"), `stringData: "usage-bootstrap-authentication": not a string; put it in quotes`},
		{"null", with(secretOf, "null"), `stringData: "token-secret": not a string; put it in quotes`},
		{"a short secret", with(secretOf, secretOf[1:]), noSecret},
		{"a line after the secret", with(secretOf, "|\n    "+secretOf), noSecret},
		{"an end that is none", secret("aaaaaa", "expiration: "+secretOf), "expiration is no time of RFC 3339"},
		{"a group that is none", secret("aaaaaa", "auth-extra-groups: system:bootstrappers:a,"+secretOf), "auth-extra-groups: group 2 is not system:bootstrappers: and a to z, 0 to 9, colons and dashes"},
		{"a key twice", secret("aaaaaa", "token-id: bbbbbb"), `yaml: line 11: the key "token-id" is there twice`},
		{"a key twice, above", good + "type: bootstrap.kubernetes.io/token\n", `yaml: line 11: the key "type" is there twice`},
		{"an alias", with("token-id: aaaaaa", "token-id: &id aaaaaa\n  description: *id"), "yaml: line 9: an alias"},
		{"an alias of nothing", with(secretOf, "*"+secretOf), "yaml: an alias of nothing"},
		{"a merge", good + "x: &x {a: b}\n<<: *x\n", "yaml: line 12: a key that is not a string"},
		{"binary", with(secretOf, "!!binary "+b64(secretOf)), `stringData: "token-secret": not a string; put it in quotes`},
		{"a number for a key", good + "1: 2\n", "yaml: line 11: a key that is not a string"},
		{"too deep", good + "x: " + strings.Repeat("[", 70) + strings.Repeat("]", 70), "yaml: line 11: too deep"},
		{"far too deep", good + "x: " + strings.Repeat("[", 20000), "yaml: line 11: exceeded max depth of 10000"},
		{"no YAML", "token-secret: '" + secretOf, "yaml: found unexpected end of stream"},
		{"not UTF-8", good + "x: \xff\n", "yaml: invalid leading UTF-8 octet"},
		{"a list", "- x\n", "not an object"},
		{"a List without items", "apiVersion: v1\nkind: List\n", "items is not a list"},
		{"a List with more", "apiVersion: v1\nkind: List\nitems: []\ntype: x\n", `unknown field "type"`},
		{"a List of Lists", list(good, list(good)), `item 2: kind is "List", not Secret`},
		{"a List of text", list(good, "x"), "item 2: not an object"},
		{"a List with one twice", list(good, good), "item 2: bootstrap-token-aaaaaa is in a.yaml, document 1, item 1 too"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			why := refused(t, "a.yaml="+tt.text)
			if !strings.HasPrefix(tt.want, "yaml: ") {
				tt.want = "document 1: " + tt.want
			}
			require.Equal(t, "a.yaml: "+tt.want, why)
			require.NotContains(t, why, "c4n4ry")
		})
	}
}

func TestRefusedPlaces(t *testing.T) {
	good := secret("aaaaaa")
	for _, tt := range []struct {
		name  string
		files []string
		want  string
	}{
		{"twice in a file", []string{"a.yaml=" + good + "---\n" + good}, "a.yaml: document 2: bootstrap-token-aaaaaa is in a.yaml, document 1 too"},
		{"twice", []string{"b.json=" + kubectlJSON("aaaaaa"), "a.yaml=" + good}, "b.json: document 1: bootstrap-token-aaaaaa is in a.yaml, document 1 too"},
		{"after an empty document", []string{"a.yaml=" + good + "---\n# nothing\n---\nkind: Pod\n"}, `a.yaml: document 3: apiVersion is "", not v1`},
		{"only the second is no YAML", []string{"a.yaml=" + good + "---\n\tx"}, "a.yaml: yaml: line 12: found character that cannot start any token"},
		{"empty", []string{"a.yaml="}, "a.yaml: there is no Secret in it"},
		{"a comment", []string{"a.yaml=# " + secretOf + "\n"}, "a.yaml: there is no Secret in it"},
		{"null", []string{"a.yaml=---\nnull\n---\n~\n"}, "a.yaml: there is no Secret in it"},
		{"empty JSON", []string{"a.json="}, "a.json: not a JSON object"},
		{"JSON that is cut off", []string{"a.json=" + kubectlJSON("aaaaaa")[:100]}, "a.json: offset 100: the text ends too early"},
		{"a member twice", []string{`a.json={"kind":"Secret","kind":"Secret"}`}, `a.json: offset 23: duplicate member "kind"`},
		{"several in JSON", []string{"a.json=" + kubectlJSON("aaaaaa") + kubectlJSON("bbbbbb")}, "a.json: offset 360: more after the object"},
		{"a list in JSON", []string{"a.json=[]"}, "a.json: not a JSON object"},
		{"YAML in JSON", []string{"a.json=" + good}, "a.json: not a JSON object"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			why := refused(t, tt.files...)
			require.Equal(t, tt.want, why)
			require.NotContains(t, why, "c4n4ry")
		})
	}
}

// The worst YAML takes no more than 600 bytes of memory for each of its own.
func TestBombs(t *testing.T) {
	const size = 256 << 10
	laughs := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'z'; c++ {
		laughs += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 9) + "]\n"
	}
	for name, text := range map[string]string{
		"laughs": laughs,
		"empty":  "[" + strings.Repeat("x,", size/2) + "]",
		"pages":  strings.Repeat("---\n", size/4),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		refused(t, "a.yaml="+text)
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(600*size), name)
	}
}
