package strictjson

import (
	"errors"
	"math"
	"strconv"
)

// Missing reports whether the member that v is of is not there.
func (v Value) Missing() bool { return v == "" }

// Null reports whether v is null or missing.
func (v Value) Null() bool { return v == "" || v == "null" }

// IsString reports whether v is a string.
func (v Value) IsString() bool { return v != "" && v[0] == '"' }

// IsNumber reports whether v is a number.
func (v Value) IsNumber() bool { return v != "" && (v[0] == '-' || '0' <= v[0] && v[0] <= '9') }

// Text returns what v says, if it is a string.
func (v Value) Text() (string, error) {
	if v.Missing() {
		return "", errors.New("missing")
	}
	if !v.IsString() {
		return "", errors.New("not a string")
	}
	s := scanner{text: string(v)}
	return s.str()
}

// Texts returns the items of v, if it is an array of strings.
func (v Value) Texts() ([]string, error) { return v.TextsUpTo(math.MaxInt) }

// TextsUpTo is [Value.Texts] of an array that must have no more than n items.
func (v Value) TextsUpTo(n int) ([]string, error) {
	return collect(v, n, func(s *scanner) (string, error) {
		if s.peek() != '"' {
			return "", errNotString
		}
		return s.str()
	})
}

var errNotString = errors.New("not a string")

// Items returns the items of v, if it is an array.
func (v Value) Items() ([]Value, error) { return v.ItemsUpTo(math.MaxInt) }

// ItemsUpTo is [Value.Items] of an array that must have no more than n items, and
// costs no more than as many if it has.
func (v Value) ItemsUpTo(n int) ([]Value, error) {
	return collect(v, n, func(s *scanner) (Value, error) {
		start := s.pos
		err := s.value()
		return Value(s.text[start:s.pos]), err
	})
}

// collect returns what read makes of each item of v, of which there may be n.
func collect[T any](v Value, n int, read func(*scanner) (T, error)) ([]T, error) {
	if v == "" || v[0] != '[' {
		return nil, errors.New("not a list")
	}
	s := scanner{text: string(v), shallow: true} // v has been checked
	if err := s.enter(); err != nil {
		return nil, err
	}
	items := make([]T, 0, min(n, 1+len(v)/8))
	for done := s.peek() == ']'; !done; {
		if len(items) == n {
			return nil, errors.New("more than " + strconv.Itoa(n))
		}
		item, err := read(&s)
		if errors.Is(err, errNotString) {
			return nil, errors.New("item " + strconv.Itoa(len(items)) + " of the list is not a string")
		}
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if done, err = s.next(']'); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// Bool returns v, if it is true or false.
func (v Value) Bool() (bool, error) {
	switch v {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errors.New("not true or false")
}

// Int returns v rounded down, if it is a number that then fits.
func (v Value) Int() (int64, error) {
	if !v.IsNumber() {
		return 0, errors.New("not a number")
	}
	if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || f < math.MinInt64 || f >= math.MaxInt64 {
		return 0, errors.New("out of range")
	}
	return int64(math.Floor(f)), nil
}

// Object returns the members of v, if it is an object.
func (v Value) Object() (Object, error) {
	if v == "" || v[0] != '{' {
		return nil, errors.New("not an object")
	}
	return Parse(string(v))
}

// Any returns v as encoding/json decodes it into an empty interface: nil, a bool,
// a float64, a string, a []any or a map[string]any. A number that no float64
// holds is an error.
func (v Value) Any() (any, error) {
	switch {
	case v == "":
		return nil, errors.New("missing")
	case v.IsString():
		return v.Text()
	case v.IsNumber():
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return nil, errors.New("a number out of range")
		}
		return f, nil
	case v[0] == '[':
		return v.anyItems()
	case v[0] == '{':
		return v.anyMembers()
	case v == "null":
		return nil, nil
	}
	return v.Bool()
}

func (v Value) anyItems() (any, error) {
	items, err := v.Items()
	if err != nil {
		return nil, err
	}
	list := make([]any, len(items))
	for i, item := range items {
		if list[i], err = item.Any(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (v Value) anyMembers() (any, error) {
	members, err := parse(string(v), true) // its depths have been checked
	if err != nil {
		return nil, err
	}
	object := make(map[string]any, len(members))
	for _, m := range members {
		if object[m.Name], err = m.Value.Any(); err != nil {
			return nil, err
		}
	}
	return object, nil
}
