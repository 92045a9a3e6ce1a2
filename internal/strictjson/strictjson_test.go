package strictjson_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/strictjson"
)

type object = strictjson.Object

func TestParse(t *testing.T) {
	for text, want := range map[string]object{
		`{}`:                              {},
		" \t\r\n{ \t\r\n} \t\r\n":         {},
		`{"a":1}`:                         {{"a", "1"}},
		` { "a" : 1 , "b" : [ 1 ] }`:      {{"a", "1"}, {"b", "[ 1 ]"}},
		`{"b":1,"a":2}`:                   {{"b", "1"}, {"a", "2"}},
		`{"a":1,"A":2}`:                   {{"a", "1"}, {"A", "2"}},
		`{"":null}`:                       {{"", "null"}},
		`{"a":true,"b":false}`:            {{"a", "true"}, {"b", "false"}},
		`{"a":-0.0e+10}`:                  {{"a", "-0.0e+10"}},
		`{"a":1E400}`:                     {{"a", "1E400"}},
		`{"\u0061\n":1}`:                  {{"a\n", "1"}},
		`{"\"\\\/\b\f\n\r\t":1}`:          {{"\"\\/\b\f\n\r\t", "1"}},
		`{"\ud83d\ude00":"\uD83D\uDE00"}`: {{"😀", `"\uD83D\uDE00"`}},
		`{"😀":"é"}`:                       {{"😀", `"é"`}},
		`{"\u00e9":1,"e\u0301":2}`:        {{"é", "1"}, {"e\u0301", "2"}},
		`{"\u0000":1}`:                    {{"\x00", "1"}},
		`{"\ufffd":1}`:                    {{"\ufffd", "1"}},
		"{\"\ufffd\":\"\ufffd\"}":         {{"\ufffd", "\"\ufffd\""}},
		"{\"\u007f\u2028\":1}":            {{"\u007f\u2028", "1"}},
		`{"a":{"a":{"a":1}}}`:             {{"a", `{"a":{"a":1}}`}},
		`{"a":[{"b":1},{"b":1}]}`:         {{"a", `[{"b":1},{"b":1}]`}},
		`{"a":{},"b":[],"c":[[]]}`:        {{"a", "{}"}, {"b", "[]"}, {"c", "[[]]"}},
	} {
		t.Run(text, func(t *testing.T) {
			for name, parse := range map[string]func(string) (object, error){"Parse": strictjson.Parse, "ParseShallow": strictjson.ParseShallow} {
				got, err := parse(text)
				require.NoError(t, err, name)
				require.ElementsMatch(t, want, got, name)
				for i := range want {
					require.Equal(t, want[i], got[i], name)
					require.Equal(t, want[i].Value, got.Get(want[i].Name), name)
				}
			}
		})
	}
}

