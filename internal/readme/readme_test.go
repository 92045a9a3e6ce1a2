// Package readme_test compiles the Go code of the project's prose.
package readme_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// texts are Go's strings, in which a name before a dot is no package.
var texts = regexp.MustCompile(`"[^"\n]*"`)

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// imports are what a fragment may use without importing it.
var imports = map[string]string{
	"anonymous":      "github.com/authnchain/authnchain/anonymous",
	"authconfig":     "github.com/authnchain/authnchain/jwt/authconfig",
	"authn":          "github.com/authnchain/authnchain/authn",
	"authntest":      "github.com/authnchain/authnchain/authn/authntest",
	"awsauth":        "github.com/authnchain/authnchain/bearer/eks/awsauth",
	"bearer":         "github.com/authnchain/authnchain/bearer",
	"bootstrap":      "github.com/authnchain/authnchain/bearer/bootstrap",
	"certconfig":     "github.com/authnchain/authnchain/x509/certconfig",
	"eks":            "github.com/authnchain/authnchain/bearer/eks",
	"folder":         "github.com/authnchain/authnchain/bearer/bootstrap/folder",
	"introspection":  "github.com/authnchain/authnchain/bearer/introspection",
	"jwt":            "github.com/authnchain/authnchain/jwt",
	"revocation":     "github.com/authnchain/authnchain/x509/revocation",
	"serviceaccount": "github.com/authnchain/authnchain/jwt/serviceaccount",
	"union":          "github.com/authnchain/authnchain/union",
	"webhook":        "github.com/authnchain/authnchain/webhook",
	"x509":           "github.com/authnchain/authnchain/x509",

	"authenticator": "k8s.io/apiserver/pkg/authentication/authenticator",
	"context":       "context",
	"crypto":        "crypto",
	"expvar":        "expvar",
	"fmt":           "fmt",
	"http":          "net/http",
	"log":           "log",
	"slog":          "log/slog",
	"time":          "time",
	"tls":           "crypto/tls",
	"user":          "k8s.io/apiserver/pkg/authentication/user",
}

// program makes a fragment a whole program. What it uses without declaring it is
// what the text around it has: the authenticator, or a handler's arguments.
func program(fragment string) string {
	if strings.Contains(fragment, "package main") {
		return fragment
	}
	var b strings.Builder
	b.WriteString("package main\n\nimport (\n")
	args := "w http.ResponseWriter, r *http.Request"
	if !strings.Contains(fragment, "auth :=") {
		args += ", auth authenticator.Request"
	}
	for name, path := range imports {
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(texts.ReplaceAllString(fragment, `""`) + args) {
			fmt.Fprintf(&b, "\t%q\n", path)
		}
	}
	fmt.Fprintf(&b, ")\n\nfunc fragment(%s) {\n%s}\n\nfunc main() { _ = fragment }\n", args, fragment)
	return b.String()
}

// TestCompiles builds every Go block, as a package of this module that is there
// for the compiler only.
func TestCompiles(t *testing.T) {
	files, err := filepath.Glob(root + "/*.md")
	require.NoError(t, err)
	more, err := filepath.Glob(root + "/docs/*.md")
	require.NoError(t, err)
	top, err := filepath.Abs(root)
	require.NoError(t, err)
	blocks := 0
	for _, file := range append(files, more...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, block := range goBlock.FindAllStringSubmatch(string(text), -1) {
			blocks++
			source := filepath.Join(t.TempDir(), "main.go")
			require.NoError(t, os.WriteFile(source, []byte(program(block[1])), 0o600))
			overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
				filepath.Join(top, "internal/readme/block/main.go"): source,
			}})
			require.NoError(t, err)
			overlayFile := filepath.Join(t.TempDir(), "overlay.json")
			require.NoError(t, os.WriteFile(overlayFile, overlay, 0o600))
			cmd := exec.Command("go", "build", "-overlay", overlayFile, "-o", os.DevNull, "./internal/readme/block")
			cmd.Dir = top
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s:\n%s\n%s", file, block[1], out)
		}
	}
	require.GreaterOrEqual(t, blocks, 3, "README.md has lost its code")
}

// TestEmbed compares README's example with the program that it is of.
func TestEmbed(t *testing.T) {
	readme, err := os.ReadFile(root + "/README.md")
	require.NoError(t, err)
	program, err := os.ReadFile(root + "/examples/embed/main.go")
	require.NoError(t, err)
	example := goBlock.FindStringSubmatch(string(readme))
	require.NotNil(t, example)
	lines := strings.Split(strings.TrimSpace(example[1]), "\n")
	require.LessOrEqual(t, len(lines), 15)
	for _, line := range lines {
		require.Contains(t, string(program), "\t"+line+"\n", "README.md shows a line that examples/embed has not")
	}
}
