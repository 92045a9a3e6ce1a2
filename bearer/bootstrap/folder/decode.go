package folder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/strictjson"
)

// maxDepth is how deep YAML may be; strictjson has a bound of its own.
const maxDepth = 64

// decodeJSON returns the one document of a file.
func decodeJSON(data []byte) ([]any, error) {
	object, err := strictjson.Parse(string(data))
	if err != nil {
		return nil, clip.Error(err)
	}
	document := make(map[string]any, len(object))
	for _, member := range object {
		if document[member.Name], err = member.Value.Any(); err != nil {
			return nil, clip.Error(err)
		}
	}
	return []any{document}, nil
}

// decodeYAML returns the documents of a file, of which those that are empty are nil.
func decodeYAML(data []byte) (all []any, err error) {
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		document, err := nextYAML(d)
		switch {
		case err == io.EOF:
			return all, nil
		case err != nil:
			return nil, err // the decoder looks ahead, so it may not be of this document
		}
		all = append(all, document)
	}
}

func nextYAML(d *yaml.Decoder) (any, error) {
	var node yaml.Node
	switch err := d.Decode(&node); {
	case err == nil:
		return plain(&node, 0)
	case err == io.EOF:
		return nil, err
	case strings.Contains(err.Error(), "anchor"): // the text repeats what follows the asterisk
		return nil, errors.New("yaml: an alias of nothing")
	default:
		return nil, clip.Error(err)
	}
}

// plain returns what encoding/json would of the same in JSON, with nothing in
// particular for numbers and booleans. A timestamp is a string, as it is to kubectl.
// Nothing is written out twice, since there are no aliases.
func plain(n *yaml.Node, depth int) (any, error) {
	if depth > maxDepth {
		return nil, lineError(n, "too deep")
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) != 1 {
			return nil, nil
		}
		return plain(n.Content[0], depth)
	case yaml.MappingNode:
		return plainMap(n, depth)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			var err error
			if list[i], err = plain(item, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.ScalarNode:
		return plainScalar(n), nil
	}
	return nil, lineError(n, "an alias")
}

func plainScalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		return n.Value
	case "!!null":
		return nil
	}
	return struct{}{}
}

func plainMap(n *yaml.Node, depth int) (any, error) {
	object := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
			return nil, lineError(key, "a key that is not a string")
		}
		if _, twice := object[key.Value]; twice {
			return nil, lineError(key, "the key "+clip.Quote(key.Value)+" is there twice")
		}
		v, err := plain(value, depth+1)
		if err != nil {
			return nil, err
		}
		object[key.Value] = v
	}
	return object, nil
}

func lineError(n *yaml.Node, text string) error { return fmt.Errorf("yaml: line %d: %s", n.Line, text) }
