package expressions

import (
	"errors"
	"fmt"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"k8s.io/apiserver/pkg/authentication/user"
)

var (
	userInfoType = ObjectType("kubernetes.UserInfo")
	userInfo     = []string{"username", "uid", "groups", "extra"}
)

// UserValue is the variable "user".
func UserValue(u user.Info) traits.Mapper {
	return NewObject(userInfoType, userInfo, func(name string) ref.Val {
		switch name {
		case "username":
			return types.String(u.GetName())
		case "uid":
			return types.String(u.GetUID())
		case "groups":
			return ToCEL(u.GetGroups())
		default:
			return ToCEL(u.GetExtra())
		}
	})
}

// ToCEL returns a value of Go, such as encoding/json decodes.
func ToCEL(v any) ref.Val { return unescaping(types.DefaultTypeAdapter.NativeToValue(v)) }

// unescaping returns v such that its members are found by the names that
// expressions have for those that are no identifiers: "a__dot__b" for "a.b".
func unescaping(v ref.Val) ref.Val {
	switch v := v.(type) {
	case traits.Mapper:
		return &unescapingMap{v}
	case traits.Lister:
		return &unescapingList{v}
	}
	return v
}

type unescapingMap struct{ traits.Mapper }

// Find implements [traits.Mapper].
func (m *unescapingMap) Find(key ref.Val) (ref.Val, bool) {
	if escaped, ok := key.(types.String); ok {
		if name, ok := unescape(string(escaped)); ok && name != string(escaped) {
			key = types.String(name)
		}
	}
	v, ok := m.Mapper.Find(key)
	return unescaping(v), ok
}

type unescapingList struct{ traits.Lister }

// Get implements [traits.Lister].
func (l *unescapingList) Get(index ref.Val) ref.Val { return unescaping(l.Lister.Get(index)) }

var (
	errNotText  = errors.New("the expression must return a string")
	errNotTexts = errors.New("the expression must return a string or a list of strings")
	errSplit    = errors.New("the expression must return a string or a list of strings, which what split and findAll return is not to kube-apiserver; .map(x, x) after it makes it one")
	errNotBool  = errors.New("the expression must return true or false")
)

// TextOf returns a string. It may share memory with what the expression was about.
func TextOf(v ref.Val) (string, error) {
	if text, ok := v.(types.String); ok {
		return string(text), nil
	}
	return "", errNotText
}

// TextsOf returns the strings of a string or a list of them. Those that are empty
// count as absent, and so does null in the place of all.
func TextsOf(v ref.Val) ([]string, error) {
	switch v := v.(type) {
	case types.Null:
		return nil, nil
	case types.String:
		return appendText(nil, string(v)), nil
	case traits.Lister:
		return itemsOf(v)
	}
	return nil, errNotTexts
}

// itemsOf returns the strings of a list that holds values of any type. Lists of
// strings alone, as split gives them, are none to kube-apiserver, which may be a
// mistake of its own.
func itemsOf(list traits.Lister) (texts []string, err error) {
	if size, ok := list.Size().(types.Int); !ok || size > maxItems {
		return nil, fmt.Errorf("the expression must not return more than %d strings", maxItems)
	}
	switch items := list.Value().(type) {
	case []any:
		for _, item := range items {
			if texts, err = appendItem(texts, item); err != nil {
				return nil, err
			}
		}
	case []ref.Val:
		for _, item := range items {
			if texts, err = appendItem(texts, item.Value()); err != nil {
				return nil, err
			}
		}
	default:
		return nil, errSplit
	}
	return texts, nil
}

// maxItems is how many strings a list may have. A token of a megabyte has no more.
const maxItems = 1 << 18

func appendItem(texts []string, item any) ([]string, error) {
	text, ok := item.(string)
	if !ok {
		return nil, errNotTexts
	}
	return appendText(texts, text), nil
}

func appendText(texts []string, text string) []string {
	if text == "" {
		return texts
	}
	return append(texts, text)
}
