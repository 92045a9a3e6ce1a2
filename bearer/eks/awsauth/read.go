package awsauth

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/authnchain/authnchain/bearer/eks"
	"github.com/authnchain/authnchain/internal/clip"
)

// The keys of the ConfigMap's data.
const (
	mapRoles    = "mapRoles"
	mapUsers    = "mapUsers"
	mapAccounts = "mapAccounts"
)

// maxBytes is how long a list, or a manifest, may be. The API server takes ConfigMaps of
// 1 MiB.
const maxBytes = 2 << 20

func equal(a, b string) bool { return a == b }

// parse reads a manifest.
func parse(manifest []byte, o *Options) (*Mappings, error) {
	root, err := document(string(manifest))
	switch {
	case err != nil:
		return nil, err
	case root == nil:
		return nil, errors.New("empty")
	}
	var p problems
	const place = "manifest"
	top := p.fields(place, root, equal, "apiVersion", "kind", "metadata", "data", "immutable")
	for _, f := range [...]struct{ name, want string }{{"apiVersion", "v1"}, {"kind", "ConfigMap"}} {
		if got, ok := p.text(place, root, top, f.name); ok && got != f.want {
			p.add(place, top[f.name], "%s: want %s", f.name, f.want)
		}
	}
	data := make(map[string]string)
	if n := top["data"]; n != nil && !isNull(n) {
		lists := p.fields("data", n, equal, mapRoles, mapUsers, mapAccounts)
		for _, name := range slices.Sorted(maps.Keys(lists)) {
			data[name], _ = p.text("data", n, lists, name)
		}
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return read(data, o)
}

// read reads the data of a ConfigMap.
func read(data map[string]string, o *Options) (*Mappings, error) {
	m := &Mappings{entries: make(map[string]entry), accounts: make(map[string]bool), instance: o.PrivateDNSName}
	var p problems
	for _, key := range slices.Sorted(maps.Keys(data)) {
		root, err := document(data[key])
		switch {
		case err != nil:
			p.add(key, nil, "%w", err)
		case key != mapRoles && key != mapUsers && key != mapAccounts:
			p.add("data", nil, "unknown key %s; want %s, %s, %s", clip.Quote(key), mapRoles, mapUsers, mapAccounts)
		case root == nil:
		case root.Kind != yaml.SequenceNode:
			p.add(key, root, "not a list")
		case key == mapAccounts:
			m.addAccounts(&p, root)
		default:
			m.addEntries(&p, key, root)
		}
	}
	return m, p.err()
}

var accountForm = regexp.MustCompile(`^[0-9]{12}$`)

// addAccounts adds accounts as they are written, also without quotes, where YAML would
// take them for numbers.
func (m *Mappings) addAccounts(p *problems, list *yaml.Node) {
	for _, n := range list.Content {
		if n.Kind != yaml.ScalarNode || !accountForm.MatchString(n.Value) {
			p.add(mapAccounts, n, "not an account, which has twelve digits")
			continue
		}
		m.accounts[n.Value] = true
	}
}

func (m *Mappings) addEntries(p *problems, list string, root *yaml.Node) {
	arnField := "rolearn"
	if list == mapUsers {
		arnField = "userarn"
	}
	for _, n := range root.Content {
		fields := p.fields(list, n, strings.EqualFold, arnField, "username", "groups")
		if n.Kind != yaml.MappingNode {
			continue
		}
		e := readEntry(p, list, n, fields)
		text, ok := p.text(list, n, fields, arnField)
		if !ok {
			continue
		}
		arn, err := readARN(text, list == mapRoles)
		if err != nil {
			p.add(list, fields[arnField], "%s: %w", arnField, err)
			continue
		}
		key := strings.ToLower(arn.String())
		if other, twice := m.entries[key]; twice && !other.equal(e) {
			p.add(list, fields[arnField], "%s: there twice, with other names", arnField)
		}
		m.entries[key] = e
		if arn.Kind == eks.Role && strings.Contains(arn.Name, "/") {
			m.warnings = append(m.warnings, fmt.Sprintf("%s: line %d: rolearn: a role with a path, which matches nobody; leave the path out", list, n.Line))
		}
	}
}

// readEntry reads whom an ARN is mapped to.
func readEntry(p *problems, list string, n *yaml.Node, fields map[string]*yaml.Node) (e entry) {
	role := list == mapRoles
	var err error
	if text, ok := p.text(list, n, fields, "username"); ok {
		if e.username, err = parseTemplate(text, role); err != nil {
			p.add(list, fields["username"], "username: %w", err)
		}
	}
	groups := fields["groups"]
	switch {
	case groups == nil || isNull(groups):
		return e
	case groups.Kind != yaml.SequenceNode:
		p.add(list, groups, "groups: not a list")
		return e
	}
	for _, g := range groups.Content {
		var group template
		if err = errors.New("not a text"); isText(g) {
			group, err = parseTemplate(g.Value, role)
		}
		if err != nil {
			p.add(list, g, "groups: %w", err)
			continue
		}
		e.groups = append(e.groups, group)
	}
	return e
}

// readARN reads whom an entry is for.
func readARN(text string, role bool) (eks.ARN, error) {
	arn, err := eks.ParseARN(text)
	switch {
	case strings.ContainsAny(text, "*?"):
		return arn, errors.New("* and ? stand for nothing here")
	case err != nil:
		return arn, err
	case arn.Session != "":
		return arn, errors.New("of a session; want that of the role, arn:aws:iam::111122223333:role/Name")
	case role && arn.Kind != eks.Role:
		return arn, errors.New("not that of a role; users are in mapUsers")
	case !role && arn.Kind == eks.Role:
		return arn, errors.New("that of a role; roles are in mapRoles")
	}
	return arn, nil
}
