package bearer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/bearer"
)

// Every byte, at every place of texts of all lengths up to three words.
func TestNotVisible(t *testing.T) {
	for n := range 25 {
		for _, other := range []string{"!", "a", "~"} {
			text := strings.Repeat(other, n)
			require.Equal(t, -1, bearer.NotVisible(text))
			for i := range n {
				for c := range 256 {
					want := -1
					if c <= ' ' || c > '~' {
						want = i
					}
					if got := bearer.NotVisible(text[:i] + string([]byte{byte(c)}) + text[i+1:]); got != want {
						require.Equal(t, want, got, "%q at %d of %d", byte(c), i, n)
					}
				}
			}
		}
	}
	require.Equal(t, 3, bearer.NotVisible("abc\x00\xffdefgh\x7f"), "the first of several")
}
