package folder_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/authnchain/authnchain/bearer/bootstrap"
	"github.com/authnchain/authnchain/bearer/bootstrap/folder"
)

// What is taken of a file is what Kubernetes would read in it, if that reads it.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{"", "x", secret("aaaaaa"), kubectlYAML("aaaaaa"), kubectlJSON("aaaaaa"), list(secret("aaaaaa"), kubectlYAML("bbbbbb")), secret("aaaaaa") + "---\n" + secret("bbbbbb"),
		secret("aaaaaa", "expiration: 2126-11-24T12:00:00Z", "auth-extra-groups: system:bootstrappers:a"), strings.ReplaceAll(secret("aaaaaa"), "aaaaaa", "123456"), "a: &a [*a]", "? a\n: b", "%YAML 1.1\n---\n- <<: {}"} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, text string, json bool) {
		file := "a.yaml"
		if json {
			file = "a.json"
		}
		secrets, err := folder.Parse(file, []byte(text))
		if err != nil {
			require.Less(t, len(err.Error()), 2000)
			return
		}
		var want corev1.Secret
		single := yaml.Unmarshal([]byte(text), &want) == nil && want.Kind == "Secret"
		for name, got := range secrets {
			require.NoError(t, got.Check(name))
			if !single || want.Name != name || len(secrets) != 1 {
				continue
			}
			for key, value := range want.StringData {
				if want.Data == nil {
					want.Data = map[string][]byte{}
				}
				want.Data[key] = []byte(value)
			}
			require.Len(t, got.Data, len(want.Data))
			for key, value := range want.Data {
				require.Equal(t, string(value), string(got.Data[key]), key)
			}
			require.Equal(t, &bootstrap.Secret{Type: string(want.Type), Data: got.Data, Deleted: want.DeletionTimestamp != nil}, got)
		}
	})
}
