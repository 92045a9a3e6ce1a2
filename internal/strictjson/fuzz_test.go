package strictjson_test

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/strictjson"
)

// FuzzParse compares with encoding/json. Parse takes exactly the objects that
// encoding/json takes and that have nothing in them which the package refuses
// by its documentation; and it reads the same members.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "[]", "null", `{"a":1}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a":1,"A":2}`, `{"a":{"b":1,"b":2}}`, `{"a":[{"b":1,"b":2}]}`,
		`{"a":"\ud83d\ude00"}`, `{"a":"\ud83d"}`, `{"a":"\ude00\ud83d"}`, `{"a":"\ud83d\ud83d\ude00"}`, `{"a":"\\ud83d"}`, `{"\ud83d":1}`, "{\"a\":\"\xff\"}", "{\"a\":\"\ufffd\"}",
		`{"a":-0.0e+1}`, `{"a":01}`, `{"a":1.}`, `{"a":1e}`, `{"a":-}`, `{"a":truefalse}`, `{"a":nul}`, " {\r\n\t} ", "{}x", "{}\x00", "\ufeff{}", `{"a":1,}`, `{"a":[1,]}`,
		`{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + "}", `{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + "}",
		"{" + members(24, "m") + `"m0":1}`, "{" + members(25, "m") + `"m24":1}`, "{" + members(26, "m") + `"x":{"m0":1,"m0":1}}`,
		`{"iss":"https://login.example.com","aud":["a","b"],"exp":1767272400,"groups":[],"x":{"y":null}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := strictjson.Parse(text)
		_, shallowErr := strictjson.ParseShallow(text)
		object := json.Valid([]byte(text)) && strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{")
		fine := object && utf8.ValidString(text) && !hasLoneSurrogate(text)
		deep, duplicateFirst, duplicate := walk(t, text, fine)
		require.Equal(t, fine && !deep && !duplicate, err == nil, "%v", err)
		require.Equal(t, fine && !deep && !duplicateFirst, shallowErr == nil, "%v", shallowErr)
		mustPointInto(t, text, err)
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(text), &want))
		require.Len(t, got, len(want))
		for _, m := range got {
			require.Equal(t, string(want[m.Name]), string(m.Value))
			mustAgree(t, m.Value)
		}
	})
}

// mustPointInto checks the offset of an error.
func mustPointInto(t *testing.T, text string, err error) {
	t.Helper()
	if err == nil || err.Error() == "not a JSON object" {
		return
	}
	digits, _, found := strings.Cut(strings.TrimPrefix(err.Error(), "offset "), ": ")
	require.True(t, found, err)
	offset, convErr := strconv.Atoi(digits)
	require.NoError(t, convErr)
	require.GreaterOrEqual(t, offset, 0)
	require.LessOrEqual(t, offset, len(text))
}

// mustAgree checks that the methods of v read what encoding/json reads.
func mustAgree(t *testing.T, v strictjson.Value) {
	t.Helper()
	var want any
	decoder := json.NewDecoder(strings.NewReader(string(v)))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&want))
	mustDecode(t, v)
	text, textErr := v.Text()
	items, itemsErr := v.Items()
	members, objectErr := v.Object()
	b, boolErr := v.Bool()
	_, isNumber := want.(json.Number)
	require.Equal(t, want == nil, v.Null())
	require.Equal(t, isNumber, v.IsNumber())
	switch want := want.(type) {
	case string:
		require.NoError(t, textErr)
		require.Equal(t, want, text)
	case bool:
		require.NoError(t, boolErr)
		require.Equal(t, want, b)
	case []any:
		require.NoError(t, itemsErr)
		require.Len(t, items, len(want))
		for _, item := range items {
			mustAgree(t, item)
		}
	case map[string]any:
		require.NoError(t, objectErr)
		require.Len(t, members, len(want))
	case json.Number:
		n, err := want.Int64()
		if got, gotErr := v.Int(); err == nil {
			require.NoError(t, gotErr)
			require.Equal(t, n, got)
		}
	}
}

// mustDecode checks that Any reads what encoding/json reads into an any.
func mustDecode(t *testing.T, v strictjson.Value) {
	t.Helper()
	var want any
	wantErr := json.Unmarshal([]byte(v), &want)
	got, err := v.Any()
	require.Equal(t, wantErr == nil, err == nil, "%v, %v", wantErr, err)
	if err == nil {
		require.Equal(t, want, got)
	}
}

// walk reports whether a text, which is valid if fine, is too deep and whether
// a name is there twice, in the first object or in any.
func walk(t *testing.T, text string, fine bool) (deep, duplicateFirst, duplicate bool) {
	if !fine {
		return false, false, false
	}
	type level struct {
		names   map[string]bool // nil: a list
		isValue bool
	}
	var open []*level
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return deep, duplicateFirst, duplicate
		}
		require.NoError(t, err)
		var top *level
		if len(open) > 0 {
			top = open[len(open)-1]
		}
		if name, ok := token.(string); ok && top != nil && top.names != nil && !top.isValue {
			duplicate = duplicate || top.names[name]
			duplicateFirst = duplicateFirst || len(open) == 1 && top.names[name]
			top.names[name], top.isValue = true, true
			continue
		}
		if top != nil {
			top.isValue = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, &level{names: map[string]bool{}})
		case json.Delim('['):
			open = append(open, &level{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		deep = deep || len(open) > strictjson.MaxDepth
	}
}

// hasLoneSurrogate reports whether valid JSON has an escape for half a
// character.
func hasLoneSurrogate(text string) bool {
	unit := func(i int) rune {
		if i+6 > len(text) || text[i] != '\\' || text[i+1] != 'u' {
			return -1
		}
		n, err := strconv.ParseUint(text[i+2:i+6], 16, 16)
		if err != nil {
			return -1
		}
		return rune(n)
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if u := unit(i); utf16.IsSurrogate(u) {
			if utf16.DecodeRune(u, unit(i+6)) == utf8.RuneError {
				return true
			}
			i += 6
		}
		i++
	}
	return false
}
