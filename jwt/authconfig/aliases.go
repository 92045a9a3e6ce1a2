package authconfig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"go.yaml.in/yaml/v3"
)

// checkAliases refuses YAML whose aliases make it much longer than it looks. The
// decoder has a check of its own, which few nodes that are long pass, and many
// beside many plain ones.
func checkAliases(data []byte) error {
	if bytes.IndexByte(data, '*') < 0 || bytes.IndexByte(data, '&') < 0 || json.Valid(data) {
		return nil
	}
	var document yaml.Node
	if err := yaml.Unmarshal(firstDocument(data), &document); err != nil {
		return err
	}
	if size := (sizes{}).of(&document); size > MaxConfig {
		return fmt.Errorf("yaml: more than %d bytes once its aliases are written out", MaxConfig)
	}
	return nil
}

// firstDocument returns the first of several YAML documents, which is the only one
// that the decoder looks at. At the beginning of a line, "---" and "..." end a
// document wherever they are (YAML 1.2.2, section 9.1.2).
func firstDocument(data []byte) []byte {
	begun := false
	for rest := data; len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		marker := isMarker(line)
		if marker && begun {
			return data[:len(data)-len(rest)]
		}
		text := bytes.TrimSpace(line)
		begun = begun || marker || len(text) > 0 && text[0] != '#' && line[0] != '%'
		rest = after
	}
	return data
}

func isMarker(line []byte) bool {
	if !bytes.HasPrefix(line, []byte("---")) && !bytes.HasPrefix(line, []byte("...")) {
		return false
	}
	return len(line) == 3 || bytes.IndexByte([]byte(" \t\r"), line[3]) >= 0
}

// perNode is what a node costs besides its text.
const perNode = 16

// sizes are how long nodes are without aliases.
type sizes map[*yaml.Node]int

func (s sizes) of(n *yaml.Node) int {
	if n == nil {
		return 0
	}
	if size, ok := s[n]; ok {
		return size
	}
	s[n] = math.MaxInt32 // if it holds itself
	size := perNode + len(n.Value)
	if n.Kind == yaml.AliasNode {
		size = min(size+s.of(n.Alias), math.MaxInt32)
	}
	for _, child := range n.Content {
		size = min(size+s.of(child), math.MaxInt32)
	}
	s[n] = size
	return size
}
