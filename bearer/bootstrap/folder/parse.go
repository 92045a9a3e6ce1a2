package folder

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/authnchain/authnchain/bearer/bootstrap"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/follow"
)

const namespace = "kube-system"

// set is what has been read: Secrets by their names, and where each one was.
type set struct {
	secrets map[string]*bootstrap.Secret
	places  map[string]string
}

// parse returns the Secrets of all files by their names.
func parse(files []follow.Entry) (map[string]*bootstrap.Secret, error) {
	all := set{map[string]*bootstrap.Secret{}, map[string]string{}}
	for _, file := range files {
		if err := all.addFile(file); err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name, err)
		}
	}
	return all.secrets, nil
}

func (s set) addFile(file follow.Entry) error {
	decode := decodeYAML
	if filepath.Ext(file.Name) == ".json" {
		decode = decodeJSON
	}
	documents, err := decode(file.Data)
	if err != nil {
		return err
	}
	empty := true
	for i, document := range documents {
		if document == nil {
			continue
		}
		empty = false
		if err := s.addDocument(document, fmt.Sprintf("%s, document %d", file.Name, i+1)); err != nil {
			return fmt.Errorf("document %d: %w", i+1, err)
		}
	}
	if empty {
		return errors.New("there is no Secret in it")
	}
	return nil
}

// addDocument adds a Secret, or a List of some.
func (s set) addDocument(document any, place string) error {
	object, ok := document.(map[string]any)
	if !ok {
		return errors.New("not an object")
	}
	if object["kind"] != "List" || object["apiVersion"] != "v1" {
		return s.add(object, place)
	}
	if err := known(object, "apiVersion", "kind", "metadata", "items"); err != nil {
		return err
	}
	items, ok := object["items"].([]any)
	if !ok {
		return errors.New("items is not a list")
	}
	for i, item := range items {
		object, ok := item.(map[string]any)
		err := errors.New("not an object")
		if ok {
			err = s.add(object, fmt.Sprintf("%s, item %d", place, i+1))
		}
		if err != nil {
			return fmt.Errorf("item %d: %w", i+1, err)
		}
	}
	return nil
}

func (s set) add(object map[string]any, place string) error {
	name, secret, err := secretOf(object)
	if err != nil {
		return err
	}
	if err := secret.Check(name); err != nil {
		return err
	}
	if other, twice := s.places[name]; twice {
		return fmt.Errorf("%s is in %s too", name, other)
	}
	s.secrets[name], s.places[name] = secret, place
	return nil
}

// secretOf reads a Secret and its name.
func secretOf(object map[string]any) (string, *bootstrap.Secret, error) {
	for _, field := range [][2]string{{"apiVersion", "v1"}, {"kind", "Secret"}} {
		if got, _ := object[field[0]].(string); got != field[1] {
			return "", nil, fmt.Errorf("%s is %s, not %s", field[0], clip.Quote(got), field[1])
		}
	}
	if err := known(object, "apiVersion", "kind", "metadata", "type", "data", "stringData", "immutable"); err != nil {
		return "", nil, err
	}
	metadata, ok := object["metadata"].(map[string]any)
	if !ok {
		return "", nil, errors.New("metadata is not an object")
	}
	if ns, given := metadata["namespace"]; given && ns != namespace {
		return "", nil, errors.New("metadata: namespace is not " + namespace)
	}
	data, err := dataOf(object)
	if err != nil {
		return "", nil, err
	}
	name, _ := metadata["name"].(string)
	kind, _ := object["type"].(string)
	return name, &bootstrap.Secret{Type: kind, Data: data, Deleted: metadata["deletionTimestamp"] != nil}, nil
}

// known refuses fields that are not among these: one may be another that is misspelt.
func known(object map[string]any, fields ...string) error {
	for _, field := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(fields, field) {
			return fmt.Errorf("unknown field %s", clip.Quote(field))
		}
	}
	return nil
}

// dataOf returns what data and stringData hold. Kubernetes has the latter win.
func dataOf(object map[string]any) (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, field := range []string{"data", "stringData"} {
		if object[field] == nil {
			continue
		}
		values, ok := object[field].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s is not an object", field)
		}
		for _, key := range slices.Sorted(maps.Keys(values)) {
			value, err := valueOf(field, key, values[key])
			if err == nil && all[key] != nil {
				err = errors.New("it is in data too")
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", field, clip.Quote(key), err)
			}
			all[key] = value
		}
	}
	return all, nil
}

// valueOf decodes a value, and refuses that of a key that no bootstrap token has.
func valueOf(field, key string, value any) ([]byte, error) {
	switch key {
	case "token-id", "token-secret", "expiration", "description", "auth-extra-groups":
	default:
		if !strings.HasPrefix(key, "usage-bootstrap-") {
			return nil, errors.New("no bootstrap token has this")
		}
	}
	text, ok := value.(string)
	if !ok {
		return nil, errors.New("not a string; put it in quotes")
	}
	if field == "stringData" {
		return append([]byte{}, text...), nil
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("not base64")
	}
	return decoded, nil
}
