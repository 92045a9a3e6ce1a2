package strictjson_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/strictjson"
)

// value returns the value of a member, which is how values come about.
func value(t *testing.T, text string) strictjson.Value {
	t.Helper()
	o, err := strictjson.Parse(`{"v": ` + text + ` }`)
	require.NoError(t, err)
	return o.Get("v")
}

func TestKinds(t *testing.T) {
	for text, want := range map[string][4]bool{ // missing, null, string, number
		"null": {false, true, false, false}, `""`: {false, false, true, false}, `"null"`: {false, false, true, false},
		"0": {false, false, false, true}, "-1": {false, false, false, true}, "true": {}, "{}": {}, "[]": {},
	} {
		v := value(t, text)
		require.Equal(t, want, [4]bool{v.Missing(), v.Null(), v.IsString(), v.IsNumber()}, text)
	}
	missing := strictjson.Object(nil).Get("v")
	require.Equal(t, [4]bool{true, true, false, false}, [4]bool{missing.Missing(), missing.Null(), missing.IsString(), missing.IsNumber()})
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{`""`: "", `"a"`: "a", `"\u0061\ud83d\ude00\n"`: "a😀\n", `"\u0000"`: "\x00", `"é"`: "é"} {
		got, err := value(t, text).Text()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"1", "null", "true", "{}", "[]", `["a"]`} {
		_, err := value(t, text).Text()
		require.EqualError(t, err, "not a string")
	}
	_, err := strictjson.Value("").Text()
	require.EqualError(t, err, "missing")
}

func TestTexts(t *testing.T) {
	for text, want := range map[string][]string{`[]`: {}, `["a"]`: {"a"}, ` [ "a" , "\u0062" , "" ] `: {"a", "b", ""}} {
		got, err := value(t, text).Texts()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for text, want := range map[string]string{
		`"a"`: "not a list", "null": "not a list", "{}": "not a list", "1": "not a list",
		`["a",1]`: "item 1 of the list is not a string", `[null]`: "item 0 of the list is not a string", `[["a"]]`: "item 0 of the list is not a string",
	} {
		_, err := value(t, text).Texts()
		require.EqualError(t, err, want, text)
	}
	_, err := strictjson.Value("").Texts()
	require.EqualError(t, err, "not a list")
}

func TestItems(t *testing.T) {
	for text, want := range map[string][]strictjson.Value{
		"[]": {}, "[ ]": {}, "[1]": {"1"}, `[ 1 , "," , [ 2 , 3 ] , { "a" : [ ] } , null ]`: {"1", `","`, "[ 2 , 3 ]", `{ "a" : [ ] }`, "null"},
	} {
		got, err := value(t, text).Items()
		require.NoError(t, err)
		require.ElementsMatch(t, want, got)
		for i := range want {
			require.Equal(t, want[i], got[i])
		}
	}
	for _, v := range []strictjson.Value{"", "{}", `"[]"`, "1", "null"} {
		_, err := v.Items()
		require.EqualError(t, err, "not a list")
	}
}

func TestObjectOf(t *testing.T) {
	got, err := value(t, ` {"a": 1} `).Object()
	require.NoError(t, err)
	require.Equal(t, strictjson.Object{{Name: "a", Value: "1"}}, got)
	for _, v := range []strictjson.Value{"", "[]", `"{}"`, "1", "null"} {
		_, err := v.Object()
		require.EqualError(t, err, "not an object")
	}
}

func TestBool(t *testing.T) {
	for text, want := range map[string]bool{"true": true, "false": false} {
		got, err := value(t, text).Bool()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, v := range []strictjson.Value{"", "null", `"true"`, "1", "0", "[true]"} {
		_, err := v.Bool()
		require.EqualError(t, err, "not true or false")
	}
}

func TestInt(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "-0.0": 0, "1": 1, "-1": -1, "1.9": 1, "-1.1": -2, "1e3": 1000, "1.5e1": 15, "1e-400": 0, "-1e-400": 0,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64, "9.2e18": 9.2e18, "9007199254740993": 9007199254740993,
	} {
		got, err := value(t, text).Int()
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"9223372036854775808", "1e19", "-1e19", "1e300", "-1e300", "1e400", "-1e400", "9.3e18"} {
		_, err := value(t, text).Int()
		require.EqualError(t, err, "out of range", text)
	}
	for _, v := range []strictjson.Value{"", "null", `"1"`, "true", "[1]", "{}"} {
		_, err := v.Int()
		require.EqualError(t, err, "not a number", v)
	}
}

func TestAppendString(t *testing.T) {
	for text, want := range map[string]string{
		"": `""`, "a": `"a"`, `"\/`: `"\"\\/"`, "\x00\n\x1f\x7f": `"\u0000\u000a\u001f` + "\x7f" + `"`,
		"é😀\u2028": `"é😀` + "\u2028" + `"`, "a\xffb": `"a` + "\ufffd" + `b"`, "<&>": `"<&>"`,
	} {
		got := strictjson.AppendString([]byte("x"), text)
		require.Equal(t, "x"+want, string(got))
	}
}

// Whatever is appended is read back by everybody as it was.
func TestAppendStrings(t *testing.T) {
	for _, list := range [][]string{{}, {""}, {"a"}, {"a", "b\"c", "é\n"}} {
		want, err := json.Marshal(list)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(strictjson.AppendStrings(nil, list)))
	}
	require.Equal(t, `x["a","b"]`, string(strictjson.AppendStrings([]byte("x"), []string{"a", "b"})))
}

