package strictjson

import (
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	errControl   = errors.New("a control character in a string")
	errUTF8      = errors.New("not valid UTF-8")
	errEscape    = errors.New("an invalid escape in a string")
	errSurrogate = errors.New("a lone surrogate in a string")
)

// str reads a string and returns it unescaped. Without escapes it is a part of
// the text and not a copy.
func (s *scanner) str() (string, error) {
	start := s.pos + 1
	for i := start; i < len(s.text); {
		switch c := s.text[i]; {
		case c == '"':
			s.pos = i + 1
			return s.text[start:i], nil
		case c == '\\':
			s.pos = i
			return s.escaped([]byte(s.text[start:i]))
		case c < ' ':
			s.pos = i
			return "", errControl
		case c < utf8.RuneSelf:
			i++
		default:
			_, size := utf8.DecodeRuneInString(s.text[i:])
			if size == 1 {
				s.pos = i
				return "", errUTF8
			}
			i += size
		}
	}
	s.pos = len(s.text)
	return "", errEnd
}

// escaped reads the rest of a string, from its first escape on, after what has
// been read of it.
func (s *scanner) escaped(read []byte) (string, error) {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return string(read), nil
		case c == '\\':
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			read = utf8.AppendRune(read, r)
		case c < ' ':
			return "", errControl
		default:
			r, size := utf8.DecodeRuneInString(s.text[s.pos:])
			if r == utf8.RuneError && size == 1 {
				return "", errUTF8
			}
			read = append(read, s.text[s.pos:s.pos+size]...)
			s.pos += size
		}
	}
	return "", errEnd
}

// escape reads one escape (RFC 8259, section 7), which may be two of \u for one
// character.
func (s *scanner) escape() (rune, error) {
	s.pos++
	c := s.peek()
	s.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return s.unicode()
	}
	s.pos -= 2
	return 0, errEscape
}

func (s *scanner) unicode() (rune, error) {
	high, err := s.hex4()
	if err != nil || !utf16.IsSurrogate(high) {
		return high, err
	}
	if s.pos+1 >= len(s.text) || s.text[s.pos:s.pos+2] != `\u` {
		return 0, errSurrogate
	}
	s.pos += 2
	low, err := s.hex4()
	if err != nil {
		return 0, err
	}
	r := utf16.DecodeRune(high, low)
	if r == utf8.RuneError {
		return 0, errSurrogate
	}
	return r, nil
}

func (s *scanner) hex4() (rune, error) {
	if s.pos+4 > len(s.text) {
		return 0, errEscape
	}
	var r rune
	for _, c := range []byte(s.text[s.pos : s.pos+4]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, errEscape
		}
		r = r<<4 | rune(c)
	}
	s.pos += 4
	return r, nil
}