// Where it went wrong, and what had been read until then.
func TestParseErrors(t *testing.T) {
	tests := []struct {
		text, want string
		read       int // members
	}{
		{``, "not a JSON object", 0},
		{`  `, "not a JSON object", 0},
		{`[]`, "not a JSON object", 0},
		{`null`, "not a JSON object", 0},
		{`"a"`, "not a JSON object", 0},
		{"\ufeff{}", "not a JSON object", 0},
		{"\v{}", "not a JSON object", 0},
		{"\u00a0{}", "not a JSON object", 0},
		{`{`, "offset 1: the text ends too early", 0},
		{`{"a`, "offset 3: the text ends too early", 0},
		{`{"a"`, "offset 4: the text ends too early", 0},
		{`{"a":`, "offset 5: the text ends too early", 0},
		{`{"a":1`, "offset 6: the text ends too early", 1},
		{`{"a":1,`, "offset 7: the text ends too early", 1},
		{`{"a":[`, "offset 6: the text ends too early", 0},
		{`{"a":[1`, "offset 7: the text ends too early", 0},
		{`{"a":-`, "offset 6: the text ends too early", 0},
		{`{"a":1.`, "offset 7: the text ends too early", 0},
		{`{"a":1e`, "offset 7: the text ends too early", 0},
		{`{"a":"\`, "offset 6: an invalid escape in a string", 0},
		{`{"a":"\u12`, "offset 8: an invalid escape in a string", 0},
		{`{}x`, "offset 2: more after the object", 0},
		{`{}{}`, "offset 2: more after the object", 0},
		{"{}\x00", "offset 2: more after the object", 0},
		{`{"a":1}]`, "offset 7: more after the object", 1},
		{`{,}`, "offset 1: not valid JSON", 0},
		{`{"a":1,}`, "offset 7: not valid JSON", 1},
		{`{"a":1 "b":2}`, "offset 7: not valid JSON", 1},
		{`{"a",1}`, "offset 4: not valid JSON", 0},
		{`{"a"::1}`, "offset 5: not valid JSON", 0},
		{`{a:1}`, "offset 1: not valid JSON", 0},
		{`{'a':1}`, "offset 1: not valid JSON", 0},
		{`{1:1}`, "offset 1: not valid JSON", 0},
		{`{"a":[1,]}`, "offset 8: not valid JSON", 0},
		{`{"a":[,1]}`, "offset 6: not valid JSON", 0},
		{`{"a":[1}`, "offset 7: not valid JSON", 0},
		{`{"a":01}`, "offset 6: not valid JSON", 1},
		{`{"a":-01}`, "offset 7: not valid JSON", 1},
		{`{"a":+1}`, "offset 5: not valid JSON", 0},
		{`{"a":.5}`, "offset 5: not valid JSON", 0},
		{`{"a":1.}`, "offset 7: not valid JSON", 0},
		{`{"a":1e+}`, "offset 8: not valid JSON", 0},
		{`{"a":0x1}`, "offset 6: not valid JSON", 1},
		{`{"a":NaN}`, "offset 5: not valid JSON", 0},
		{`{"a":Infinity}`, "offset 5: not valid JSON", 0},
		{`{"a":nul}`, "offset 5: not valid JSON", 0},
		{`{"a":nulll}`, "offset 9: not valid JSON", 1},
		{`{"a":True}`, "offset 5: not valid JSON", 0},
		{`{"a":1}//`, "offset 7: more after the object", 1},
		{`{/**/"a":1}`, "offset 1: not valid JSON", 0},
		{"{\"a\x00\":1}", "offset 3: a control character in a string", 0},
		{"{\"a\":\"\n\"}", "offset 6: a control character in a string", 0},
		{"{\"a\":\"\\n\x1f\"}", "offset 8: a control character in a string", 0},
		{"{\"\xff\":1}", "offset 2: not valid UTF-8", 0},
		{"{\"a\":\"x\xc3\"}", "offset 7: not valid UTF-8", 0},
		{"{\"a\":\"\\n\xc3\"}", "offset 8: not valid UTF-8", 0},
		{"{\"a\":\"\xc0\xaf\"}", "offset 6: not valid UTF-8", 0},
		{"{\"a\":\"\xed\xa0\x80\"}", "offset 6: not valid UTF-8", 0},
		{"{\"a\":\"\xf4\x90\x80\x80\"}", "offset 6: not valid UTF-8", 0},
		{"{\"a\":1\xff}", "offset 6: not valid JSON", 1},
		{`{"a":"\x"}`, "offset 6: an invalid escape in a string", 0},
		{`{"a":"\'"}`, "offset 6: an invalid escape in a string", 0},
		{`{"a":"\U0041"}`, "offset 6: an invalid escape in a string", 0},
		{`{"a":"\u004g"}`, "offset 8: an invalid escape in a string", 0},
		{`{"a":"\ud800"}`, "offset 12: a lone surrogate in a string", 0},
		{`{"a":"\udc00"}`, "offset 12: a lone surrogate in a string", 0},
		{`{"a":"\ud800x"}`, "offset 12: a lone surrogate in a string", 0},
		{`{"a":"\ud800\n"}`, "offset 12: a lone surrogate in a string", 0},
		{`{"a":"\ud800\ud800"}`, "offset 18: a lone surrogate in a string", 0},
		{`{"a":"\udc00\ud800"}`, "offset 18: a lone surrogate in a string", 0},
		{`{"a":1,"a":1}`, `offset 10: duplicate member "a"`, 1},
		{`{"a":1,"\u0061":2}`, `offset 15: duplicate member "a"`, 1},
		{`{"":1,"":1}`, `offset 8: duplicate member ""`, 1},
		{`{"b":0,"a":{"x":1,"x":1}}`, `offset 21: duplicate member "x"`, 1},
		{`{"a":[{"x":[{"y":1,"y":1}]}]}`, `offset 22: duplicate member "y"`, 0},
		{`{"a":{"b":1},"b":{"b":1},"a":1}`, `offset 28: duplicate member "a"`, 2},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := strictjson.Parse(tt.text)
			require.EqualError(t, err, tt.want)
			require.Len(t, got, tt.read)
		})
	}
}

// Names below the first object may be there twice for ParseShallow, and only
// those.
func TestParseShallow(t *testing.T) {
	got, err := strictjson.ParseShallow(`{"a":{"x":1,"x":2},"b":[{"x":1,"x":2}]}`)
	require.NoError(t, err)
	require.Equal(t, object{{"a", `{"x":1,"x":2}`}, {"b", `[{"x":1,"x":2}]`}}, got)
	_, err = got.Get("a").Object()
	require.EqualError(t, err, `offset 10: duplicate member "x"`)
	_, err = strictjson.ParseShallow(`{"a":1,"a":2}`)
	require.EqualError(t, err, `offset 10: duplicate member "a"`)
}