func FuzzAppendString(f *testing.F) {
	for _, seed := range []string{"", "a", `"\`, "\x00\xff", "\ud7ff😀", "</script>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := string(strictjson.AppendString(nil, s))
		var want string
		require.NoError(t, json.Unmarshal(strictjson.AppendString(nil, s), &want))
		got, err := value(t, text).Text()
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestItemsUpTo(t *testing.T) {
	for _, tt := range []struct {
		value strictjson.Value
		n     int
		want  int
		err   string
	}{
		{"[]", 0, 0, ""},
		{"[1]", 0, 0, "more than 0"},
		{"[1,2]", 2, 2, ""},
		{"[1,[2,2,2],3]", 2, 0, "more than 2"},
		{"{}", 2, 0, "not a list"},
	} {
		items, err := tt.value.ItemsUpTo(tt.n)
		if tt.err != "" {
			require.EqualError(t, err, tt.err, string(tt.value))
			continue
		}
		require.NoError(t, err, string(tt.value))
		require.Len(t, items, tt.want, string(tt.value))
	}
	zeros := strictjson.Value("[" + strings.Repeat("0,", 500_000) + "0]")
	allocs := testing.AllocsPerRun(10, func() { _, _ = zeros.ItemsUpTo(256) })
	require.LessOrEqual(t, allocs, 8.0, "a long list costs what the limit does")
}

func TestAny(t *testing.T) {
	for text, want := range map[strictjson.Value]any{
		`null`: nil, `true`: true, `false`: false, `""`: "", `"a\u0062"`: "ab", `0`: 0.0, `-1.5e2`: -150.0, `123456789012345678`: 123456789012345678.0,
		`[]`: []any{}, `[1,"a",[null]]`: []any{1.0, "a", []any{nil}}, `{}`: map[string]any{}, `{"a":{"b":[true]},"A":1}`: map[string]any{"a": map[string]any{"b": []any{true}}, "A": 1.0},
	} {
		got, err := text.Any()
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[strictjson.Value]string{``: "missing", `1e400`: "a number out of range", `[[1e400]]`: "a number out of range", `{"a":{"b":-1e999}}`: "a number out of range"} {
		_, err := text.Any()
		require.EqualError(t, err, want, text)
	}
}
