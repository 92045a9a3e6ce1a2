// Package strictjson reads JSON objects (RFC 8259) from sources that are not
// trusted, in one pass and without copying what has no escapes in it.
//
// It takes what encoding/json takes less what two readers could understand
// differently: duplicate member names, at any depth and after unescaping; text
// that is not UTF-8; lone surrogates; anything after the object; more than
// [MaxDepth] levels, or [MaxMembers] members of one object. Names are matched to the
// letter, case included.
package strictjson

import (
	"errors"
	"fmt"
)

// MaxDepth is how many objects and arrays may stand one in the other.
const MaxDepth = 64

// MaxMembers is how many members an object may have. Each costs a hundred bytes of
// memory, however short it is.
const MaxMembers = 1 << 14

// Value is the text of one valid JSON value, without blanks around it. The empty
// Value stands for a member that is not there.
type Value string

// Member is a member of an object.
type Member struct {
	Name  string // unescaped
	Value Value
}

// Object is the members of a JSON object, in their order.
type Object []Member

// Parse reads text that is one object, blanks around it aside. What was read of
// an object that is not valid is returned with the error, for those who must
// know whose it claims to be.
func Parse(text string) (Object, error) { return parse(text, false) }

// ParseShallow is [Parse] without the check for duplicate names in objects below
// the first, for documents whose parts are checked one by one.
func ParseShallow(text string) (Object, error) { return parse(text, true) }

func parse(text string, shallow bool) (Object, error) {
	s := scanner{text: text, shallow: shallow, members: make([]Member, 0, typical(len(text)))}
	s.blanks()
	if s.peek() != '{' {
		return nil, errors.New("not a JSON object")
	}
	err := s.object()
	if err == nil {
		s.blanks()
		if s.pos < len(text) {
			err = errors.New("more after the object")
		}
	}
	if err != nil {
		return s.members, fmt.Errorf("offset %d: %w", s.pos, err)
	}
	return s.members, nil
}

// typical is how many members, or items, that many bytes hold at the most likely.
func typical(bytes int) int { return min(4+bytes/32, 32) }

// Get returns the value of the member called name, or "".
func (o Object) Get(name string) Value {
	for i := range o {
		if o[i].Name == name {
			return o[i].Value
		}
	}
	return ""
}