func TestMaxDepth(t *testing.T) {
	nested := func(open, inner, closing string, depth int) string {
		return strings.Repeat(open, depth) + inner + strings.Repeat(closing, depth)
	}
	for _, shape := range [][3]string{{"[", "", "]"}, {`{"a":`, "1", "}"}, {`[{"a":`, "[]", "}]"}} {
		levels := strings.Count(shape[0], "[") + strings.Count(shape[0], "{")
		inner := strings.Count(shape[1], "[")
		depth := (strictjson.MaxDepth - 1 - inner) / levels
		_, err := strictjson.Parse(`{"a":` + nested(shape[0], shape[1], shape[2], depth) + `}`)
		require.NoError(t, err)
		for _, more := range []int{1, 2, 100_000} {
			_, err = strictjson.Parse(`{"a":` + nested(shape[0], shape[1], shape[2], depth+more) + `}`)
			require.ErrorContains(t, err, ": more than 64 levels deep")
		}
	}
	// Depth is not length: many beside each other are fine.
	_, err := strictjson.Parse(`{"a":[` + strings.Repeat("[[]],", 1000) + `{}]}`)
	require.NoError(t, err)
}

// Duplicates are found however many names there are, and wherever they are.
func TestManyNames(t *testing.T) {
	for _, n := range []int{1, 2, 23, 24, 25, 26, 50, 1000} {
		for _, outer := range []int{0, 1, 23, 24, 25, 30} { // names of the object around it
			text := members(outer, "o") + `"in":{` + members(n, "m")
			got, err := strictjson.Parse("{" + text + `"last":1},"o-after":1}`)
			require.NoError(t, err)
			require.Len(t, got, outer+2)
			for _, again := range []int{0, n / 2, n - 1} {
				_, err = strictjson.Parse("{" + text + fmt.Sprintf(`"m%d":1}}`, again))
				require.ErrorContains(t, err, fmt.Sprintf(`duplicate member "m%d"`, again))
			}
			if outer > 0 {
				_, err = strictjson.Parse("{" + text + fmt.Sprintf(`"last":1},"o%d":1}`, outer-1))
				require.ErrorContains(t, err, fmt.Sprintf(`duplicate member "o%d"`, outer-1))
			}
		}
	}
}

func TestMaxMembers(t *testing.T) {
	for _, format := range []string{"{%s}", `{"a":{%s}}`, `{"a":[{"b":{%s}}]}`} {
		most := strings.TrimSuffix(members(strictjson.MaxMembers, ""), ",")
		_, err := strictjson.Parse(fmt.Sprintf(format, most))
		require.NoError(t, err)
		_, err = strictjson.Parse(fmt.Sprintf(format, most+`,"x":1`))
		require.ErrorContains(t, err, ": more than 16384 members")
	}
}

func members(n int, prefix string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"%s%d":1,`, prefix, i)
	}
	return b.String()
}

// Sixteen times as much takes about sixteen times as long, and not 256 times.
func TestLinear(t *testing.T) {
	for name, text := range map[string]func(n int) string{
		"members":          func(n int) string { return "{" + members(n, "") + `"x":1}` },
		"members, deeper":  func(n int) string { return `{"a":{` + members(n, "") + `"x":1}}` },
		"items":            func(n int) string { return `{"a":[` + strings.Repeat("0,", n) + "0]}" },
		"objects":          func(n int) string { return `{"a":[` + strings.Repeat(`{"a":1,"b":2},`, n) + "0]}" },
		"escapes":          func(n int) string { return `{"a":"` + strings.Repeat(`\u0061`, n) + `"}` },
		"small in the big": func(n int) string { return "{" + members(n/2, "") + `"x":[` + strings.Repeat(`{"a":1},`, n/2) + "0]}" },
	} {
		t.Run(name, func(t *testing.T) {
			const n = 16_000
			full, part := text(n), text(n/16)
			took := func(text string) time.Duration {
				start := time.Now()
				_, err := strictjson.Parse(text)
				require.NoError(t, err)
				return time.Since(start)
			}
			// The best of some tries of each in turn counts, of as many as it takes: the
			// machine may be busy.
			bestFull, bestPart := took(full), took(part)
			for try := 1; try < 5 || bestFull > 64*bestPart && try < 200; try++ {
				bestFull, bestPart = min(bestFull, took(full)), min(bestPart, took(part))
			}
			require.LessOrEqual(t, bestFull, 64*bestPart)
		})
	}
}

// An object costs one list of members, and what is in it nothing, however deep it is.
func TestAllocations(t *testing.T) {
	for name, text := range map[string]string{
		"few members":  `{"a":1,"b":{"c":[{"d":2},{"e":3}]},"f":"g"}`,
		"many members": "{" + members(23, "a name that is long, ") + `"x":{` + members(23, "") + `"y":1}}`,
		"many objects": `{"a":[` + strings.Repeat(`{"a":1,"b":2},`, 1000) + "0]}",
		"deep":         strings.Repeat(`{"a":`, strictjson.MaxDepth) + "1" + strings.Repeat("}", strictjson.MaxDepth),
	} {
		t.Run(name, func(t *testing.T) {
			require.LessOrEqual(t, testing.AllocsPerRun(10, func() { _, _ = strictjson.Parse(text) }), 1.0)
		})
	}
}
