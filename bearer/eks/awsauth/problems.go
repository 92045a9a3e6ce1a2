package awsauth

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/authnchain/authnchain/internal/clip"
)

const maxTold = 20 // so many problems are told

// problems are what is wrong with a ConfigMap.
type problems struct {
	list []error
	more int
}

// add adds what is wrong at a place, which may be a node of a list.
func (p *problems) add(list string, n *yaml.Node, format string, args ...any) {
	if len(p.list) == maxTold {
		p.more++
		return
	}
	err := fmt.Errorf(format, args...)
	if n != nil {
		err = fmt.Errorf("line %d: %w", n.Line, err)
	}
	p.list = append(p.list, fmt.Errorf("%s: %w", list, err))
}

// err returns all problems as one error, or nil.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	all := p.list
	if p.more > 0 {
		all = append(slices.Clip(all), fmt.Errorf("and %d more", p.more))
	}
	return several(all)
}

// several are errors in one line.
type several []error

func (s several) Error() string {
	texts := make([]string, len(s))
	for i, err := range s {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (s several) Unwrap() []error { return s }

// document returns what the one document of a YAML text holds, and nil if that is
// nothing. Aliases are refused, since a few bytes of them can stand for gigabytes.
func document(text string) (*yaml.Node, error) {
	if len(text) > maxBytes {
		return nil, fmt.Errorf("more than %d bytes", maxBytes)
	}
	d := yaml.NewDecoder(strings.NewReader(text))
	var n, another yaml.Node
	if err := d.Decode(&n); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, clip.Error(err)
	}
	if err := d.Decode(&another); !errors.Is(err, io.EOF) {
		return nil, errors.New("more after the first document")
	}
	if len(n.Content) == 0 {
		return nil, nil
	}
	root := n.Content[0]
	if isNull(root) || root.Kind == yaml.ScalarNode && root.Value == "" {
		return nil, nil
	}
	return root, checkAliases(root)
}

func checkAliases(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return fmt.Errorf("line %d: anchors and aliases are not taken", n.Line)
	}
	for _, child := range n.Content {
		if err := checkAliases(child); err != nil {
			return err
		}
	}
	return nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func isText(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" }

// fields returns the values of a mapping, whose keys are among names, by these. same
// compares keys.
func (p *problems) fields(list string, n *yaml.Node, same func(a, b string) bool, names ...string) map[string]*yaml.Node {
	found := make(map[string]*yaml.Node)
	if n.Kind != yaml.MappingNode {
		p.add(list, n, "want fields and their values")
		return found
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := slices.IndexFunc(names, func(name string) bool { return isText(key) && same(name, key.Value) })
		switch {
		case at < 0:
			p.add(list, key, "unknown field %s; want %s", clip.Quote(key.Value), strings.Join(names, ", "))
		case found[names[at]] != nil:
			p.add(list, key, "%s: there twice", names[at])
		default:
			found[names[at]] = value
		}
	}
	return found
}

// text returns a field that must be there.
func (p *problems) text(list string, entry *yaml.Node, fields map[string]*yaml.Node, name string) (string, bool) {
	n := fields[name]
	switch {
	case n == nil || isNull(n):
		p.add(list, entry, "%s: required", name)
	case !isText(n):
		p.add(list, n, "%s: not a text", name)
	default:
		return n.Value, true
	}
	return "", false
}
