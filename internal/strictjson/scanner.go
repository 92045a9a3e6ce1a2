package strictjson

import (
	"errors"
	"fmt"

	"github.com/authnchain/authnchain/internal/clip"
)

// scanner reads a text from pos on.
type scanner struct {
	text    string
	pos     int
	depth   int
	shallow bool
	members []Member        // of the outermost object
	spare   map[string]bool // empty, for the next object with many names; may be nil
}

// fewNames is up to how many names comparing each with all is faster than a map.
const fewNames = 24

func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) blanks() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

var (
	errEnd    = errors.New("the text ends too early")
	errSyntax = errors.New("not valid JSON")
	errDepth  = fmt.Errorf("more than %d levels deep", MaxDepth)

	errMembers = fmt.Errorf("more than %d members", MaxMembers)
)

func (s *scanner) unexpected() error {
	if s.pos >= len(s.text) {
		return errEnd
	}
	return errSyntax
}

func (s *scanner) value() error {
	switch c := s.peek(); {
	case c == '"':
		_, err := s.str()
		return err
	case c == '{':
		return s.object()
	case c == '[':
		return s.array()
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return s.unexpected()
}

func (s *scanner) enter() error {
	s.pos++
	if s.depth++; s.depth > MaxDepth {
		return errDepth
	}
	s.blanks()
	return nil
}

// next reads the comma or the closing bracket after an item, and reports whether
// it was the bracket.
func (s *scanner) next(closing byte) (bool, error) {
	s.blanks()
	switch s.peek() {
	case closing:
		s.pos++
		s.depth--
		return true, nil
	case ',':
		s.pos++
		s.blanks()
		return false, nil
	}
	return false, s.unexpected()
}

func (s *scanner) array() error {
	if err := s.enter(); err != nil {
		return err
	}
	if s.peek() == ']' {
		s.pos++
		s.depth--
		return nil
	}
	for {
		if err := s.value(); err != nil {
			return err
		}
		if done, err := s.next(']'); done || err != nil {
			return err
		}
	}
}

func (s *scanner) object() error {
	if err := s.enter(); err != nil {
		return err
	}
	if s.peek() == '}' {
		s.pos++
		s.depth--
		return nil
	}
	outermost := s.depth == 1
	var seen nameSet
	for n := 0; ; n++ {
		if n == MaxMembers {
			return errMembers
		}
		if s.peek() != '"' {
			return s.unexpected()
		}
		name, err := s.str()
		if err != nil {
			return err
		}
		if (outermost || !s.shallow) && !seen.add(s, name) {
			return fmt.Errorf("duplicate member %s", clip.Quote(name))
		}
		s.blanks()
		if s.peek() != ':' {
			return s.unexpected()
		}
		s.pos++
		s.blanks()
		start := s.pos
		if err := s.value(); err != nil {
			return err
		}
		if outermost {
			s.members = append(s.members, Member{name, Value(s.text[start:s.pos])})
		}
		if done, err := s.next('}'); done || err != nil {
			if seen.many != nil && len(seen.many) <= 8*fewNames { // a large one takes long to clear
				clear(seen.many)
				s.spare = seen.many
			}
			return err
		}
	}
}

// nameSet is the names of one object: in an array, so that they are on the stack, and
// in a map once they are many. MaxDepth of them are some 40 KB of it.
type nameSet struct {
	few  [fewNames]string
	n    int // how many few are
	many map[string]bool
}

// add reports whether name is new.
func (n *nameSet) add(s *scanner, name string) bool {
	if n.many != nil {
		if n.many[name] {
			return false
		}
		n.many[name] = true
		return true
	}
	for _, other := range n.few[:n.n] {
		if other == name {
			return false
		}
	}
	if n.n < fewNames {
		n.few[n.n] = name
		n.n++
		return true
	}
	if n.many, s.spare = s.spare, nil; n.many == nil {
		n.many = make(map[string]bool, 4*fewNames)
	}
	for _, other := range n.few {
		n.many[other] = true
	}
	n.many[name] = true
	return true
}

func (s *scanner) literal(word string) error {
	if end := s.pos + len(word); end <= len(s.text) && s.text[s.pos:end] == word {
		s.pos = end
		return nil
	}
	return errSyntax
}

// number reads a number (RFC 8259, section 6).
func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return s.unexpected()
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return s.unexpected()
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return s.unexpected()
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	start := s.pos
	for c := s.peek(); '0' <= c && c <= '9'; c = s.peek() {
		s.pos++
	}
	return s.pos > start
}
