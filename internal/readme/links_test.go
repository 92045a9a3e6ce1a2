package readme_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	link    = regexp.MustCompile(`\]\(([^):#]*)(?:#([^)]*))?\)`)
	block   = regexp.MustCompile("(?ms)^```.*?^```$")
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	silent  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// prose returns the project's texts by their paths, without the code in them.
func prose(t *testing.T) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	for _, pattern := range []string{"/*.md", "/docs/*.md"} {
		files, err := filepath.Glob(root + pattern)
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			texts[filepath.Clean(file)] = block.ReplaceAllString(string(text), "")
		}
	}
	return texts
}

// anchors returns what a link to a heading of a text may have after the "#".
func anchors(text string) []string {
	var names []string
	for _, h := range heading.FindAllStringSubmatch(text, -1) {
		names = append(names, strings.ReplaceAll(silent.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
	}
	return names
}

// TestLinks finds files and headings that the prose names and that are not there.
func TestLinks(t *testing.T) {
	texts, found := prose(t), 0
	for file, text := range texts {
		for _, target := range link.FindAllStringSubmatch(text, -1) {
			to := file
			if target[1] != "" {
				to = filepath.Join(filepath.Dir(file), target[1])
			}
			require.FileExists(t, to, "linked from %s", file)
			if target[2] != "" {
				found++
				require.Contains(t, anchors(texts[to]), target[2], "headings of %s, linked from %s", to, file)
			}
		}
	}
	require.GreaterOrEqual(t, found, 3, "links to headings")
}

// TestMap finds pages that README.md does not lead to.
func TestMap(t *testing.T) {
	texts := prose(t)
	readme := texts[filepath.Join(root, "README.md")]
	for file := range texts {
		if filepath.Base(filepath.Dir(file)) == "docs" {
			require.True(t, strings.Contains(readme, "(docs/"+filepath.Base(file)+")"), "README.md does not lead to %s", file)
		}
	}
}
