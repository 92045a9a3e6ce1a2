package parity

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/jwt/authconfig"
)

// aliasBomb is a document that is width to the power of levels long once its
// aliases are written out.
func aliasBomb(levels, width int) string { return document(nestedAliases("a", levels, width)...) }

// nestedAliases are fields, each a list of aliases of the one before.
func nestedAliases(value string, levels, width int) []string {
	fields := []string{"x0: &x0 " + value}
	for i := range levels {
		aliases := strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d, ", i), width), ", ")
		fields = append(fields, fmt.Sprintf("x%d: &x%d [%s]", i+1, i+1, aliases))
	}
	return fields
}

// longAliases is a document with a text of length bytes and aliases of it.
func longAliases(length, aliases int) string {
	rules := []string{"{expression: 'true', message: &m " + strings.Repeat("m", length) + "}"}
	for i := range aliases {
		rules = append(rules, fmt.Sprintf("{expression: '%d == %d', message: *m}", i, i))
	}
	return withRules(rules...)
}

// doubledAliases is a document that is 2 to the power of levels times length bytes long
// once its aliases are written out, with so many values beside them that the
// decoder does not find it strange.
func doubledAliases(levels, length int) string {
	plain := "plain: [" + numberedNames(3000) + "]"
	return document(append([]string{plain}, nestedAliases(strings.Repeat("m", length), levels, 2)...)...)
}

// TestAliases wants documents that are long only once their aliases are written
// out to be refused before that is done.
func TestAliases(t *testing.T) {
	const limit = 64 << 20 // bytes
	tests := []struct {
		name, text, want string
	}{
		{name: "a bomb", text: aliasBomb(9, 9), want: "authconfig: yaml: "},
		{name: "a bomb of pairs", text: aliasBomb(40, 2), want: "authconfig: yaml: "},
		{name: "few long ones", text: longAliases(100_000, 3000), want: "authconfig: yaml: more than 4194304 bytes once its aliases are written out"},
		{name: "pairs of long ones", text: doubledAliases(14, 1000), want: "authconfig: yaml: more than 4194304 bytes once its aliases are written out"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := authconfig.Decode([]byte(tt.text))
			runtime.ReadMemStats(&after)
			allocated := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d bytes, %d allocated", len(tt.text), allocated)
			require.ErrorContains(t, err, tt.want)
			require.Less(t, allocated, uint64(limit))
		})
	}
}
